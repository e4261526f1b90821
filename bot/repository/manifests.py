"""YAML and JSON files as Kubernetes' own tools read them, within bounds: hostile input costs little and breaks nothing.

libyaml's events are put together here, without recursion: PyYAML's own composer overflows the stack on deep nesting.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any, Final, NamedTuple, Protocol

import yaml
from yaml.reader import ReaderError

from bot.errors import Rejected
from bot.repository import scalars

DEEPEST: Final = 200
"""Levels of nesting; JSON writers stop at about 250, and no Kubernetes schema comes near."""
MOST_NODES: Final = 1_000_000
"""Scalars, lists and mappings of one file with every alias expanded."""
_FREE_NODES: Final = 10_000
_GREATEST_GROWTH: Final = 100
_LONG_TEXT: Final = 256
_TEXT_NODE: Final = 64
"""Characters of a long text that count as one more node: aliases to long texts grow a file as well."""


class Document(NamedTuple):
    """One document of a file."""

    line: int
    """Where it starts, from 1."""
    value: Any


def read(content: bytes, name: str) -> list[Document]:
    """Return the documents of a YAML (or JSON) file, empty ones left out.

    Raises Rejected, beginning with the file's name and line, for what `sigs.k8s.io/yaml` refuses and besides for
    duplicate keys, nesting deeper than DEEPEST and aliases that expand beyond MOST_NODES.
    """
    if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        # As apimachinery's YAMLOrJSONDecoder: what begins like JSON is JSON if it can be; tabs are fine in it.
        try:
            return [Document(1, _json(content))]
        except (ValueError, RecursionError):
            pass
    return _Reader(content, name).documents()


def read_json(content: bytes, name: str) -> list[Document]:
    """Return the one value of a JSON file; Rejected names the file and line."""
    try:
        return [Document(1, _json(content))]
    except json.JSONDecodeError as error:
        raise Rejected(f"{name}: line {error.lineno}: {error.msg}") from error
    except RecursionError:
        raise Rejected(f"{name}: nested deeper than {DEEPEST} levels") from None
    except ValueError as error:
        raise Rejected(f"{name}: {error}") from error


def _json(content: bytes) -> Any:
    value = json.loads(
        content.decode("utf-8-sig"),
        object_pairs_hook=_unique,
        parse_int=_json_integer,
        parse_float=lambda text: scalars.json_float(float(text)),
        parse_constant=_no_constant,
    )
    _refuse_deep(value)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"the key {twice!r} is there twice")
    return found


def _json_integer(text: str) -> int | float:
    return scalars.json_integer(int(text)) if len(text) < _TEXT_NODE else float(text)


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} is not JSON")


def _refuse_deep(value: Any) -> None:
    level, depth = [value], 0
    while level:
        level = [
            child
            for one in level
            if isinstance(one, (dict, list))
            for child in (one.values() if isinstance(one, dict) else one)
        ]
        depth += 1
        if depth > DEEPEST:
            raise RecursionError


class _Wrong(Exception):  # noqa: N818 - never leaves this module
    """What is wrong, in words; the reader adds where."""


class _Frame(Protocol):
    """A collection that is being filled."""

    value: Any
    anchor: str | None
    started: int
    """How many nodes there were before it."""

    def put(self, value: Any, event: Any) -> None:
        """Take the next value."""


class _Root:
    """A document."""

    __slots__ = ("anchor", "started", "value")

    def __init__(self) -> None:
        self.value: Any = None
        self.anchor: str | None = None
        self.started = 0

    def put(self, value: Any, _event: Any) -> None:
        self.value = value


class _Sequence:
    __slots__ = ("anchor", "put", "started", "value")

    def __init__(self, anchor: str | None, started: int) -> None:
        self.value: list[Any] = []
        self.anchor = anchor
        self.started = started
        self.put: Callable[[Any, Any], None] = lambda value, _event: self.value.append(value)


class _Mapping:
    __slots__ = ("anchor", "key", "merged", "merging", "started", "value", "waiting")

    def __init__(self, anchor: str | None, started: int) -> None:
        self.value: dict[str, Any] = {}
        self.anchor = anchor
        self.started = started
        self.key = ""
        self.waiting = False
        """Whether a key was read and its value is next."""
        self.merging = False
        self.merged: set[str] = set()
        """Keys that only a merge has given; a key of the mapping's own may replace them."""

    def put(self, value: Any, event: Any) -> None:
        if not self.waiting:
            self._take_key(value, event)
            return
        self.waiting = False
        if self.merging:
            self._merge(value)
            return
        self.value[self.key] = value

    def _take_key(self, value: Any, event: Any) -> None:
        self.waiting = True
        self.merging = value == "<<" and type(event) is yaml.ScalarEvent and event.implicit[0]
        if self.merging:
            return
        key = value if type(value) is str else _key(value, event)
        if key in self.value and key not in self.merged:
            raise _Wrong(f"the key {key!r} is there twice")
        self.merged.discard(key)
        self.key = key

    def _merge(self, value: Any) -> None:
        """Merge as go-yaml v2: over what stands before `<<`, and of several mappings the first wins."""
        parts = value if isinstance(value, list) else [value]
        if not all(isinstance(part, dict) for part in parts):
            raise _Wrong("<< needs a mapping or a list of mappings")
        for part in reversed(parts):
            self.merged |= part.keys() - self.value.keys()
            self.value.update(part)


