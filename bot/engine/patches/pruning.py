"""What server-side apply takes away of an object: the fields that its manager owned and no longer applies.

The server does so itself, but for fields that were handed over it would have to be told by a write of its own; this
foresees it. As structured-merge-diff `merge/update.go` (prune): what nobody owns goes with what it stands in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from bot.engine.diff.equality import same
from bot.model.resources import metadata_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.model.resources import JsonObject


@dataclass
class Pruned:
    """An object as applying leaves it when its manager had been given the fields of others before."""

    obj: JsonObject
    doubtful: bool = False
    """Whether an empty list went that stays where the schema calls its elements owned apart; nothing here knows."""

    @classmethod
    def of(cls, applied: JsonObject, given: JsonObject, *, manager: str, manifest: JsonObject) -> Pruned:
        """Take out of `applied`, which is what applying `manifest` leaves without the hand-over, what goes after it.

        `given` is the patch of `hand_over`. `obj` is `applied` itself when nothing goes. Fields of another version of
        the API have other names, and stay.
        """
        pruned = cls(applied)
        owned = next((entry for entry in _entries(given) if _is_applied(entry, manager)), {})
        if owned.get("apiVersion") == applied.get("apiVersion"):
            left = [_fields(entry) for entry in _entries(given) if entry is not owned]
            now = [_fields(entry) for entry in _entries(applied) if _is_applied(entry, manager)]
            pruned.obj = pruned._mapping(applied, _fields(owned), [*now, *left, _applied_unsaid(manifest)])
        return pruned

    # An owner's `{}` may mean a place with all that is in it, or the place alone. Where the last applier had something
    # of its own within, the place is one whose parts are owned apart, and it means the latter.

    def _mapping(self, obj: JsonObject, last: JsonObject, owners: Sequence[JsonObject]) -> JsonObject:
        for name, below in last.items():
            field = name.removeprefix("f:")
            if not name.startswith("f:") or field not in obj:
                continue
            known = [owner[name] for owner in owners if name in owner]
            if not known:
                self.doubtful = self.doubtful or obj[field] == []
                obj = {key: value for key, value in obj.items() if key != field}
            elif below:
                within = self._within(obj[field], below, known)
                if within is not obj[field]:  # what is emptied by removing goes itself, also where `{}` is applied
                    rest = {key: value for key, value in obj.items() if key != field}
                    obj = {**obj, field: within} if within else rest
        return obj

    def _within(self, value: Any, last: JsonObject, owners: Sequence[JsonObject]) -> Any:
        if isinstance(value, dict):
            return self._mapping(value, last, owners)
        return self._elements(value, last, owners) if isinstance(value, list) else value

    def _elements(self, elements: list[Any], last: JsonObject, owners: Sequence[JsonObject]) -> list[Any]:
        for name, below in last.items():
            at = position(elements, name)
            if at is None:
                continue
            known = [owner[name] for owner in owners if name in owner]
            if not known:
                elements = [*elements[:at], *elements[at + 1 :]]
            elif below and isinstance(elements[at], dict):
                within = self._mapping(elements[at], below, known)
                if within is not elements[at]:
                    elements = [*elements[:at], within, *elements[at + 1 :]]
        return elements


def _applied_unsaid(manifest: JsonObject) -> JsonObject:
    """Return what a manifest applies that is noted of no owner: an object's name, and what `stringData` becomes."""
    named: JsonObject = {"f:metadata": {"f:name": {}}}
    texts = manifest.get("stringData")
    if manifest.get("kind") != "Secret" or not isinstance(texts, dict):
        return named
    return {**named, "f:data": {f"f:{name}": {} for name in texts}}


def position(elements: list[Any], name: str) -> int | None:
    """Return where the element stands that a FieldsV1 path element names."""
    if not name.startswith(("k:", "v:")):
        return None
    selector = orjson.loads(name[2:])
    for index, element in enumerate(elements):
        if name.startswith("v:"):
            found = same(element, selector)
        else:
            found = isinstance(element, dict) and all(same(element.get(key), value) for key, value in selector.items())
        if found:
            return index
    return None


def _entries(obj: JsonObject) -> list[JsonObject]:
    return [entry for entry in metadata_of(obj).get("managedFields") or [] if isinstance(entry, dict)]


def _is_applied(entry: JsonObject, manager: str) -> bool:
    return entry.get("manager") == manager and entry.get("operation") == "Apply" and not entry.get("subresource")


def _fields(entry: JsonObject) -> JsonObject:
    fields = entry.get("fieldsV1")
    return fields if isinstance(fields, dict) else {}
