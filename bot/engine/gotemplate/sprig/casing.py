"""Words in one name: camelcase, snakecase, kebabcase (`github.com/huandu/xstrings` 1.5, `convert.go`)."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from enum import Enum, auto
from typing import NamedTuple

from bot.engine.gotemplate.values import SPACES


class _Kind(Enum):
    NONE = auto()
    NUMBER = auto()
    UPPER = auto()
    LETTERS = auto()
    CONNECTOR = auto()
    PUNCTUATION = auto()
    OTHER = auto()


class _Word(NamedTuple):
    kind: _Kind
    text: str


_END = _Word(_Kind.NONE, "")


def upper(text: str) -> str:
    """Write in upper case letter by letter, as `unicode.ToUpper`: what would become two letters stays."""
    return text.upper() if text.isascii() else "".join(_alone(letter, letter.upper()) for letter in text)


def lower(text: str) -> str:
    """Write in lower case letter by letter, as `unicode.ToLower`."""
    return text.lower() if text.isascii() else "".join(_alone(letter, letter.lower()) for letter in text)


def _alone(letter: str, other: str) -> str:
    return other if len(other) == 1 else letter


def camel(text: str) -> str:
    """Join words, each beginning upper case; connectors in front stay, of several in a row one goes."""
    body = text.lstrip("".join({letter for letter in text if _connects(letter)}))
    lead = text[: len(text) - len(body)]
    if not body:
        return text + text[-1:]  # as it is there: a lone connector comes out twice
    found = list(lead)
    was_upper = body[0].isupper()
    before = upper(body[0])
    for letter in body[1:]:
        if _connects(letter) and _connects(before):
            found.append(before)
            before = letter
            continue
        following = letter
        if _connects(before):
            was_upper = letter.isupper()
            following = upper(letter)
        else:
            if was_upper and letter.isupper():
                following = lower(letter)
            else:
                was_upper = False
            found.append(before)
        before = following
    return "".join([*found, before])


def connected(text: str, connector: str) -> str:
    """Write words in lower case with `connector` between them."""
    return _Connecting(text, connector).text() if text else ""


class _Connecting:
    def __init__(self, text: str, connector: str) -> None:
        self._rest = text
        self._connector = connector
        self._found: list[str] = []

    def text(self) -> str:
        word = self._next()
        while self._rest:
            if word.kind is not _Kind.CONNECTOR:
                self._add(word)
            word = self._after(word, self._next())
        self._add(word)
        return "".join(self._found)

    def _after(self, before: _Word, word: _Word) -> _Word:
        """Put in what belongs between two words, and return the word that is next."""
        match before.kind:
            case _Kind.NUMBER:
                return self._after_letters(word)
            case _Kind.CONNECTOR:
                self._add(before)
                return word
            case _Kind.PUNCTUATION:
                return word
            case _ if word.kind is not _Kind.NUMBER:
                self._connect(word)
                return word
            case _ if not self._rest:
                return word
            case _:
                return self._number(word)

    def _number(self, number: _Word) -> _Word:
        """Tell whether a number ends the word before it (`Bld4Floor`) or begins one (`HTTP2xx`)."""
        word = self._next()
        if word.kind is not _Kind.LETTERS:
            self._add(number)
            self._connect(word)
            return word
        self._found.append(self._connector)
        self._add(number)
        return self._after_letters(word)

    def _after_letters(self, word: _Word) -> _Word:
        while word.kind in (_Kind.LETTERS, _Kind.NUMBER):
            self._add(word)
            word = self._next()
        if word.kind is not _Kind.NONE:
            self._connect(word)
        return word

    def _connect(self, word: _Word) -> None:
        if word.kind not in (_Kind.CONNECTOR, _Kind.PUNCTUATION):
            self._found.append(self._connector)

    def _add(self, word: _Word) -> None:
        if word.kind in (_Kind.UPPER, _Kind.CONNECTOR):
            self._found.extend(self._connector if _connects(letter) else lower(letter) for letter in word.text)
        else:
            self._found.append(word.text)

    def _next(self) -> _Word:
        if not self._rest:
            return _END
        kind, length = _measured(self._rest)
        word = _Word(kind, self._rest[:length])
        self._rest = self._rest[length:]
        return word


def _measured(text: str) -> tuple[_Kind, int]:
    """Return what word a text begins with, and its length."""
    first = text[0]
    if _connects(first):
        return _Kind.CONNECTOR, _run(text, _connects)
    if _punctuates(first):
        return _Kind.PUNCTUATION, _run(text, _punctuates)
    if first.isupper():
        return _Kind.UPPER, _upper(text)
    if first.isalpha():
        return _Kind.LETTERS, _run(text, _continues)
    if first.isnumeric():
        return _Kind.NUMBER, _run(text, str.isnumeric)
    return _Kind.OTHER, _run(text, _is_other)


def _upper(text: str) -> int:
    """Return the length of `Status`, or of `HTTP` in `HTTPStatus`."""
    capitals = _run(text, str.isupper)
    if capitals == 1:
        return 1 + _run(text[1:], _continues)
    follows = text[capitals : capitals + 1]
    return capitals - 1 if follows and follows.isalpha() else capitals


def _run(text: str, fits: Callable[[str], bool]) -> int:
    return next((place for place, letter in enumerate(text) if not fits(letter)), len(text))


def _connects(letter: str) -> bool:
    return letter in "-_" or letter in SPACES


def _punctuates(letter: str) -> bool:
    return unicodedata.category(letter).startswith("P")


def _continues(letter: str) -> bool:
    return letter.isalpha() and not letter.isupper()


def _is_other(letter: str) -> bool:
    return not (_connects(letter) or letter.isalpha() or letter.isnumeric() or _punctuates(letter))
