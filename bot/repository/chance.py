"""What of a render is left to chance or to the moment: found by making it twice, and held one against the other."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

from bot.model.resources import JsonObject, metadata_of

Pointer: TypeAlias = "list[str | int]"
"""Names of fields and positions in lists, from an object's root; an empty one stands for all of the object."""

FUNCTIONS: Final = frozenset(
    """ago bcrypt encryptAES genCA genCAWithKey genPrivateKey genSelfSignedCert genSelfSignedCertWithKey genSignedCert
    genSignedCertWithKey htpasswd keys now randAlpha randAlphaNum randAscii randBytes randInt randNumeric shuffle uuidv4
    values""".split()  # noqa: SIM905 - a table, not code
)
"""Functions of Helm's templates that give something else each time; `keys` and `values` in any order."""
_MOST: Final = 50
"""Places that are kept of one object; one with more is called different as a whole."""
_OPENING: Final = b"{{"
_END: Final = b"}}"
_LONGEST: Final = 2_000
"""Bytes of an action that are looked at; a longer one may do anything."""
_COMMENT: Final = re.compile(rb"-?\s*/\*")
_FUNCTION: Final = re.compile(rb"(?<![\w.$-])(?:" + "|".join(sorted(FUNCTIONS)).encode() + rb")(?![\w-])")
_CLOCK: Final = re.compile(rb'"(?:\\.|[^"\\])*"|`[^`]*`|(?<![\w.$-])now(?![\w-])', re.DOTALL)
_ANOTHER_DAY: Final = b"(toDate `2006-01-02` `2001-02-03`)"


class Made(NamedTuple):
    """What a tool has made of a source."""

    objects: list[JsonObject]
    varying: dict[int, list[Pointer]]
    """By an object's position: where it is another each time."""


def varying(objects: Sequence[JsonObject], again: Iterable[JsonObject]) -> dict[int, list[Pointer]]:
    """Return where objects are not what the same source was rendered to a second time."""
    others: dict[tuple[str, ...], list[JsonObject]] = defaultdict(list)
    for obj in again:
        others[_identity(obj)].append(obj)
    found: dict[int, list[Pointer]] = {}
    for position, obj in enumerate(objects):
        alike = others[_identity(obj)]
        places = list(_differences(obj, alike.pop(0))) if alike else [[]]
        if places:
            found[position] = places if len(places) <= _MOST else [[]]
    return found


def may_differ(files: Iterable[Path]) -> bool:
    """Whether a chart names a function that gives something else each time, or may do so where nobody looks."""
    return any(path.suffix == ".tgz" or any(map(_is_drawn, _parts(path)[1:])) for path in files)


def turned_clock(files: Iterable[Path]) -> bool:
    """Have a chart's templates take another day for the present one; False when they never ask.

    Two renders a moment apart tell the same time. What is in archives is left as it is.
    """
    turned = False
    for path in files:
        parts = _parts(path)
        changed = [*parts[:1], *map(_turned, parts[1:])]
        if changed != parts:
            path.write_bytes(_OPENING.join(changed))
            turned = True
    return turned


def _parts(path: Path) -> list[bytes]:
    """Split a file where actions begin; the first part is none."""
    return [b""] if path.name == "NOTES.txt" else path.read_bytes().split(_OPENING)


def _is_drawn(part: bytes) -> bool:
    action, end, _ = part.partition(_END)
    if not end or _COMMENT.match(action):
        return False
    return len(action) > _LONGEST or _FUNCTION.search(action) is not None


def _turned(part: bytes) -> bytes:
    action, end, rest = part.partition(_END)
    if not end or b"now" not in action or len(action) > _LONGEST or _COMMENT.match(action):
        return part
    return _CLOCK.sub(lambda word: _ANOTHER_DAY if word[0] == b"now" else word[0], action) + end + rest


def _identity(obj: JsonObject) -> tuple[str, ...]:
    metadata = metadata_of(obj)
    named = (obj.get("apiVersion"), obj.get("kind"), *(metadata.get(one) for one in ("namespace", "name")))
    return tuple(map(str, named))


def _differences(one: Any, other: Any) -> Iterator[Pointer]:
    waiting: list[tuple[Any, Any, Pointer]] = [(one, other, [])]
    while waiting:
        left, right, at = waiting.pop()
        if isinstance(left, dict) and isinstance(right, dict):
            waiting += [(left.get(name), right.get(name), [*at, name]) for name in {**left, **right}]
        elif isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
            waiting += [(*pair, [*at, index]) for index, pair in enumerate(zip(left, right, strict=True))]
        elif type(left) is not type(right) or left != right:
            yield at
