"""Single values in YAML files, found with their place and exchanged byte for byte: nothing else in a file moves."""

from __future__ import annotations

import codecs
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from bot.errors import Rejected
from bot.model.updates import Edit, Way

LARGEST: Final = 2 * 1024 * 1024
"""Bytes of a file that is looked into; Kubernetes itself keeps no object as large."""
_DEEPEST: Final = 100
_MOST_EVENTS: Final = 500_000
_WRITTEN: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._+/@:-]{0,510}[A-Za-z0-9._+-])?")
"""What is ever written: tags, digests, versions and references need no escape in any style."""
_NO_TEXT: Final = re.compile(
    r"[-+.]?[0-9][0-9a-fA-F_]*\.?[0-9a-fA-F_]*(?:[eE][-+]?[0-9]+)?|0[xob][0-9a-fA-F_]+|[0-9_]+(?::[0-9_.]+)+|[0-9-]+(?:[tT].*)?"
    r"|(?i:y|n|yes|no|on|off|true|false|null)"
)
"""What some reader of YAML takes for a number, a time, yes or nothing when it has no quotes."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A value where it stands."""

    document: int
    way: Way
    value: str
    start: int
    """Of the value with its quotes, in characters of the text behind a byte order mark."""
    end: int
    style: str
    """`'`, `"`, or empty for none."""
    refusal: str = ""
    """Why it is not to be exchanged; empty: it may be."""


def scalars(content: bytes) -> list[Scalar]:
    """Return every value of a file that is no key, in order; Rejected when it is not YAML, or too much of it.

    An alias is no value: it stands where its anchor does.
    """
    if len(content) > LARGEST:
        raise Rejected(f"it has more than {LARGEST >> 20} MiB")
    try:
        return list(_Reader(_text(content)).scalars())
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise Rejected("it is not YAML" + (f" (line {mark.line + 1})" if mark is not None else "")) from error


def edited(content: bytes, edits: Iterable[Edit]) -> bytes:
    """Return a file with values exchanged and every other byte as it was.

    Raises Rejected when a value is not there any more, is another one, or cannot be exchanged alone.
    """
    found: dict[tuple[int, Way], Scalar] = {(one.document, one.way): one for one in scalars(content)}
    text, spots = _text(content), list[tuple[int, int, str]]()
    for edit in edits:
        scalar = found.get((edit.document, edit.way))
        if scalar is None or scalar.value != edit.old:
            raise Rejected(f"{edit.path} has changed: {shown(edit.way)} is not {edit.old!r} any more")
        if scalar.refusal:
            raise Rejected(f"{edit.path}: {shown(edit.way)} {scalar.refusal}")
        spots.append((scalar.start, scalar.end, _written(scalar.style, edit.new)))
    pieces, behind = list[str](), 0
    for start, end, new in sorted(spots):
        pieces += (text[behind:start], new)
        behind = end
    mark = content[: len(content) - len(content.removeprefix(codecs.BOM_UTF8))]
    return mark + "".join([*pieces, text[behind:]]).encode()


def shown(way: Way) -> str:
    """Return a way as people write it: `images[0].newTag`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in way).removeprefix(".")


def _text(content: bytes) -> str:
    try:
        return content.removeprefix(codecs.BOM_UTF8).decode()
    except UnicodeDecodeError as error:
        raise Rejected("it is not UTF-8 text") from error


def _written(style: str, value: str) -> str:
    if not _WRITTEN.fullmatch(value):
        raise Rejected(f"{value[:200]!r} is not written into a file")
    if style:
        return f"{style}{value}{style}"
    return f'"{value}"' if _NO_TEXT.fullmatch(value) else value


@dataclass(slots=True)
class _Level:
    """A mapping or list that is open."""

    way: Way
    mapping: bool
    key: str | None = None
    """Of a mapping, the key whose value comes next."""
    position: int = 0
    keys: set[str] = field(default_factory=set)


class _Reader:
    """Goes through libyaml's events once, without recursion."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._levels: list[_Level] = []
        self._document = -1
        self._skipped = 0
        """Collections that are open within a key."""

    def scalars(self) -> Iterator[Scalar]:
        for count, event in enumerate(yaml.parse(self._text, Loader=yaml.CSafeLoader)):
            if count > _MOST_EVENTS or len(self._levels) + self._skipped > _DEEPEST:
                raise Rejected("it holds more, or deeper, than any file that people write")
            if isinstance(event, yaml.DocumentStartEvent):
                self._document += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                self._close()
            elif isinstance(event, yaml.NodeEvent):
                yield from self._node(event)

    def _node(self, event: yaml.NodeEvent) -> Iterator[Scalar]:
        if not self._skipped and self._is_key():
            self._take_key(event)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._open(event)
        elif not self._skipped:
            way = self._next_way()
            if isinstance(event, yaml.ScalarEvent):
                yield self._scalar(event, way)

    def _is_key(self) -> bool:
        return bool(self._levels) and self._levels[-1].mapping and self._levels[-1].key is None

    def _take_key(self, event: yaml.NodeEvent) -> None:
        level = self._levels[-1]
        level.key = event.value if isinstance(event, yaml.ScalarEvent) else ""
        if level.key in level.keys and level.key != "<<":
            raise Rejected(f"it has the key {level.key[:100]!r} twice at {shown(level.way) or 'its root'}")
        level.keys.add(level.key)
        self._skipped += isinstance(event, yaml.CollectionStartEvent)

    def _open(self, event: yaml.CollectionStartEvent) -> None:
        if self._skipped:
            self._skipped += 1
        else:
            self._levels.append(_Level(self._next_way(), isinstance(event, yaml.MappingStartEvent)))

    def _close(self) -> None:
        if self._skipped:
            self._skipped -= 1
        else:
            self._levels.pop()

    def _next_way(self) -> Way:
        """Return where the node that comes now is, and go on behind it."""
        if not self._levels:
            return ()
        level = self._levels[-1]
        if level.mapping:
            step: str | int = level.key or ""
            level.key = None
        else:
            step = level.position
            level.position += 1
        return (*level.way, step)

    def _scalar(self, event: Any, way: Way) -> Scalar:
        start, end, style = event.start_mark.index, event.end_mark.index, event.style or ""
        return Scalar(self._document, way, event.value, start, end, style, _refusal(event, self._text[start:end]))


def _refusal(event: Any, written: str) -> str:
    if event.anchor:
        return "has an anchor: it is a value elsewhere, too"
    if event.tag:
        return "has a tag of YAML"
    if event.style in {"|", ">"} or "\n" in written or "\r" in written:
        return "goes over several lines"
    return "" if written else "is empty"


def siblings(found: Iterable[Scalar]) -> dict[tuple[int, Way], dict[str | int, Scalar]]:
    """Return the values of each mapping and list, by its document and way and by the last steps of their ways."""
    together: defaultdict[tuple[int, Way], dict[str | int, Scalar]] = defaultdict(dict)
    for one in found:
        if one.way:
            together[one.document, one.way[:-1]][one.way[-1]] = one
    return together
