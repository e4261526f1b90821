"""Holds: somebody's word that nothing is to be delivered to an application by itself for now. Pure."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Final, Self

from bot.errors import Rejected

HELD: Final = "foresail.dev/held"
"""On an Application: who holds it, why and until when. Any words that somebody else writes there hold it, too."""
_USAGE: Final = "Write: hold [APP…] [for 30m|4h|2d] [because …]."
_LONGEST: Final = timedelta(days=90)
_WHY: Final = 200
"""Characters kept of a reason."""
_DURATION: Final = re.compile(r"(?:(?P<days>\d{1,2})d)?(?:(?P<hours>\d{1,4})h)?(?:(?P<minutes>\d{1,5})m)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Hold:
    """Who holds an application, why and until when."""

    by: str
    why: str = ""
    until: str = ""
    """RFC 3339, UTC; empty: until it is released."""
    change: str = ""
    """`owner/name#12`, where it was asked for."""
    since: str = ""
    back_from: str = ""
    """The revision that turned out badly, where the application was taken back from one by itself."""

    def to_annotation(self) -> str:
        """Return it as an annotation's value."""
        return json.dumps({name: value for name, value in asdict(self).items() if value})

    @classmethod
    def of(cls, annotation: str) -> Self | None:
        """Read an annotation's value, None when it is empty; what is not ours holds without an end."""
        if not annotation:
            return None
        try:
            found = json.loads(annotation)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict) or not found.get("by"):
            return cls("", " ".join(annotation.split())[:_WHY])
        return cls(**{field.name: str(found.get(field.name) or "") for field in fields(cls)})

    @classmethod
    def at(cls, annotation: str, *, now: float) -> Self | None:
        """Read an annotation's value; None where nobody holds it at `now`, in Unix seconds, or no longer."""
        hold = cls.of(annotation)
        return hold if hold is not None and now < hold.ends_at else None

    @property
    def ends_at(self) -> float:
        """Unix seconds; infinite for one that has to be released."""
        try:
            return datetime.fromisoformat(self.until).timestamp() if self.until else math.inf
        except ValueError:
            return math.inf  # nobody knows when it ends: it has to be released

    @property
    def words(self) -> str:
        """`held by ann until 2026-11-30 18:00 UTC: incident 17`."""
        ends = self.ends_at
        until = f"{datetime.fromtimestamp(ends, UTC):%Y-%m-%d %H:%M} UTC" if math.isfinite(ends) else "it is released"
        return f"held by {self.by or 'somebody'} until {until}{f': {self.why}' if self.why else ''}"


@dataclass(frozen=True, slots=True)
class HoldAsked:
    """What somebody asks of a hold."""

    names: tuple[str, ...]
    lasts: timedelta | None
    """None: until it is released."""
    why: str

    @classmethod
    def parse(cls, words: Sequence[str]) -> Self:
        """Read the words behind `hold`; Rejected says how they are written."""
        before, _, why = _split(words, "because")
        if why and why[0].lower() == "of":  # "because of incident 17" is told as "held by ann until …: incident 17"
            why = why[1:]
        names, said, lasting = _split(before, "for")
        if said and len(lasting) != 1:
            raise Rejected("a hold is for one length of time", remedy=_USAGE)
        return cls(tuple(names), _duration(lasting[0]) if said else None, " ".join(why)[:_WHY])


def _split(words: Sequence[str], at: str) -> tuple[Sequence[str], bool, Sequence[str]]:
    for number, word in enumerate(words):
        if word.lower() == at:
            return words[:number], True, words[number + 1 :]
    return words, False, ()


def _duration(text: str) -> timedelta:
    found = _DURATION.fullmatch(text.lower())
    parts = {name: int(value) for name, value in found.groupdict().items() if value} if found else {}
    length = timedelta(**parts)
    if not timedelta() < length <= _LONGEST:
        raise Rejected(f"{text} is no length of time up to {_LONGEST.days} days", remedy=_USAGE)
    return length
