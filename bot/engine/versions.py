"""Semantic versions and constraints, as `github.com/Masterminds/semver/v3` 3.5 reads them (so do Helm and Argo CD)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, Self

import re2  # type: ignore[import-untyped]  # it ships no types

from bot.errors import Rejected

_LONGEST_VERSION: Final = 256
_LONGEST_CONSTRAINT: Final = 512
_MOST_GROUPS: Final = 32
_TAIL: Final = r"(-([0-9A-Za-z\-]+(\.[0-9A-Za-z\-]+)*))?(\+([0-9A-Za-z\-]+(\.[0-9A-Za-z\-]+)*))?"
_VERSION: Final = re2.compile(rf"^v?([0-9]+)(\.[0-9]+)?(\.[0-9]+)?{_TAIL}$")
_PART: Final = r"[0-9|x|X|\*]+"
_WILD: Final = rf"v?({_PART})(\.{_PART})?(\.{_PART})?{_TAIL}"
_OPERATOR: Final = r"=||!=|>|<|>=|=>|<=|=<|~|~>|\^"
_ONE: Final = re2.compile(rf"^\s*({_OPERATOR})\s*({_WILD})\s*$")
_EACH: Final = re2.compile(rf"(?:{_OPERATOR})\s*(?:{_WILD})")
_RANGE: Final = re2.compile(rf"\s*({_WILD})\s+-\s+({_WILD})\s*")
_VALID: Final = re2.compile(rf"^(\s*({_OPERATOR})\s*({_WILD})\s*)((?:\s+|,\s*)({_OPERATOR})\s*({_WILD})\s*)*$")
"""Go's own expressions, run by what runs them in Go: equal answers, in linear time."""
_UNSIGNED: Final = 2**64


@dataclass(frozen=True, slots=True)
class Version:
    """A version; `1`, `1.2` and `v1.2.3` are versions too."""

    major: int
    minor: int
    patch: int
    pre: str = ""
    metadata: str = ""
    original: str = field(default="", compare=False)
    """As it was written."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a version; Rejected when it is none."""
        found = _VERSION.match(text) if text.isascii() and len(text) <= _LONGEST_VERSION else None
        if found is None:
            raise Rejected(f"{text[:_LONGEST_VERSION]!r} is no semantic version")
        pre = found[5] or ""
        major, minor, patch = (int((found[place] or "0").removeprefix(".")) for place in (1, 2, 3))
        misspelt = any(part.isdigit() and len(part) > 1 and part[0] == "0" for part in pre.split("."))
        if misspelt or max(major, minor, patch) >= _UNSIGNED:
            raise Rejected(f"{text!r} is no semantic version")
        return cls(major, minor, patch, pre=pre, metadata=found[8] or "", original=text)

    @property
    def precedence(self) -> tuple[Any, ...]:
        """What versions are ordered by: a pre-release before its release, metadata not at all."""
        return (self.major, self.minor, self.patch, not self.pre, _precedence(self.pre))

    def __str__(self) -> str:
        """Write it in full."""
        tail = (f"-{self.pre}" if self.pre else "") + (f"+{self.metadata}" if self.metadata else "")
        return f"{self.major}.{self.minor}.{self.patch}{tail}"


def is_version(text: str) -> bool:
    """Whether a text is one version and no constraint."""
    try:
        Version.parse(text)
    except Rejected:
        return False
    return True


def versions_of(texts: Iterable[str]) -> list[Version]:
    """Return those that are versions, in their order."""
    return [Version.parse(text) for text in texts if is_version(text)]


def _precedence(pre: str) -> list[tuple[int, int, str]]:
    """Order pre-releases: numbers by size and before words, fewer parts before more."""
    return [(0, int(part), "") if part.isdigit() and int(part) < _UNSIGNED else (1, 0, part) for part in pre.split(".")]


@dataclass(frozen=True, slots=True)
class _Bound:
    """One comparison; `no_minor` and `no_patch` say from where on the version is open."""

    operator: str
    version: Version
    no_major: bool = False
    no_minor: bool = False
    no_patch: bool = False

    @property
    def partial(self) -> bool:
        return self.no_major or self.no_minor or self.no_patch

    def order(self, version: Version) -> int:
        """Compare a version with the bound's: -1, 0 or 1."""
        return (version.precedence > self.version.precedence) - (version.precedence < self.version.precedence)


