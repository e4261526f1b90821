"""What is known of lists: which are sets, which are maps by key, and by what key; Kubernetes' own are built in."""

from __future__ import annotations

from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from bot.engine.diff.builtin_lists import LISTS
from bot.model.resources import group_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.model.resources import JsonObject

ElementKey = tuple[Any, ...]

ANY: Final = "*"
"""Stands for a mapping's keys that are no fields of a type, as an object's labels are."""
_METADATA: Final = "ObjectMeta"
_DEFAULT_KEYS: Final = {"protocol": "TCP"}
"""Keys that a manifest may leave to the server, with Kubernetes' own defaults."""


class Field(NamedTuple):
    """What is known of one field of a type."""

    below: str
    """The type it leads to; empty when nothing below it is known."""
    keys: tuple[str, ...] | None
    """How a list's elements are told apart: by these fields, by their values (none), or by position alone (None)."""


Types: TypeAlias = "Mapping[str, Mapping[str, Field]]"
"""By type: its fields that are such a list, or that lead to a type with one."""
NO_TYPES: Final[Types] = MappingProxyType({})
_UNKNOWN: Final = Field("", None)


def type_of(obj: JsonObject) -> str:
    """Return what a whole object's type is called here."""
    return f"{group_of(str(obj.get('apiVersion', '')))}/{obj.get('kind', '')}"


def is_custom(obj: JsonObject) -> bool:
    """Whether an object's lists may be known to its API server alone."""
    kind = type_of(obj)
    return "." in kind and kind not in _types()


def field_of(holder: str, name: str, custom: Types = NO_TYPES) -> Field:
    """Return what is known of a field; of custom kinds that is their metadata, and what `custom` says."""
    if name == "metadata" and holder and "." not in holder.rpartition("/")[2]:
        return Field(_METADATA, None)
    fields = _types().get(holder) or custom.get(holder, {})
    return fields.get(name) or fields.get(ANY, _UNKNOWN)


def element_key(element: Any, keys: tuple[str, ...]) -> ElementKey | None:
    """Return what tells an element apart in its list; None for one without the key."""
    if not keys:
        return None if isinstance(element, (dict, list)) else (type(element), element)
    if not isinstance(element, dict):
        return None
    found = tuple(element.get(key, _DEFAULT_KEYS.get(key)) for key in keys)
    return None if any(value is None or isinstance(value, (dict, list)) for value in found) else found


def by_key(elements: list[Any], keys: tuple[str, ...]) -> dict[ElementKey, Any] | None:
    """Return a list's elements by key; None when some has none, or shares it with another."""
    found: dict[ElementKey, Any] = {}
    for element in elements:
        key = element_key(element, keys)
        if key is None or key in found:
            return None
        found[key] = element
    return found


@cache
def _types() -> dict[str, dict[str, Field]]:
    types: dict[str, dict[str, Field]] = {}
    fields: dict[str, Field] = {}
    for word in LISTS.split():
        name, sign, rest = word.partition("=")
        if not sign:
            fields = types.setdefault(word, {})
            continue
        below, bracket, keys = rest.partition("[")
        names = tuple(key for key in keys.rstrip("]").split(",") if key)
        fields[name] = Field(below, names if bracket else None)
    return types
