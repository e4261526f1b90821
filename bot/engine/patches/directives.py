"""What a strategic merge patch says beside values, and how it names and orders the elements of lists.

https://github.com/kubernetes/community/blob/main/contributors/devel/sig-api-machinery/strategic-merge-patch.md
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

from bot.errors import Rejected

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.model.resources import JsonObject

PATCH: Final = "$patch"
DELETE: Final = "delete"
REPLACE: Final = "replace"
MERGE: Final = "merge"
RETAIN_KEYS: Final = "$retainKeys"
SET_ELEMENT_ORDER: Final = "$setElementOrder"
DELETE_FROM_PRIMITIVE_LIST: Final = "$deleteFromPrimitiveList"

Identity: TypeAlias = tuple[type, Any]
"""What an element is recognised by: JSON's `1` is neither `true` nor `"1"`."""


class Unmergeable(Rejected):
    """Client-side apply cannot make a patch of these states: `kubectl apply` fails here as well."""


def element_type(*lists: list[Any]) -> type:
    """Return the one type that all elements have; raises Unmergeable when they differ, or are lists themselves."""
    types = {type(element) for elements in lists for element in elements}
    if len(types) != 1 or types & {list, type(None)}:
        raise Unmergeable("the elements of a list that is merged must all be mappings or all be plain values")
    return types.pop()


def value_of(element: Any, merge_key: str) -> Any:
    """Return what an element is recognised by: its merge key's value, or a plain value itself."""
    if not merge_key and not isinstance(element, dict):
        return element
    if not isinstance(element, dict) or merge_key not in element:
        raise Unmergeable(f"an element of a list has no {merge_key!r}, by which the list is merged")
    return element[merge_key]


def identity(element: Any, merge_key: str) -> Identity:
    """Return an element's identity; raises Unmergeable when it has none."""
    value = value_of(element, merge_key)
    if isinstance(value, (dict, list)):
        raise Unmergeable(f"a list cannot be merged by {merge_key or 'its values'}: one is a mapping or a list")
    return type(value), value


def text_of(value: Any) -> str:
    """Return a plain value as Go prints it (`%v`): what elements are paired and sorted by."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "<nil>" if value is None else str(value)


def removal(merge_key: str, value: Any) -> JsonObject:
    """Return the element of a patch that deletes its namesake."""
    return {merge_key: value, PATCH: DELETE}


def is_removal(element: Any) -> bool:
    """Whether an element of a patch deletes its namesake."""
    return isinstance(element, dict) and element.get(PATCH) == DELETE


def positions(elements: Sequence[Any], merge_key: str) -> dict[Identity, int]:
    """Return where each element stands first."""
    found: dict[Identity, int] = {}
    for number, element in enumerate(elements):
        found.setdefault(identity(element, merge_key), number)
    return found


def in_order(elements: list[Any], order: list[Any], merge_key: str) -> list[Any]:
    """Return `elements` in the order of their namesakes in `order`, removals last."""
    places = positions(order, merge_key)
    staying = [element for element in elements if not (merge_key and is_removal(element))]
    leaving = [element for element in elements if merge_key and is_removal(element)]
    return sorted(staying, key=lambda element: places.get(identity(element, merge_key), -1)) + leaving