@dataclass(frozen=True, slots=True)
class Constraint:
    """What versions are wanted: `^1.2`, `>=1.2.0-0, <2`, `1.x || 3.x`."""

    groups: tuple[tuple[_Bound, ...], ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a constraint; Rejected when it is none."""
        if len(text.encode(errors="replace")) > _LONGEST_CONSTRAINT:
            raise Rejected(f"a version constraint is longer than {_LONGEST_CONSTRAINT} bytes")
        if not text.isascii():
            raise Rejected(f"improper constraint: {text}")
        parts = _RANGE.sub(lambda found: f">= {found[1]}, <= {found[11]} ", text).split("||")
        if len(parts) > _MOST_GROUPS:
            raise Rejected(f"a version constraint has more than {_MOST_GROUPS} alternatives")
        for part in parts:
            if not _VALID.match(part):
                raise Rejected(f"improper constraint: {text}")
        return cls(tuple(tuple(_bound(one[0], text) for one in _EACH.finditer(part)) for part in parts))

    def holds(self, version: Version) -> bool:
        """Whether a version is wanted; a pre-release only where its group of comparisons names one."""
        return any(
            (not version.pre or any(one.version.pre for one in group))
            and all(_OPERATORS[one.operator](one, version) for one in group)
            for group in self.groups
        )


@lru_cache(maxsize=256)
def constraint_of(text: str) -> Constraint:
    """Return what a text constrains to; Rejected when it is no constraint."""
    return Constraint.parse(text)


def _bound(text: str, whole: str) -> _Bound:
    found = _ONE.match(text)
    if found is None:
        raise Rejected(f"improper constraint: {whole}")
    operator, written, major, minor, patch = found[1], found[2], found[3], found[4] or "", found[5] or ""
    tail = found[6] or ""
    if _is_any(major):
        return _Bound(operator, Version.parse(f"0.0.0{tail}"), no_major=True)
    if _is_any(minor.removeprefix(".")):
        return _Bound(operator, Version.parse(f"{major}.0.0{tail}"), no_minor=True)
    if _is_any(patch.removeprefix(".")):
        return _Bound(operator, Version.parse(f"{major}{minor}.0{tail}"), no_patch=True)
    return _Bound(operator, Version.parse(written))


def _is_any(part: str) -> bool:
    return part in ("", "x", "X", "*")


def _not_equal(wanted: _Bound, version: Version) -> bool:
    base = wanted.version
    if not wanted.partial:
        return wanted.order(version) != 0
    if base.major != version.major:
        return True
    if wanted.no_minor:
        return False
    if base.minor != version.minor:
        return True
    if wanted.no_patch:
        return base.pre != version.pre
    return wanted.order(version) != 0


def _greater(wanted: _Bound, version: Version) -> bool:
    if wanted.partial and version.major != wanted.version.major:
        return version.major > wanted.version.major
    if wanted.no_minor:
        return False
    if wanted.no_patch:
        return version.minor > wanted.version.minor
    return wanted.order(version) > 0


def _less_or_equal(wanted: _Bound, version: Version) -> bool:
    if not wanted.partial:
        return wanted.order(version) <= 0
    if version.major != wanted.version.major:
        return version.major < wanted.version.major
    return wanted.no_minor or version.minor <= wanted.version.minor


def _tilde(wanted: _Bound, version: Version) -> bool:
    base = wanted.version
    if wanted.order(version) < 0:
        return False
    if (base.major, base.minor, base.patch) == (0, 0, 0) and not wanted.no_minor and not wanted.no_patch:
        return True
    return version.major == base.major and (wanted.no_minor or version.minor == base.minor)


def _equal(wanted: _Bound, version: Version) -> bool:
    return _tilde(wanted, version) if wanted.partial else wanted.order(version) == 0


def _caret(wanted: _Bound, version: Version) -> bool:
    base = wanted.version
    if wanted.order(version) < 0 or version.major != base.major:
        return False
    if base.major > 0 or wanted.no_minor:
        return True
    if base.minor > 0 or wanted.no_patch:
        return version.minor == base.minor
    return (version.minor, version.patch) == (base.minor, base.patch)


_OPERATORS: Final[dict[str, Callable[[_Bound, Version], bool]]] = {
    "": _equal,
    "=": _equal,
    "!=": _not_equal,
    ">": _greater,
    "<": lambda wanted, version: wanted.order(version) < 0,
    ">=": lambda wanted, version: wanted.order(version) >= 0,
    "=>": lambda wanted, version: wanted.order(version) >= 0,
    "<=": _less_or_equal,
    "=<": _less_or_equal,
    "~": _tilde,
    "~>": _tilde,
    "^": _caret,
}
