"""Take out of two states of an object the fields that some managers own and in which the two differ.

Ownership is read from the live object's `managedFields`; a field that only one of the two has stays.
Source: argo-cd `util/argo/managedfields/managed_fields.go`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from bot.engine.diff.equality import same
from bot.model.resources import metadata_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from bot.model.resources import JsonObject


def without_managed(
    one: JsonObject, other: JsonObject, *, live: JsonObject, managers: Collection[str]
) -> tuple[JsonObject, JsonObject]:
    """Return two states less what `managers` own in `live` and the two have different values for."""
    for entry in metadata_of(live).get("managedFields") or []:
        if isinstance(entry, dict) and entry.get("manager") in managers and isinstance(entry.get("fieldsV1"), dict):
            one, other = _mappings(one, other, entry["fieldsV1"])
    return one, other


def without_owned(obj: JsonObject, *, live: JsonObject, managers: Collection[str]) -> JsonObject:
    """Return an object less every field that `managers` own in `live`; the very same when they own none."""
    for entry in metadata_of(live).get("managedFields") or []:
        if isinstance(entry, dict) and entry.get("manager") in managers and isinstance(entry.get("fieldsV1"), dict):
            obj = _less_owned(obj, entry["fieldsV1"])
    return obj


def _less_owned(obj: JsonObject, fields: JsonObject) -> JsonObject:
    for owned, below in fields.items():
        name = owned[2:]
        if not owned.startswith("f:") or name not in obj:
            continue
        value = obj[name]
        if _is_leaf(below):
            obj = _less(obj, name)
        elif isinstance(value, dict):
            obj = {**obj, name: _less_owned(value, below)}
        elif isinstance(value, list):
            obj = {**obj, name: _elements_less_owned(value, below)}
    return obj


def _elements_less_owned(elements: list[Any], fields: JsonObject) -> list[Any]:
    for owned, below in fields.items():
        at = _position(elements, orjson.loads(owned[2:])) if owned.startswith("k:") else None
        if at is not None and not _is_leaf(below):
            elements = _replaced(elements, at, _less_owned(elements[at], below))
    return elements


def _mappings(one: JsonObject, other: JsonObject, fields: JsonObject) -> tuple[JsonObject, JsonObject]:
    for owned, below in fields.items():
        name = owned[2:]
        if not owned.startswith("f:") or name not in one or name not in other:
            continue
        left, right = one[name], other[name]
        if _is_leaf(below) or type(left) is not type(right):
            if not same(left, right):
                one, other = _less(one, name), _less(other, name)
            continue
        new_left, new_right = _within(left, right, below)
        if new_left is not left:
            one, other = {**one, name: new_left}, {**other, name: new_right}
    return one, other


def _within(left: Any, right: Any, fields: JsonObject) -> tuple[Any, Any]:
    if isinstance(left, dict):
        return _mappings(left, right, fields)
    return _lists(left, right, fields) if isinstance(left, list) else (left, right)


def _lists(left: list[Any], right: list[Any], fields: JsonObject) -> tuple[list[Any], list[Any]]:
    for owned, below in fields.items():
        if not owned.startswith("k:") or _is_leaf(below):
            continue
        selector = orjson.loads(owned[2:])
        at, there = _position(left, selector), _position(right, selector)
        if at is None or there is None:
            continue
        new_left, new_right = _mappings(left[at], right[there], below)
        if new_left is not left[at]:
            left, right = _replaced(left, at, new_left), _replaced(right, there, new_right)
    return left, right


def _position(elements: list[Any], selector: Any) -> int | None:
    for index, element in enumerate(elements):
        if isinstance(element, dict) and all(same(element.get(key), value) for key, value in selector.items()):
            return index
    return None


def _is_leaf(fields: Any) -> bool:
    return not isinstance(fields, dict) or not fields or (len(fields) == 1 and "." in fields)


def _less(obj: JsonObject, name: str) -> JsonObject:
    return {key: value for key, value in obj.items() if key != name}


def _replaced(elements: list[Any], at: int, element: Any) -> list[Any]:
    return [*elements[:at], element, *elements[at + 1 :]]
