"""Patterns of the git generator: Go's `path.Match` for folders, Git's pathspecs for files.

Both are matched without recursion, in time linear in pattern times text.
"""

from __future__ import annotations

import string
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Final, TypeAlias

_NAMED: Final = {
    "alpha": str.isalpha,
    "alnum": str.isalnum,
    "digit": str.isdigit,
    "lower": str.islower,
    "upper": str.isupper,
    "space": str.isspace,
    "punct": lambda letter: letter in string.punctuation,
    "xdigit": lambda letter: letter in string.hexdigits,
}
_WILD: Final = frozenset("*?[\\")


class PatternError(ValueError):
    """A pattern is malformed."""


class _Wild(Enum):
    STAR = "*"


_Fits: TypeAlias = Callable[[str], bool]
_Piece: TypeAlias = str | _Wild | _Fits
"""A letter, a star, or what one letter has to fit."""


def path_matches(pattern: str, path: str) -> bool:
    """Tell whether a path matches as `path.Match` sees it: no wildcard crosses `/`. PatternError as ErrBadPattern."""
    return _matches(_path_pieces(pattern), path, crosses=False)


@dataclass(frozen=True, slots=True)
class PathSpec:
    """A pattern of files as `git ls-files` takes it, which Argo CD asks by default: wildcards cross `/`."""

    pattern: str

    def matches(self, path: str) -> bool:
        """Tell whether a file matches: by its whole name, by a folder above it, or by wildcards."""
        plain = self.pattern.rstrip("/") if self.pattern not in ("", ".") else ""
        if not plain or path == self.pattern or path.startswith(f"{plain}/"):
            return True
        return bool(_WILD & set(self.pattern)) and _matches(_git_pieces(self.pattern), path, crosses=True)


def _matches(pieces: tuple[_Piece, ...], text: str, *, crosses: bool) -> bool:
    """Match by going back to the last star alone: those before it need take no more than they did."""
    piece = place = 0
    star, resumed = -1, 0
    while place < len(text):
        if piece < len(pieces) and pieces[piece] is _Wild.STAR:
            star, resumed = piece, place
            piece += 1
        elif piece < len(pieces) and _fits(pieces[piece], text[place]):
            piece += 1
            place += 1
        elif star >= 0 and (crosses or text[resumed] != "/"):
            resumed += 1
            piece, place = star + 1, resumed
        else:
            return False
    return all(one is _Wild.STAR for one in pieces[piece:])


def _fits(piece: _Piece, letter: str) -> bool:
    if isinstance(piece, str):
        return piece == letter
    return not isinstance(piece, _Wild) and piece(letter)


@lru_cache(maxsize=512)
def _path_pieces(pattern: str) -> tuple[_Piece, ...]:
    pieces: list[_Piece] = []
    place = 0
    while place < len(pattern):
        letter = pattern[place]
        place += 1
        if letter == "*":
            pieces.append(_Wild.STAR)
        elif letter == "?":
            pieces.append(lambda one: one != "/")
        elif letter == "[":
            fits, place = _path_class(pattern, place)
            pieces.append(fits)
        elif letter == "\\":
            literal, place = _path_letter(pattern, place - 1)
            pieces.append(literal)
        else:
            pieces.append(letter)
    return tuple(pieces)


def _path_class(pattern: str, place: int) -> tuple[_Fits, int]:
    """Read `^a-z]` up to its end."""
    negated = pattern.startswith("^", place)
    place += negated
    ranges: list[tuple[str, str]] = []
    while not (pattern.startswith("]", place) and ranges):
        if pattern[place : place + 1] in ("", "-", "]"):
            raise PatternError(f"syntax error in pattern {pattern!r}")
        low, place = _path_letter(pattern, place)
        high = low
        if pattern.startswith("-", place):
            if pattern[place + 1 : place + 2] in ("", "-", "]"):
                raise PatternError(f"syntax error in pattern {pattern!r}")
            high, place = _path_letter(pattern, place + 1)
        ranges.append((low, high))
    return _within(tuple(ranges), negated=negated), place + 1


def _path_letter(pattern: str, place: int) -> tuple[str, int]:
    if pattern.startswith("\\", place):
        place += 1
    if place >= len(pattern):
        raise PatternError(f"syntax error in pattern {pattern!r}")
    return pattern[place], place + 1


def _within(ranges: tuple[tuple[str, str], ...], *, negated: bool) -> _Fits:
    return lambda letter: any(low <= letter <= high for low, high in ranges) != negated


@lru_cache(maxsize=512)
def _git_pieces(pattern: str) -> tuple[_Piece, ...]:
    """Read a pattern as `wildmatch.c` without WM_PATHNAME; one that is malformed matches nothing."""
    pieces: list[_Piece] = []
    place = 0
    while place < len(pattern):
        letter = pattern[place]
        place += 1
        if letter == "*":
            pieces.append(_Wild.STAR)
        elif letter == "?":
            pieces.append(lambda _: True)
        elif letter == "\\":
            pieces.append(pattern[place : place + 1] or (lambda _: False))
            place += 1
        elif letter == "[":
            fits, place = _git_class(pattern, place)
            pieces.append(fits)
        else:
            pieces.append(letter)
    return tuple(pieces)


def _git_class(pattern: str, place: int) -> tuple[_Fits, int]:
    negated = pattern[place : place + 1] in ("!", "^")
    place += negated
    start = place
    tests: list[_Fits] = []
    while place == start or not pattern.startswith("]", place):
        if place >= len(pattern):
            return lambda _: False, place
        name = pattern[place + 2 : pattern.find(":]", place)] if pattern.startswith("[:", place) else ""
        if name in _NAMED:
            tests.append(_NAMED[name])
            place += len(name) + 4
            continue
        place += pattern.startswith("\\", place)
        low = high = pattern[place : place + 1]
        place += 1
        if pattern.startswith("-", place) and pattern[place + 1 : place + 2] not in ("", "]"):
            place += 1 + pattern.startswith("\\", place + 1)
            high = pattern[place : place + 1]
            place += 1
        tests.append(_within(((low, high),), negated=False))
    return lambda letter: any(test(letter) for test in tests) != negated, place + 1
