"""Semantic versions and constraints (`github.com/Masterminds/semver/v3`)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.engine.gotemplate.functions import Table, takes
from bot.engine.gotemplate.values import Record, TemplateError

if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST: Final = 256
_TAIL: Final = r"(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?"
_VERSION: Final = re.compile(rf"v?([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?{_TAIL}")
_PART: Final = r"[0-9|x|X|\*]+"
_WILD: Final = rf"v?({_PART})(?:\.({_PART}))?(?:\.({_PART}))?{_TAIL}"
_OPERATOR: Final = r"=|!=|>=|=>|<=|=<|>|<|~>|~|\^|"
_FIRST: Final = re.compile(rf"\s*({_OPERATOR})\s*{_WILD}\s*")
_NEXT: Final = re.compile(rf"(?:(?<=\s)|,\s*)({_OPERATOR})\s*{_WILD}\s*")
_RANGE: Final = re.compile(r"\s*(\S+)\s+-\s+(\S+)\s*")
_GREATEST: Final = 2**63


@dataclass(frozen=True, slots=True)
class _Version:
    major: int
    minor: int
    patch: int
    pre: str = ""
    metadata: str = ""
    original: str = ""

    def compare(self, other: _Version) -> int:
        mine, theirs = (self.major, self.minor, self.patch), (other.major, other.minor, other.patch)
        if mine != theirs:
            return 1 if mine > theirs else -1
        if self.pre == other.pre:
            return 0
        if not self.pre or not other.pre:
            return -1 if self.pre else 1
        return 1 if _precedence(self.pre) > _precedence(other.pre) else -1

    def __str__(self) -> str:
        tail = (f"-{self.pre}" if self.pre else "") + (f"+{self.metadata}" if self.metadata else "")
        return f"{self.major}.{self.minor}.{self.patch}{tail}"


def _precedence(pre: str) -> list[tuple[int, int, str]]:
    """Order pre-releases: numbers by size and before words, fewer parts before more."""
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in pre.split(".")]


@dataclass(frozen=True, slots=True)
class _Constraint:
    operator: str
    version: _Version
    no_major: bool
    no_minor: bool
    """The major version alone is given."""
    no_patch: bool

    @property
    def partial(self) -> bool:
        return self.no_major or self.no_minor or self.no_patch

    def holds(self, version: _Version) -> bool:
        if self.operator == "!=" and not self.partial:
            return version.compare(self.version) != 0
        if version.pre and not self.version.pre:
            return False
        return _OPERATORS[self.operator](self, version)


def _not_equal(wanted: _Constraint, version: _Version) -> bool:
    if wanted.version.major != version.major:
        return True
    if wanted.no_minor or wanted.no_major:
        return wanted.no_major and wanted.version.minor != version.minor
    return wanted.version.minor != version.minor


def _greater(wanted: _Constraint, version: _Version) -> bool:
    if not wanted.partial:
        return version.compare(wanted.version) > 0
    if version.major != wanted.version.major:
        return version.major > wanted.version.major
    if wanted.no_minor:
        return False
    if wanted.no_patch:
        return version.minor > wanted.version.minor
    return version.compare(wanted.version) > 0


def _less_or_equal(wanted: _Constraint, version: _Version) -> bool:
    if not wanted.partial:
        return version.compare(wanted.version) <= 0
    if version.major != wanted.version.major:
        return version.major < wanted.version.major
    return version.minor <= wanted.version.minor or wanted.no_minor


def _tilde(wanted: _Constraint, version: _Version) -> bool:
    base = wanted.version
    if version.compare(base) < 0:
        return False
    if (base.major, base.minor, base.patch) == (0, 0, 0) and not wanted.no_minor and not wanted.no_patch:
        return True
    return version.major == base.major and (wanted.no_minor or version.minor == base.minor)


def _equal(wanted: _Constraint, version: _Version) -> bool:
    return _tilde(wanted, version) if wanted.partial else version.compare(wanted.version) == 0


def _caret(wanted: _Constraint, version: _Version) -> bool:
    base = wanted.version
    if version.compare(base) < 0:
        return False
    if base.major > 0 or wanted.no_minor:
        return version.major == base.major
    if version.major > 0:
        return False
    if base.minor > 0 or wanted.no_patch:
        return version.minor == base.minor
    return version.minor == 0 and version.patch == base.patch


_OPERATORS: Final[dict[str, Callable[[_Constraint, _Version], bool]]] = {
    "": _equal,
    "=": _equal,
    "!=": _not_equal,
    ">": _greater,
    "<": lambda wanted, version: version.compare(wanted.version) < 0,
    ">=": lambda wanted, version: version.compare(wanted.version) >= 0,
    "=>": lambda wanted, version: version.compare(wanted.version) >= 0,
    "<=": _less_or_equal,
    "=<": _less_or_equal,
    "~": _tilde,
    "~>": _tilde,
    "^": _caret,
}


def _version(text: str) -> _Version:
    found = _VERSION.fullmatch(text) if 0 < len(text) <= _LONGEST else None
    if found is None:
        raise TemplateError(f"{text[:_LONGEST]!r} is no semantic version")
    major, minor, patch, pre, metadata = found.groups()
    numbers = (int(major), int(minor or 0), int(patch or 0))
    misspelt = any(part.isdigit() and len(part) > 1 and part[0] == "0" for part in (pre or "").split("."))
    if misspelt or max(numbers) >= _GREATEST:
        raise TemplateError(f"{text!r} is no semantic version")
    return _Version(*numbers, pre=pre or "", metadata=metadata or "", original=text)


def _constraints(text: str) -> list[list[_Constraint]]:
    if len(text) > _LONGEST:
        raise TemplateError(f"a version constraint is longer than {_LONGEST} characters")
    ranged = _RANGE.sub(lambda found: f">= {found[1]}, <= {found[2]} ", text)
    return [_all_of(part, text) for part in ranged.split("||")]


def _all_of(part: str, whole: str) -> list[_Constraint]:
    found: list[_Constraint] = []
    position = 0
    while position < len(part) or not found:
        match = (_NEXT if found else _FIRST).match(part, position)
        if match is None:
            raise TemplateError(f"improper constraint: {whole}")
        found.append(_constraint(match))
        position = match.end()
    return found


def _constraint(match: re.Match[str]) -> _Constraint:
    operator, major, minor, patch, pre, _ = match.groups()
    tail = f"-{pre}" if pre else ""
    if _is_any(major):
        return _Constraint(operator, _version(f"0.0.0{tail}"), no_major=True, no_minor=False, no_patch=False)
    if _is_any(minor):
        return _Constraint(operator, _version(f"{major}.0.0{tail}"), no_major=False, no_minor=True, no_patch=False)
    if _is_any(patch):
        version = _version(f"{major}.{minor}.0{tail}")
        return _Constraint(operator, version, no_major=False, no_minor=False, no_patch=True)
    version = _version(f"{major}.{minor}.{patch}{tail}")
    return _Constraint(operator, version, no_major=False, no_minor=False, no_patch=False)


def _is_any(part: str | None) -> bool:
    return part in (None, "x", "X", "*")


def _fits(constraint: str, version: str) -> bool:
    wanted, found = _constraints(constraint), _version(version)
    return any(all(one.holds(found) for one in every) for every in wanted)


def _record(text: str) -> Record:
    found = _version(text)
    fields = {
        "Major": found.major,
        "Minor": found.minor,
        "Patch": found.patch,
        "Prerelease": found.pre,
        "Metadata": found.metadata,
        "Original": found.original,
        "String": str(found),
    }
    return Record("*semver.Version", tuple(fields.items()), str(found))


RELEASES: Final[Table] = {
    "semver": takes("string", _record),
    "semverCompare": takes("string string", _fits),
}
