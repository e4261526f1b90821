"""Places in an object: read from JSON pointers or from jq, and taken out without touching the object itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Path: TypeAlias = "Sequence[Any]"
"""Names of fields, and positions in lists: numbers from jq, text from a pointer, negative ones from the end."""

_BAD_ESCAPE: Final = re.compile(r"~(?![01])")
_POSITION: Final = re.compile(r"-?(?:0|[1-9]\d{0,8})\Z")


def from_pointer(text: str) -> Path:
    """Read a JSON pointer (RFC 6901); ValueError says what is wrong with it."""
    if not text.startswith("/"):
        raise ValueError("a JSON pointer begins with /")
    if _BAD_ESCAPE.search(text):
        raise ValueError("~ is written ~0 in a JSON pointer, / is written ~1")
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in text[1:].split("/"))


def without(value: Any, path: Path) -> Any:
    """Return `value` less what stands at `path`; the very same value when nothing stands there."""
    if not path:
        return value
    if isinstance(value, dict):
        return _without_field(value, path[0], path[1:])
    return _without_element(value, path[0], path[1:]) if isinstance(value, list) else value


def without_all(value: Any, paths: Iterable[Path]) -> Any:
    """Return `value` less everything at `paths`; all describe `value` as it is, in any order (jq's `delpaths`)."""
    settled = {step for path in paths for step in _settled(value, path)}
    for path in sorted(settled, key=_place, reverse=True):
        value = without(value, path)
    return value


def changed_fields(before: Any, after: Any, at: str = "") -> Iterator[str]:
    """Yield the fields in which two objects differ, `spec.template.spec.containers`; a list is one."""
    if before == after:
        return
    if not isinstance(before, dict) or not isinstance(after, dict):
        yield at
        return
    for name in dict.fromkeys([*before, *after]):
        below = f"{at}.{name}" if at else str(name)
        if name in before and name in after:
            yield from changed_fields(before[name], after[name], below)
        else:
            yield below


def _without_field(obj: dict[str, Any], name: Any, rest: Path) -> dict[str, Any]:
    if not isinstance(name, str) or name not in obj:
        return obj
    if not rest:
        return {key: below for key, below in obj.items() if key != name}
    below = without(obj[name], rest)
    return obj if below is obj[name] else {**obj, name: below}


def _without_element(elements: list[Any], part: Any, rest: Path) -> list[Any]:
    at = _position(elements, part)
    if at is None:
        return elements
    if not rest:
        return [*elements[:at], *elements[at + 1 :]]
    below = without(elements[at], rest)
    return elements if below is elements[at] else [*elements[:at], below, *elements[at + 1 :]]


def _place(path: tuple[Any, ...]) -> list[tuple[str, int]]:
    """Return what sorts later elements of a list behind earlier ones, and what is within behind what it is within."""
    return [(part, 0) if isinstance(part, str) else ("", part) for part in path]


def _settled(value: Any, path: Path) -> list[tuple[Any, ...]]:
    """Return `path` with positions counted from the start, once for each element of a slice, if it leads anywhere."""
    if not path:
        return [()]
    head, rest = path[0], path[1:]
    if isinstance(value, list):
        return [(at, *below) for at in _positions(value, head) for below in _settled(value[at], rest)]
    if isinstance(value, dict) and isinstance(head, str) and head in value:
        return [(head, *below) for below in _settled(value[head], rest)]
    return []


def _positions(elements: list[Any], part: Any) -> Sequence[int]:
    if isinstance(part, dict):
        return range(len(elements))[slice(_whole(part.get("start")), _whole(part.get("end")))]
    at = _position(elements, part)
    return () if at is None else (at,)


def _position(elements: list[Any], part: Any) -> int | None:
    if isinstance(part, str):
        if not _POSITION.match(part):
            return None
        part = int(part)
    if isinstance(part, bool) or not isinstance(part, (int, float)):
        return None
    at = int(part) + (len(elements) if part < 0 else 0)
    return at if 0 <= at < len(elements) else None


def _whole(bound: Any) -> int | None:
    return int(bound) if isinstance(bound, (int, float)) else None
