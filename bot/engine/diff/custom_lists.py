"""Which lists of a custom resource are sets or maps, as the schema says that its API server has of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bot.engine.diff.schema import ANY, Field

if TYPE_CHECKING:
    from bot.engine.diff.schema import Types
    from bot.model.resources import JsonObject

_LIST_TYPE: Final = "x-kubernetes-list-type"
_MAP_KEYS: Final = "x-kubernetes-list-map-keys"
_DEEPEST: Final = 64
"""Fields within each other; the API server refuses objects that are nested much deeper."""


def lists_in(schema: JsonObject, kind: str) -> Types:
    """Return the types of a structural schema that have such a list or lead to one; `kind` names the first of them.

    Nothing is taken from a schema that is written in another way than the API server writes it.
    Source: https://kubernetes.io/docs/reference/using-api/server-side-apply/#custom-resources-and-server-side-apply
    """
    types: dict[str, dict[str, Field]] = {}
    _define(types, kind, schema, depth=0)
    return types


def _define(types: dict[str, dict[str, Field]], name: str, schema: JsonObject, *, depth: int) -> bool:
    """Note what is known of a mapping's fields; whether that is anything."""
    if depth > _DEEPEST:
        return False
    members = [(field, _mapping(below)) for field, below in _mapping(schema.get("properties")).items()]
    if others := _mapping(schema.get("additionalProperties")):
        members.append((ANY, others))
    fields: dict[str, Field] = {}
    for field, below in members:
        keys, within = _keys(below), f"{name}.{field}"
        leads = _define(types, within, _mapping(below.get("items")) or below, depth=depth + 1)
        if keys is not None or leads:
            fields[field] = Field(within if leads else "", keys)
    if fields:
        types[name] = fields
    return bool(fields)


def _keys(schema: JsonObject) -> tuple[str, ...] | None:
    """Return how a list's elements are told apart; None where that is by their places."""
    match schema.get(_LIST_TYPE), schema.get(_MAP_KEYS):
        case "set", _:
            return ()
        case "map", [*keys] if keys and all(isinstance(key, str) for key in keys):
            return tuple(keys)
    return None


def _mapping(value: Any) -> JsonObject:
    return value if isinstance(value, dict) else {}
