"""Two patches made one: what is deleted and what is changed, in a single strategic merge patch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bot.engine.diff.equality import same
from bot.engine.patches.directives import (
    DELETE,
    DELETE_FROM_PRIMITIVE_LIST,
    MERGE,
    PATCH,
    REPLACE,
    RETAIN_KEYS,
    SET_ELEMENT_ORDER,
    Unmergeable,
    element_type,
    identity,
    in_order,
    positions,
)

if TYPE_CHECKING:
    from bot.engine.patches.schema import MergeField, MergeSchema
    from bot.model.resources import JsonObject

_NOTHING: Final = object()
"""Stands for a value that a directive has taken away."""


def combined(deletions: JsonObject, changes: JsonObject, schema: MergeSchema) -> JsonObject:
    """Return one patch that does what both do; the arguments are left as they are.

    As apimachinery's `mergeMap` without MergeParallelList. Raises Unmergeable when the two contradict each other, which
    only a manifest with directives of its own can bring about.
    """
    if PATCH in changes:
        return _directed(changes)
    patch, waiting = dict(deletions), dict(changes)
    _keep_retained(patch, waiting)
    for directive in [name for name in waiting if name.startswith(SET_ELEMENT_ORDER)]:
        _put_in_order(patch, waiting, directive, schema)
    for name, value in waiting.items():
        if name.startswith(DELETE_FROM_PRIMITIVE_LIST):
            patch[name] = value
        else:
            _put(patch, name, value, schema)
    return patch


def _directed(changes: JsonObject) -> JsonObject:
    """Follow a directive that the manifest itself holds."""
    if changes[PATCH] == REPLACE:
        return {name: value for name, value in changes.items() if name != PATCH}
    if changes[PATCH] == DELETE:
        return {}
    raise Unmergeable(f"{PATCH} is not {DELETE} or {REPLACE}")


def _keep_retained(patch: JsonObject, waiting: JsonObject) -> None:
    if RETAIN_KEYS in waiting:
        retained = waiting.pop(RETAIN_KEYS)
        if not same(patch.setdefault(RETAIN_KEYS, retained), retained):
            raise Unmergeable(f"deletions and changes retain different keys ({RETAIN_KEYS})")


def _put_in_order(patch: JsonObject, waiting: JsonObject, directive: str, schema: MergeSchema) -> None:
    """Combine the two lists that an order is told for, and sort what comes of it."""
    order = waiting.pop(directive)
    if not same(patch.setdefault(directive, order), order):
        raise Unmergeable(f"deletions and changes want different orders ({directive})")
    name = directive.removeprefix(SET_ELEMENT_ORDER).removeprefix("/")
    if any(not isinstance(value, list) for value in (order, patch.get(name, []), waiting.get(name, []))):
        raise Unmergeable(f"{directive} goes with lists only")
    deletions, changes = patch.get(name), waiting.pop(name, None)
    field = schema.field(name)
    _check_order(changes or [], order, field.merge_key)
    if changes is None:
        merged = deletions
    elif deletions is None:
        merged = _without_directives(changes)
    else:
        merged = _merged_lists(deletions, changes, field, schema)
    if merged is not None:
        patch[name] = _sorted(merged, (order, deletions or []), field.merge_key)


def _check_order(changes: list[Any], order: list[Any], merge_key: str) -> None:
    """Raise Unmergeable unless the elements that change stand in the order that is told."""
    names = iter([identity(element, merge_key) for element in order] if order else [])
    for element in changes:
        directed = isinstance(element, dict) and PATCH in element
        if order and not directed and identity(element, merge_key) not in names:
            raise Unmergeable(f"the order of a list's elements does not match its {SET_ELEMENT_ORDER}")


def _put(patch: JsonObject, name: str, value: Any, schema: MergeSchema) -> None:
    """Write one field of the changes over what the deletions say of it."""
    known = patch.get(name)
    if known is None or type(known) is not type(value) or not isinstance(value, (dict, list)):
        patch.pop(name, None)
        if (kept := _without_directives(value)) is not _NOTHING:
            patch[name] = kept
        return
    field = schema.field(name)
    if isinstance(value, list):
        patch[name] = _merged_lists(known, value, field, schema)
    elif field.strategy == REPLACE:
        patch[name] = value
    else:
        patch[name] = combined(known, value, schema.below(field))


def _merged_lists(deletions: list[Any], changes: list[Any], field: MergeField, schema: MergeSchema) -> list[Any]:
    if field.strategy != MERGE:
        return changes
    if not deletions and not changes:
        return deletions
    if element_type(deletions, changes) is not dict:
        merged = list({identity(value, ""): value for value in [*deletions, *changes]}.values())
    else:
        deletions, changes = _followed(deletions, changes, field.merge_key)
        merged = _merged_elements(deletions, changes, field.merge_key, schema.below(field))
    return _sorted(merged, (changes, deletions), field.merge_key)


def _followed(deletions: list[Any], changes: list[Any], merge_key: str) -> tuple[list[Any], list[Any]]:
    """Follow the directives that elements of the manifest itself hold; return both lists without them."""
    plain = [element for element in changes if PATCH not in element]
    for element in changes:
        if element.get(PATCH) == DELETE:
            gone = identity(element, merge_key)
            deletions = [other for other in deletions if identity(other, merge_key) != gone]
        elif element.get(PATCH, REPLACE) != REPLACE:
            raise Unmergeable(f"an element's {PATCH} is not {DELETE} or {REPLACE}")
    replaces = any(element.get(PATCH) == REPLACE for element in changes)
    return (plain, []) if replaces else (deletions, plain)


def _merged_elements(deletions: list[Any], changes: list[Any], merge_key: str, schema: MergeSchema) -> list[Any]:
    merged = list(deletions)
    places = positions(merged, merge_key)
    for element in changes:
        name = identity(element, merge_key)
        if name in places:
            merged[places[name]] = combined(merged[places[name]], element, schema)
        else:
            places[name] = len(merged)
            merged.append(element)
    return merged


def _sorted(merged: list[Any], orders: tuple[list[Any], list[Any]], merge_key: str) -> list[Any]:
    """Sort by the order that is wanted; what is not in it keeps, as far as can be, its place among what was before."""
    wanted, before = orders
    names = positions(wanted, merge_key)
    ours = in_order([element for element in merged if identity(element, merge_key) in names], wanted, merge_key)
    others = in_order([element for element in merged if identity(element, merge_key) not in names], before, merge_key)
    places = positions(before, merge_key)
    return _interleaved(others, ours, [places.get(identity(element, merge_key)) for element in [*others, *ours]])


def _interleaved(left: list[Any], right: list[Any], places: list[int | None]) -> list[Any]:
    """Take from both lists in turn, from `left` when its next element is known to stand before the next of `right`."""
    taken: list[Any] = []
    i = j = 0
    while i < len(left) and j < len(right):
        one, other = places[i], places[len(left) + j]
        if one is not None and other is not None and one < other:
            taken.append(left[i])
            i += 1
        else:
            taken.append(right[j])
            j += 1
    return taken + left[i:] + right[j:]


def _without_directives(value: Any) -> Any:
    """Take out every mapping below `value` that holds a directive of its own."""
    if isinstance(value, dict):
        if PATCH in value:
            return _NOTHING
        cleaned = {name: _without_directives(below) for name, below in value.items()}
        return {name: below for name, below in cleaned.items() if below is not _NOTHING}
    if isinstance(value, list):
        return [below for below in map(_without_directives, value) if below is not _NOTHING]
    return value
