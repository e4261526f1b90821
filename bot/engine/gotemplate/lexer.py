"""A template's text as tokens (Go `text/template/parse/lex.go`)."""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import Final, NamedTuple

from bot.engine.gotemplate.values import TemplateError


class Kind(Enum):
    """What a token is."""

    TEXT = auto()
    LEFT = auto()
    RIGHT = auto()
    SPACE = auto()
    ASSIGN = auto()
    DECLARE = auto()
    PIPE = auto()
    COMMA = auto()
    OPEN = auto()
    CLOSE = auto()
    STRING = auto()
    RAW = auto()
    CHARACTER = auto()
    NUMBER = auto()
    FIELD = auto()
    DOT = auto()
    VARIABLE = auto()
    WORD = auto()
    KEYWORD = auto()
    END = auto()


class Token(NamedTuple):
    """A piece of a template."""

    kind: Kind
    text: str
    position: int


KEYWORDS: Final = frozenset(
    {"block", "break", "continue", "define", "else", "end", "if", "nil", "range", "template", "with"}
)
_SPACES: Final = " \t\r\n"
_PIECES: Final = re.compile(
    r"""(?P<SPACE>[ \t\r\n]+)
    |(?P<DECLARE>:=)|(?P<ASSIGN>=)|(?P<PIPE>\|)|(?P<COMMA>,)|(?P<OPEN>\()|(?P<CLOSE>\))
    |(?P<STRING>"(?:\\[^\n]|[^"\\\n])*")|(?P<RAW>`[^`]*`)|(?P<CHARACTER>'(?:\\[^\n]|[^'\\\n])*')
    |(?P<NUMBER>(?=[-+0-9]|\.[0-9])[-+]?(?:
        0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][-+]?[0-9_]*)?
        |0[oO][0-7_]*|0[bB][01_]*
        |[0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9_]*)?))
    |(?P<FIELD>\.\w+)|(?P<DOT>\.)|(?P<VARIABLE>\$\w*)|(?P<WORD>\w+)""",
    re.VERBOSE,
)
_ENDS: Final = frozenset(" \t\r\n.,|:)(")
"""What may follow a name (`atTerminator`)."""
_NAMED: Final = frozenset({Kind.FIELD, Kind.DOT, Kind.VARIABLE, Kind.WORD})


def tokens(source: str) -> list[Token]:
    """Split a template; TemplateError says what is wrong and in which line."""
    return _Lexer(source).read()


def line_of(source: str, position: int) -> int:
    """Return the line a position is in, from 1."""
    return source.count("\n", 0, position) + 1


class _Lexer:
    def __init__(self, source: str) -> None:
        self._source = source
        self._position = 0
        self._found: list[Token] = []
        self._parentheses = 0

    def read(self) -> list[Token]:
        while self._text():
            self._action()
        self._found.append(Token(Kind.END, "", len(self._source)))
        return self._found

    def _text(self) -> bool:
        """Take the text up to the next action; return whether there is one."""
        while True:
            start = self._source.find("{{", self._position)
            text = self._source[self._position :] if start < 0 else self._source[self._position : start]
            trims = start >= 0 and self._trims_left(start + 2)
            text = text.rstrip(_SPACES) if trims else text
            if text:
                self._found.append(Token(Kind.TEXT, text, self._position))
            if start < 0:
                return False
            self._position = start + (4 if trims else 2)
            if not self._source.startswith("/*", self._position):
                self._found.append(Token(Kind.LEFT, "{{", start))
                self._parentheses = 0
                return True
            self._comment()

    def _comment(self) -> None:
        end = self._source.find("*/", self._position + 2)
        if end < 0:
            raise self._wrong("a comment is not closed")
        self._position = end + 2
        if not self._right():
            raise self._wrong("a comment ends before the closing }}")

    def _trims_left(self, position: int) -> bool:
        return self._source.startswith("-", position) and self._source[position + 1 : position + 2] in (*_SPACES,)

    def _right(self) -> bool:
        """Take a right delimiter, and the space that it trims; return whether there is one."""
        position = self._position
        trims = self._source[position : position + 1] in (*_SPACES,) and self._source.startswith("-}}", position + 1)
        if not trims and not self._source.startswith("}}", position):
            return False
        self._position = position + (4 if trims else 2)
        while trims and self._source[self._position : self._position + 1] in (*_SPACES,):
            self._position += 1
        return True

    def _action(self) -> None:
        while True:
            start = self._position
            if self._right():
                if self._parentheses:
                    raise self._wrong("a left parenthesis is not closed")
                self._found.append(Token(Kind.RIGHT, "}}", start))
                return
            self._piece(start)

    def _piece(self, start: int) -> None:
        found = _PIECES.match(self._source, start)
        if found is None:
            raise self._wrong(self._complaint(start))
        kind = Kind[str(found.lastgroup)]
        text = found.group()
        if kind is Kind.SPACE and self._source.startswith("-}}", found.end()):
            text = text[:-1]  # the last space belongs to the trimming delimiter
            if not text:
                return
        self._position = start + len(text)
        self._check(kind)
        if kind is Kind.WORD and text in KEYWORDS:
            kind = Kind.KEYWORD
        self._found.append(Token(kind, text, start))

    def _check(self, kind: Kind) -> None:
        following = self._source[self._position : self._position + 1]
        if kind in _NAMED and kind is not Kind.DOT and not (following in ("", *_ENDS) or self._at_end()):
            raise self._wrong(f"unexpected character {following!r} after a name")
        if kind is Kind.NUMBER and (following.isalnum() or following in ("_", "+", "-")):
            raise self._wrong("a number is misspelt")
        if kind is Kind.OPEN:
            self._parentheses += 1
        if kind is Kind.CLOSE:
            self._parentheses -= 1
            if self._parentheses < 0:
                raise self._wrong("unexpected right parenthesis")

    def _at_end(self) -> bool:
        return self._source.startswith("}}", self._position)

    def _complaint(self, start: int) -> str:
        following = self._source[start : start + 1]
        if not following:
            return "an action is not closed with }}"
        if following in "\"'`":
            return "a quoted text is not closed"
        return f"unexpected character {following!r} in an action"

    def _wrong(self, words: str) -> TemplateError:
        return TemplateError(f"line {line_of(self._source, self._position)}: {words}")
