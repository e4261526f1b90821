"""YAML and JSON files as Kubernetes' own tools read them, within bounds: hostile input costs little and breaks nothing.

libyaml's events are put together here: PyYAML's own composer overflows the stack on deep nesting, and calls numbers and
booleans what it thinks they are.

Sources: apimachinery `pkg/util/yaml/decoder.go` (`YAMLOrJSONDecoder`, which kubectl and Argo CD's `kube.SplitYAML` read
with), `sigs.k8s.io/yaml`, `go.yaml.in/yaml/v2`.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

import yaml
from yaml._yaml import CParser
from yaml.reader import ReaderError

from bot.errors import Rejected
from bot.repository import jsontext, scalars
from bot.repository.jsontext import DEEPEST
from bot.repository.scalars import NUMBER_STARTS, WORDS, plain, plain_key
from bot.repository.yamlevents import WrongError, checked, may_differ, with_plain_apostrophes

MOST_NODES: Final = 1_000_000
"""Scalars, lists and mappings of one file with every alias expanded."""
_FREE_NODES: Final = 1_000
_FREE_ALIASED: Final = 100
_LARGE, _HUGE = 400_000, 4_000_000
_LONG_TEXT: Final = 256
_TEXT_NODE: Final = 64
"""Characters of a long text that count as one more node: aliases to long texts grow a file as well."""
_LOOKED_AT: Final = 4096
"""Bytes in which the brace has to stand that makes a file JSON."""
_LIKE_JSON: Final = re.compile(rb"(?:[\t-\r ]|\xc2[\x85\xa0])*\{")

_MOST_MENDED: Final = 50
"""Texts of one document that are mended; each has it read again from its start."""
_NO_SEPARATOR: Final = "what stands here is no part of the document before, and needs a line --- before it"
_NO_START: Final = "did not find expected <document start>"
"""What libyaml says where a directive has no document: in its piece there is none."""
_NO_DIRECTIVES: Final = "Kubernetes' tools know no lines like %YAML"
_COMMENT: Final = re.compile(r"\s*(?:#|$)")
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

    What begins like JSON is JSON as far as it can be, and tabs are fine in it. All else is cut at its `---` lines; each
    piece is one document. A byte order mark may say UTF-16.

    Raises Rejected, beginning with the file's name and line, for what Kubernetes' tools refuse, and besides for nesting
    deeper than DEEPEST, aliases that expand beyond MOST_NODES, duplicate keys, and what follows a document in its
    piece. With `last_wins` the last of those keys counts and the rest of the piece is passed over, in silence as those
    tools do it: in what a program printed nobody can mend either.
    """
    content = _as_utf8(content, name)
    documents: list[Document] = []
    line = 1
    if _LIKE_JSON.match(content, 0, _LOOKED_AT) and (text := _text(content)) is not None:
        stream = jsontext.read(text, name, last_wins=last_wins)
        documents = [Document(*value) for value in stream.values if value.value is not None]
        content, line = stream.rest.encode(), stream.line
    reader = _Reader(name, checked if may_differ(content) else _unchecked, last_wins=last_wins)
    for start, piece in _pieces(content, line, name):
        document = reader.document(piece, start)
        if document is not None:
            documents.append(document)
    return documents


def read_json(content: bytes, name: str) -> list[Document]:
    """Return the one value of a JSON file; Rejected names the file and line."""
    return [Document(1, jsontext.one_value(_as_utf8(content, name), name))]


