"""Which of the tags and versions that there are is to come next."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from bot.engine import globs
from bot.engine.updates.wishes import expression
from bot.engine.versions import Version, constraint_of, is_version, versions_of
from bot.model.updates import ImageWish, Strategy

_PIECES: Final = re.compile(r"([0-9]+)")
_LONGEST: Final = 128
_OTHER_KINDS: Final = re.compile(r"sha256-[0-9a-f]{64}(?:\..*)?")
"""How signatures and attestations are tagged, beside the image that they are about."""


@dataclass(frozen=True, slots=True)
class Newest:
    """The tags of an image that come last in the order that is wanted; found once, whatever is there now."""

    wish: ImageWish
    last: tuple[str, ...]
    """Of versions all that mean the same; empty: no tag fits."""

    @classmethod
    def of(cls, wish: ImageWish, tags: Sequence[str]) -> Self:
        """Look through all tags."""
        fitting = _fitting(wish, tags)
        if wish.strategy is Strategy.SEMVER:
            return cls(wish, tuple(one.original for one in _newest_versions(wish.constraint, fitting)))
        return cls(wish, (max(fitting, key=_order(wish)),) if fitting else ())

    def after(self, current: str) -> str:
        """Return the tag that an image is to have; empty when it has that already, or there is none.

        Never one that comes before the current tag by the same order. Where the current tag has no place in the order,
        the last one is taken.
        """
        if self.wish.strategy is Strategy.SEMVER:
            return _newer([Version.parse(one) for one in self.last], current)
        if not self.last or current == self.last[0]:
            return ""
        key, (last,) = _order(self.wish), self.last
        return "" if _fitting(self.wish, [current]) and key(last) <= key(current) else last


def newer_version(constraint: str, available: Sequence[str], current: str) -> str:
    """Return the newest version that a constraint allows, as it is written; empty when the current one is as new.

    Of two that mean the same (`1.2` and `1.2.0`) that which has as many parts as the current one.
    """
    return _newer(_newest_versions(constraint, available), current)


def _newest_versions(constraint: str, available: Sequence[str]) -> list[Version]:
    wanted = constraint_of(constraint or "*")
    fitting = [one for one in versions_of(available) if wanted.holds(one)]
    newest = max((one.precedence for one in fitting), default=None)
    return [one for one in fitting if one.precedence == newest]


def _newer(newest: Sequence[Version], current: str) -> str:
    if not newest:
        return ""
    parts = _parts(current)
    best = max(newest, key=lambda one: (_parts(one.original) == parts, one.original))
    if is_version(current) and best.precedence <= Version.parse(current).precedence:
        return ""
    return best.original


def _order(wish: ImageWish) -> Callable[[str], Any]:
    return _by_numbers if wish.strategy is Strategy.NUMERICAL else str


def _fitting(wish: ImageWish, tags: Sequence[str]) -> list[str]:
    allowed = expression(wish.allowed) if wish.allowed else None
    return [
        tag
        for tag in tags
        if len(tag) <= _LONGEST
        and not _OTHER_KINDS.fullmatch(tag)
        and (allowed is None or allowed.search(tag) is not None)
        and not any(globs.fits(pattern, tag) for pattern in wish.ignored)
    ]


def _by_numbers(tag: str) -> list[tuple[int, int, str]]:
    return [
        (1, int(piece), "") if piece.isascii() and piece.isdigit() else (0, 0, piece)
        for piece in _PIECES.split(tag)
        if piece
    ]


def _parts(version: str) -> int:
    return version.partition("-")[0].partition("+")[0].count(".")
