"""libyaml's events of one document, less what it takes and go-yaml, which Kubernetes' tools read with, does not."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from typing import Any, Final

import yaml
from yaml._yaml import CParser

_SLASH: Final = re.compile(r"(?:[^\\]|\\[^/])*\\/", re.DOTALL)


_MARK_INSIDE: Final = re.compile(rb"(?:\n|\r|\xc2\x85|\xe2\x80[\xa8\xa9])\xef\xbb\xbf")
"""At the start of a line libyaml skips what go-yaml takes for a character, and nobody sees."""
_ESCAPE: Final = re.compile(r"\\.", re.DOTALL)
_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)


class WrongError(Exception):
    """What is wrong, in words, and the line of the document at which it shows, from 0."""

    def __init__(self, words: str, line: int) -> None:
        super().__init__(words)
        self.line = line

    @classmethod
    def at(cls, event: Any, words: str) -> WrongError:
        """Return the error that shows at an event."""
        return cls(words, event.start_mark.line)


def may_differ(content: bytes) -> bool:
    """Tell whether libyaml may take something in a file that go-yaml does not: asked once a file, few have any."""
    return (
        (b"\\" in content and b"\\/" in content)
        or ((b"?" in content or (b"!" in content and b"," in content)) and (b"[" in content or b"{" in content))
        or (b"\xef\xbb" in content and codecs.BOM_UTF8 in content)
    )


def checked(piece: bytes) -> Callable[[], Any]:
    """Return what gives one event of a document after the other, as `CParser.get_event`; raises WrongError."""
    if mark := _MARK_INSIDE.search(piece):
        raise WrongError("a byte order mark stands within the file", piece.count(b"\n", 0, mark.end()))
    return _Checked(piece).event


def with_plain_apostrophes(piece: bytes, error: yaml.MarkedYAMLError) -> bytes | None:
    r"""Return a document with that quoted text mended at which libyaml broke off; None when something else is wrong.

    go-yaml takes `\'` in double quotes.
    """
    if error.problem != "found unknown escape character" or error.context_mark is None:
        return None
    mark = codecs.BOM_UTF8 if piece.startswith(codecs.BOM_UTF8) else b""
    text = piece.removeprefix(mark).decode(errors="surrogateescape")
    start = error.context_mark.index
    quoted = _QUOTED.match(text, start)
    if quoted is None:
        return None
    better = _ESCAPE.sub(lambda found: "'" if found[0] == "\\'" else found[0], quoted[0])
    if better == quoted[0]:
        return None
    return mark + (text[:start] + better + text[quoted.end() :]).encode(errors="surrogateescape")


class _Checked:
    def __init__(self, piece: bytes) -> None:
        self._take: Callable[[], Any] = CParser(piece).get_event
        self._text = piece.decode(errors="replace").removeprefix("\ufeff")
        self._flows = 0
        """Collections in brackets or braces that are open."""

    def event(self) -> Any:
        event = self._take()
        kind = type(event)
        if kind is yaml.ScalarEvent:
            self._check(event)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._flows += bool(self._flows or event.flow_style)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._flows -= bool(self._flows)
        return event

    def _check(self, event: Any) -> None:
        end = event.end_mark.index
        if event.style == '"':
            if _SLASH.match(self._text[event.start_mark.index : end]):
                raise WrongError.at(event, "\\/ is an escape of JSON only")
        elif self._flows and event.style != "'":
            if "?" in event.value:
                raise WrongError.at(event, "a text with a ? needs quotes in [] and {}")
            if event.tag and not event.value and self._text[end : end + 1] == ",":
                raise WrongError.at(event, "a comma behind a tag needs a space before it")