def _as_utf8(content: bytes, name: str) -> bytes:
    """Return a file without its byte order mark, as Argo CD has it by `utfutil`."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            return content.decode("utf-16").encode()
        except UnicodeDecodeError as error:
            raise Rejected(f"{name}: its byte order mark says UTF-16, but: {error.reason}") from error
    return content.removeprefix(codecs.BOM_UTF8)


def _text(content: bytes) -> str | None:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None  # the YAML reader tells where


def _pieces(content: bytes, line: int, name: str) -> Iterator[tuple[int, bytes]]:
    """Yield what stands between `---` lines, each with the line at which it starts; `line` is that of the content.

    As apimachinery's `YAMLReader`: it ends every line, has only comments behind `---`, and keeps such a line where
    nothing stands before it.
    """
    if b"\r" in content:
        content = content.replace(b"\r\n", b"\n")
    line -= 1
    buffered = True
    for part in (b"\n" + content.removesuffix(b"\n")).split(b"\n---"):
        behind, line_end, piece = part.partition(b"\n")
        if behind and not _COMMENT.match(behind.decode(errors="replace")):
            raise Rejected(f"{name}: line {line}: --- needs a line of its own")
        if not buffered:
            yield line, b"---" + part + b"\n"
        elif piece:
            yield line + 1, piece + b"\n"
        buffered = not buffered or bool(line_end)
        line += part.count(b"\n") + 1


def _unchecked(piece: bytes) -> Callable[[], Any]:
    return CParser(piece).get_event


class _Anchored(NamedTuple):
    value: Any
    nodes: int
    complete: bool = True
    scalar: Any = None
    """The event, where it is one: as a key it may mean something else than as a value."""


class _Reader:
    """Puts the documents of one file together from libyaml's events."""

    def __init__(self, name: str, events: Callable[[bytes], Callable[[], Any]], *, last_wins: bool) -> None:
        self._name = name
        self._events = events
        self._last_wins = last_wins
        self._next: Callable[[], Any]
        self._end: Any = None
        """The event that ended the last collection."""
        self._depth = 0
        self._anchors: dict[str, _Anchored] = {}
        self._nodes = 0
        """Of this document, and how many of them are in what aliases stand for."""
        self._expanded = 0
        self._before = 0
        """Nodes of the documents before."""

    def document(self, piece: bytes, line: int, *, mended: int = 0) -> Document | None:
        """Return the document that a piece holds, None when it is empty; `line` is where the piece starts."""
        try:
            return self._document(piece, line)
        except ReaderError as error:
            line += piece[: error.position].count(b"\n")
            raise Rejected(f"{self._name}: line {line}: {error.reason}") from error
        except yaml.MarkedYAMLError as error:
            if mended < _MOST_MENDED and (better := with_plain_apostrophes(piece, error)) is not None:
                return self.document(better, line, mended=mended + 1)
            mark: Any = error.problem_mark or error.context_mark
            words = _NO_DIRECTIVES if error.problem == _NO_START else error.problem
            raise Rejected(f"{self._name}: line {line + (mark.line if mark else 0)}: {words}") from error
        except WrongError as error:
            raise Rejected(f"{self._name}: line {line + error.line}: {error}") from error

    def _document(self, piece: bytes, line: int) -> Document | None:
        self._before += self._nodes
        self._nodes, self._expanded = 1, 0  # the document itself is one
        self._anchors.clear()
        self._next = self._events(piece)
        self._next()  # the stream's start
        if type(self._next()) is yaml.StreamEndEvent:
            return None
        start = self._next()
        value = self._node(start)
        self._next()  # the document's end
        if not self._last_wins:
            self._refuse_more()
        return None if value is None else Document(line + start.start_mark.line, value)

    def _refuse_more(self) -> None:
        """Raise if anything stands behind the document, be it YAML or not."""
        try:
            behind = self._next()
        except yaml.MarkedYAMLError as error:
            mark: Any = error.problem_mark
            raise WrongError(_NO_SEPARATOR, mark.line) from error
        if type(behind) is not yaml.StreamEndEvent:
            raise WrongError.at(behind, _NO_SEPARATOR)

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
            raise WrongError.at(event, f"nested deeper than {DEEPEST} levels")
        self._depth += 1
        value = self._mapping() if kind is _MAPPING_START else self._sequence()
        self._depth -= 1
        if anchor is not None:
            self._anchors[anchor] = _Anchored(value, self._nodes - before)
        return value

    def _scalar(self, event: Any) -> scalars.Scalar:
        text: str = event.value
        if event.anchor is not None or event.tag is not None or len(text) >= _LONG_TEXT:
            self._note(event)
            return self._meaning(event)
        self._nodes += 1
        if not event.implicit[0] or (text not in WORDS and text[0] not in NUMBER_STARTS):
            return text
        try:
            return plain(text)
        except ValueError as error:
            raise WrongError.at(event, str(error)) from error

    def _odd_key(self, event: Any) -> str:
        """Return a key that is long, or may be something else than text."""
        text: str = event.value
        if len(text) >= _LONG_TEXT:
            self._nodes += len(text) // _TEXT_NODE
        try:
            return plain_key(text) if event.implicit[0] else text
        except ValueError as error:
            raise WrongError.at(event, str(error)) from error

    def _rare_key(self, event: Any) -> str:
        """Return a key that is an alias, or has a tag or an anchor; raise for a collection."""
        scalar = event
        if type(event) is _SCALAR:
            self._note(event)
        elif type(event) is yaml.AliasEvent:
            scalar = self._aliased(event).scalar
        else:
            self._node(event)
        if type(scalar) is not _SCALAR:
            raise WrongError.at(self._shown_at(event), scalars.NO_KEY)
        try:
            if scalar.tag is not None:
                return scalars.tagged_key(scalar.tag, scalar.value)
            return plain_key(scalar.value) if scalar.implicit[0] else str(scalar.value)
        except ValueError as error:
            raise WrongError.at(self._shown_at(event), str(error)) from error

    def _note(self, event: Any) -> None:
        """Count a scalar that is long, or has a tag or an anchor, and remember its anchor."""
        extra = len(event.value) // _TEXT_NODE
        self._nodes += 1 + (extra if len(event.value) >= _LONG_TEXT else 0)
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchored(None, 1 + extra, scalar=event)

    def _meaning(self, event: Any) -> scalars.Scalar:
        text: str = event.value
        try:
            if event.tag is not None:
                return scalars.tagged(event.tag, text)
            return plain(text) if event.implicit[0] else text
        except ValueError as error:
            raise WrongError.at(event, str(error)) from error

    def _mapping(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        merged: set[str] = set()  # keys that only a merge has given; a key of the mapping's own may replace them
        # Nearly all that is in a file passes here, so names are looked up once.
        take, scalar, node = self._next, self._scalar, self._node
        while type(event := take()) is not _MAPPING_END:
            key: str
            if type(event) is not _SCALAR or event.anchor is not None or event.tag is not None:
                key = self._rare_key(event)
            else:
                self._nodes += 1
                key = event.value
                if len(key) >= _LONG_TEXT or (event.implicit[0] and (key in WORDS or key[0] in NUMBER_STARTS)):
                    key = self._odd_key(event)
            if key in found or key == "<<":
                if key == "<<" and _is_merge(event):
                    merged |= self._merge(found)
                    continue
                if key in found and key not in merged and not self._last_wins:
                    raise WrongError.at(self._shown_at(event), f"the key {key!r} is there twice")
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

    def _merge(self, found: dict[str, Any]) -> set[str]:
        """Merge what comes into `found` and return the keys that are new in it.

        As go-yaml v2: over what stands before `<<`, and of several mappings the first wins.
        """
        event = self._next()
        value = self._node(event)
        parts = value if isinstance(value, list) and type(event) is not yaml.AliasEvent else [value]
        if not all(isinstance(part, dict) for part in parts):
            raise WrongError.at(self._shown_at(event), "<< needs a mapping or a list of mappings")
        new: set[str] = set()
        for part in reversed(parts):
            new |= part.keys() - found.keys()
            found.update(part)
        return new

    def _alias(self, event: Any) -> Any:
        found = self._aliased(event)
        return found.value if found.scalar is None else self._meaning(found.scalar)

    def _aliased(self, event: Any) -> _Anchored:
        found = self._anchors.get(event.anchor)
        if found is None:
            raise WrongError.at(
                event, "an alias (*…) to an anchor that is not there; a text that begins with * needs quotes"
            )
        if not found.complete:
            raise WrongError.at(event, "an alias (*…) stands in the value of its own anchor")
        self._nodes += 1 + found.nodes
        self._expanded += found.nodes
        if self._before + self._nodes > MOST_NODES or _too_much(self._expanded, self._nodes):
            raise WrongError.at(event, "its aliases expand to too much")
        return found

    def _shown_at(self, event: Any) -> Any:
        """Return the event that shows where a value is: its own, or the end of a collection that it began."""
        return self._end if isinstance(event, yaml.CollectionStartEvent) else event


def _is_merge(event: Any) -> bool:
    return type(event) is _SCALAR and (event.implicit[0] or event.tag == "tag:yaml.org,2002:merge")


def _too_much(expanded: int, nodes: int) -> bool:
    """Tell whether too much of a document is in what its aliases stand for: go-yaml's own measure (`decode.go`)."""
    if nodes <= _FREE_NODES or expanded <= _FREE_ALIASED:
        return False
    share = (min(max(nodes, _LARGE), _HUGE) - _LARGE) / (_HUGE - _LARGE)
    return expanded / nodes > 0.99 - 0.89 * share
