"""How fast a forge may be written to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_MINUTE: Final = 60.0
_HOUR: Final = 3600.0
_AT_ONCE: Final = 5
"""Which part of a limit may be used at once; the rest is spread, so that no stretch of its time sees more than it."""


class Charge(StrEnum):
    """What a request is to a forge that counts requests."""

    READ = "read"
    """Never held back by our own pace; only while the forge has asked for silence."""
    WRITE = "write"
    """Tells nobody: a commit status, a deletion."""
    PREVIEW = "preview"
    """All that one preview asks, begun only when there is room for it: its reads are held back by nothing else."""
    CONTENT = "content"
    """Something for people, of which they may be notified: a comment, an edited one, a reaction."""


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `requests` in any stretch of `seconds`."""

    charge: Charge
    requests: int
    seconds: float

    @property
    def counts(self) -> frozenset[Charge]:
        """What it counts: content is written, too."""
        return frozenset({self.charge} if self.charge is Charge.PREVIEW else {self.charge, Charge.CONTENT})

    @property
    def burst(self) -> int:
        """How many may be sent at once after a silence."""
        return max(1, self.requests // _AT_ONCE)

    @property
    def interval(self) -> float:
        """Seconds between two after that."""
        return self.seconds / max(1, self.requests - self.burst)


def limits(
    *, content_per_minute: int, content_per_hour: int, writes_per_minute: int, previews_per_minute: int
) -> tuple[Limit, ...]:
    """Return the limits of an account; a number of 0 stands for none."""
    every = (
        Limit(Charge.CONTENT, content_per_minute, _MINUTE),
        Limit(Charge.CONTENT, content_per_hour, _HOUR),
        Limit(Charge.WRITE, writes_per_minute, _MINUTE),
        Limit(Charge.PREVIEW, previews_per_minute, _MINUTE),
    )
    return tuple(one for one in every if one.requests)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a forge said an account has left."""

    limit: int
    remaining: int
    reset: int
    """Unix seconds: when it starts anew."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Where an account stands with a forge."""

    account: str
    allowance: Allowance | None
    """None when the forge has said nothing lately."""
    silent_for: float
    """Seconds for which the forge has asked for silence."""
    waiting: int
    """Writes, or sets of them, that have been given a time to come back at."""
