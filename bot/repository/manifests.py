"""YAML and JSON files as Kubernetes' own tools read them, within bounds: hostile input costs little and breaks nothing.

libyaml's events are put together here: PyYAML's own composer overflows the stack on deep nesting, and calls numbers and
booleans what it thinks they are.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

import yaml
from yaml.reader import ReaderError

from bot.errors import Rejected
from bot.repository import scalars
from bot.repository.scalars import plain

DEEPEST: Final = 200
"""Levels of nesting; JSON writers stop at about 250, and no Kubernetes schema comes near."""
MOST_NODES: Final = 1_000_000
"""Scalars, lists and mappings of one file with every alias expanded."""
_FREE_NODES: Final = 10_000
_GREATEST_GROWTH: Final = 100
_LONG_TEXT: Final = 256
_TEXT_NODE: Final = 64
"""Characters of a long text that count as one more node: aliases to long texts grow a file as well."""

_SCALAR: Final = yaml.ScalarEvent
_MAPPING_START: Final = yaml.MappingStartEvent
_MAPPING_END: Final = yaml.MappingEndEvent
_SEQUENCE_END: Final = yaml.SequenceEndEvent


class Document(NamedTuple):
    """One document of a file."""

    line: int
    """Where it starts, from 1."""
    value: Any


def read(content: bytes, name: str, *, last_wins: bool = False) -> list[Document]:
    """Return the documents of a YAML (or JSON) file, empty ones left out.

    Raises Rejected, beginning with the file's name and line, for what `sigs.k8s.io/yaml` refuses and besides for
    nesting deeper than DEEPEST, aliases that expand beyond MOST_NODES, and duplicate keys, unless the `last_wins`, as
    it does with `sigs.k8s.io/yaml`: in what a program printed nobody can mend them.
    """
    if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        # As apimachinery's YAMLOrJSONDecoder: what begins like JSON is JSON if it can be; tabs are fine in it.
        try:
            return [Document(1, _json(content))]
        except (ValueError, RecursionError):
            pass
    return _Reader(content, name, last_wins=last_wins).documents()


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
    """What is wrong, in words, and the event at which it shows."""

    def __init__(self, words: str, event: Any) -> None:
        super().__init__(words)
        self.line: int = event.start_mark.line + 1


class _Anchored(NamedTuple):
    value: Any
    nodes: int
    complete: bool


class _Reader:
    """Puts the documents of one file together from libyaml's events."""

    def __init__(self, content: bytes, name: str, *, last_wins: bool) -> None:
        self._content = content
        self._name = name
        self._last_wins = last_wins
        self._next: Callable[[], Any] = yaml.CSafeLoader(content).get_event
        self._end: Any = None
        """The event that ended the last collection."""
        self._depth = 0
        self._anchors: dict[str, _Anchored] = {}
        self._nodes = 0
        self._expanded = 0

    def documents(self) -> list[Document]:
        try:
            return list(self._documents())
        except ReaderError as error:
            line = self._content[: error.position].count(b"\n") + 1
            raise Rejected(f"{self._name}: line {line}: {error.reason}") from error
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            raise Rejected(f"{self._name}: line {mark.line + 1 if mark else 1}: {error.problem}") from error
        except _Wrong as error:
            raise Rejected(f"{self._name}: line {error.line}: {error}") from error

    def _documents(self) -> Iterator[Document]:
        self._next()  # the stream's start
        while type(start := self._next()) is not yaml.StreamEndEvent:
            self._anchors.clear()
            value = self._node(self._next())
            self._next()  # the document's end
            if value is not None:
                yield Document(start.start_mark.line + 1, value)

    def _node(self, event: Any) -> Any:
        """Return the value that begins with `event`."""
        kind = type(event)
        if kind is _SCALAR:
            return self._scalar(event)
        if kind is yaml.AliasEvent:
            return self._alias(event)
        anchor, before = event.anchor, self._nodes
        self._nodes += 1
        if anchor is not None:
            self._anchors[anchor] = _Anchored(None, 0, complete=False)
        if self._depth >= DEEPEST:
            raise _Wrong(f"nested deeper than {DEEPEST} levels", event)
        self._depth += 1
        value = self._mapping() if kind is _MAPPING_START else self._sequence()
        self._depth -= 1
        if anchor is not None:
            self._anchors[anchor] = _Anchored(value, self._nodes - before, complete=True)
        return value

    def _scalar(self, event: Any) -> scalars.Scalar:
        text: str = event.value
        if event.anchor is not None or event.tag is not None or len(text) >= _LONG_TEXT:
            return self._rare_scalar(event)
        self._nodes += 1
        try:
            return plain(text) if event.implicit[0] else text
        except ValueError as error:
            raise _Wrong(str(error), event) from error

    def _rare_scalar(self, event: Any) -> scalars.Scalar:
        """Return a scalar that is long, or has a tag or an anchor."""
        text: str = event.value
        tag: str | None = event.tag
        value: scalars.Scalar = text
        self._nodes += 1 if len(text) < _LONG_TEXT else 1 + len(text) // _TEXT_NODE
        try:
            if tag is not None and tag != "!":
                value = scalars.tagged(tag, text)
            elif event.implicit[0]:
                value = plain(text)
        except ValueError as error:
            raise _Wrong(str(error), event) from error
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchored(value, 1 + len(text) // _TEXT_NODE, complete=True)
        return value

    def _mapping(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        merged: set[str] = set()  # keys that only a merge has given; a key of the mapping's own may replace them
        # Nearly all that is in a file passes here, so names are looked up once.
        take, scalar, node = self._next, self._scalar, self._node
        while type(event := take()) is not _MAPPING_END:
            key = scalar(event) if type(event) is _SCALAR else node(event)
            if type(key) is not str or key in found or key == "<<":
                if key == "<<" and type(event) is _SCALAR and event.implicit[0]:
                    merged |= self._merge(found)
                    continue
                key = self._rare_key(key, event)
                if key in found and key not in merged and not self._last_wins:
                    raise _Wrong(f"the key {key!r} is there twice", self._shown_at(event))
                merged.discard(key)
            event = take()
            found[key] = scalar(event) if type(event) is _SCALAR else node(event)
        self._end = event
        return found

    def _sequence(self) -> list[Any]:
        found: list[Any] = []
        take, node = self._next, self._node
        while type(event := take()) is not _SEQUENCE_END:
            found.append(node(event))
        self._end = event
        return found

    def _rare_key(self, key: Any, event: Any) -> str:
        """Return a key that need not be text, or for which something else is to be looked at, as text."""
        if type(key) is str:
            return key
        try:
            untagged = type(event) is _SCALAR and event.tag is None
            return scalars.plain_key(event.value) if untagged else scalars.key_of(key)
        except ValueError as error:
            raise _Wrong(str(error), self._shown_at(event)) from error

    def _merge(self, found: dict[str, Any]) -> set[str]:
        """Merge what comes into `found` and return the keys that are new in it.

        As go-yaml v2: over what stands before `<<`, and of several mappings the first wins.
        """
        event = self._next()
        value = self._node(event)
        parts = value if isinstance(value, list) else [value]
        if not all(isinstance(part, dict) for part in parts):
            raise _Wrong("<< needs a mapping or a list of mappings", self._shown_at(event))
        new: set[str] = set()
        for part in reversed(parts):
            new |= part.keys() - found.keys()
            found.update(part)
        return new

    def _alias(self, event: Any) -> Any:
        found = self._anchors.get(event.anchor)
        if found is None:
            raise _Wrong("an alias (*…) to an anchor that is not there; a text that begins with * needs quotes", event)
        if not found.complete:
            raise _Wrong("an alias (*…) stands in the value of its own anchor", event)
        self._nodes += found.nodes
        self._expanded += found.nodes
        written = self._nodes - self._expanded
        if self._nodes > MOST_NODES or self._expanded > max(_FREE_NODES, _GREATEST_GROWTH * written):
            raise _Wrong("its aliases expand to too much", event)
        return found.value

    def _shown_at(self, event: Any) -> Any:
        """Return the event that shows where a value is: its own, or the end of a collection that it began."""
        return self._end if isinstance(event, yaml.CollectionStartEvent) else event