def _key(value: Any, event: Any) -> str:
    try:
        untagged = type(event) is yaml.ScalarEvent and event.tag is None
        return scalars.plain_key(event.value) if untagged else scalars.key_of(value)
    except ValueError as error:
        raise _Wrong(str(error)) from error


class _Anchored(NamedTuple):
    value: Any
    nodes: int
    complete: bool


class _Reader:
    """Puts the documents of one file together from libyaml's events."""

    def __init__(self, content: bytes, name: str) -> None:
        self._content = content
        self._name = name
        self._frame: _Frame = _Root()
        self._stack: list[_Frame] = []
        self._anchors: dict[str, _Anchored] = {}
        self._nodes = 0
        self._expanded = 0
        self._line = 0
        self._documents: list[Document] = []

    def documents(self) -> list[Document]:
        take = {
            yaml.ScalarEvent: self._scalar,
            yaml.MappingStartEvent: self._mapping,
            yaml.MappingEndEvent: self._end,
            yaml.SequenceStartEvent: self._sequence,
            yaml.SequenceEndEvent: self._end,
            yaml.AliasEvent: self._alias,
            yaml.DocumentStartEvent: self._start_document,
            yaml.DocumentEndEvent: self._end_document,
        }
        event: Any = None
        try:
            parser = yaml.CSafeLoader(self._content)
            parser.get_event()  # the stream's start
            while type(event := parser.get_event()) is not yaml.StreamEndEvent:
                take[type(event)](event)
        except ReaderError as error:
            line = self._content[: error.position].count(b"\n") + 1
            raise Rejected(f"{self._name}: line {line}: {error.reason}") from error
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            raise Rejected(f"{self._name}: line {mark.line + 1 if mark else 1}: {error.problem}") from error
        except _Wrong as error:
            raise Rejected(f"{self._name}: line {event.start_mark.line + 1}: {error}") from error
        return self._documents

    def _scalar(self, event: Any) -> None:
        text: str = event.value
        tag: str | None = event.tag
        value: scalars.Scalar = text
        self._nodes += 1 if len(text) < _LONG_TEXT else 1 + len(text) // _TEXT_NODE
        try:
            if tag is not None and tag != "!":
                value = scalars.tagged(tag, text)
            elif event.implicit[0]:
                value = scalars.plain(text)
        except ValueError as error:
            raise _Wrong(str(error)) from error
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchored(value, 1 + len(text) // _TEXT_NODE, complete=True)
        self._frame.put(value, event)

    def _mapping(self, event: Any) -> None:
        self._open(_Mapping(event.anchor, self._nodes))

    def _sequence(self, event: Any) -> None:
        self._open(_Sequence(event.anchor, self._nodes))

    def _open(self, frame: _Frame) -> None:
        self._nodes += 1
        if frame.anchor is not None:
            self._anchors[frame.anchor] = _Anchored(None, 0, complete=False)
        if len(self._stack) >= DEEPEST:
            raise _Wrong(f"nested deeper than {DEEPEST} levels")
        self._stack.append(self._frame)
        self._frame = frame

    def _end(self, event: Any) -> None:
        done = self._frame
        self._frame = self._stack.pop()
        if done.anchor is not None:
            self._anchors[done.anchor] = _Anchored(done.value, self._nodes - done.started, complete=True)
        self._frame.put(done.value, event)

    def _alias(self, event: Any) -> None:
        found = self._anchors.get(event.anchor)
        if found is None:
            raise _Wrong(f"there is no anchor {event.anchor!r}")
        if not found.complete:
            raise _Wrong(f"the value of anchor {event.anchor!r} contains itself")
        self._nodes += found.nodes
        self._expanded += found.nodes
        written = self._nodes - self._expanded
        if self._nodes > MOST_NODES or self._expanded > max(_FREE_NODES, _GREATEST_GROWTH * written):
            raise _Wrong("its aliases expand to too much")
        self._frame.put(found.value, event)

    def _start_document(self, event: Any) -> None:
        self._anchors.clear()
        self._stack.clear()
        self._frame = _Root()
        self._line = event.start_mark.line + 1

    def _end_document(self, _event: Any) -> None:
        if self._frame.value is not None:
            self._documents.append(Document(self._line, self._frame.value))
