"""How the fields of a built-in kind are merged: what a strategic merge patch has to know of the kind's schema."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.engine.patches.directives import Unmergeable

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class MergeField:
    """A field that may hold a mapping or a list."""

    below: str
    """Definition of the mapping, or of the list's elements."""
    strategy: str = ""
    """`merge`, `replace` or nothing: a mapping is then merged and a list replaced."""
    retain_keys: bool = False
    """Whether fields that the manifest does not name are cleared: members of a union (`$retainKeys`)."""
    merge_key: str = ""
    """The field by which elements of a merged list are recognised; empty in lists of plain values."""


@dataclass(frozen=True, slots=True)
class MergeSchema:
    """The fields of one definition, and of all it leads to; definitions may lead to themselves."""

    definitions: Mapping[str, Mapping[str, MergeField]]
    name: str

    def has(self, name: str) -> bool:
        """Whether the definition has a field that may hold a mapping or a list."""
        return name in self.definitions.get(self.name, {})

    def field(self, name: str) -> MergeField:
        """Return how a field is merged; raises Unmergeable when the definition has no such field."""
        found = self.definitions.get(self.name, {}).get(name)
        if found is None:
            raise Unmergeable(f"the API has no field {name!r} that could be merged in {self.name or 'this place'}")
        return found

    def below(self, field: MergeField) -> MergeSchema:
        """Return the schema of a field's value, or of its elements."""
        return MergeSchema(self.definitions, field.below)
