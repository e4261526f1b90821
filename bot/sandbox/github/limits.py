"""Rate limits per caller: the hourly one, and the secondary ones on content and on points a minute.

https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

_HOUR = 3600.0
_MINUTE = 60.0


@dataclass(slots=True)
class _Window:
    started: float
    used: int = 0


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a caller has left this hour."""

    limit: int
    used: int
    reset: int
    """Seconds since the epoch."""

    @property
    def remaining(self) -> int:
        """Requests left; never negative."""
        return max(0, self.limit - self.used)

    @property
    def exceeded(self) -> bool:
        """Whether the request that was just counted is one too many."""
        return self.used > self.limit


@dataclass(slots=True)
class Limits:
    """How much a caller may ask for; every number may be changed at any time, and None stands for no limit."""

    per_hour: int = 5000
    """Requests an hour and caller: what every installation has at least."""
    content_per_minute: int | None = None
    """Content-creating requests a minute and caller, 80 on github.com."""
    content_per_hour: int | None = None
    """The same an hour, 500 on github.com."""
    points_per_minute: int | None = None
    """Points a minute and caller, 900 on github.com: a read costs one, anything else five."""
    minute: float = _MINUTE
    """Seconds that count as a minute here, so that a test need not wait for a real one."""
    hits: int = 0
    """Requests refused by a secondary limit so far."""
    _windows: dict[str, _Window] = field(default_factory=dict)
    _recent: dict[tuple[str, str], deque[float]] = field(default_factory=dict)

    def count(self, caller: str, *, now: float, cost: int = 1) -> Allowance:
        """Count `cost` requests of a caller and say where it stands; the window begins with its first request."""
        window = self._windows.get(caller)
        if window is None or now >= window.started + _HOUR:
            window = self._windows[caller] = _Window(started=now)
        window.used += cost
        return Allowance(limit=self.per_hour, used=window.used, reset=int(window.started + _HOUR))

    def seconds_until(self, caller: str, *, now: float, points: int, content: bool) -> float:
        """Count a request by the secondary limits; return 0, or the seconds to wait when it is one too many."""
        spans = [(self.points_per_minute, "points", self.minute, points)]
        if content:
            spans += [(self.content_per_minute, "minute", self.minute, 1), (self.content_per_hour, "hour", _HOUR, 1)]
        limited = [
            (self._since((caller, name), now - span), most, span, cost) for most, name, span, cost in spans if most
        ]
        full = [recent[0] + span - now for recent, most, span, cost in limited if len(recent) + cost > most]
        if full:
            self.hits += 1
            return max(1.0, *full)
        for recent, _most, _span, cost in limited:
            recent.extend([now] * cost)
        return 0.0

    def _since(self, name: tuple[str, str], start: float) -> deque[float]:
        recent = self._recent.setdefault(name, deque())
        while recent and recent[0] <= start:
            recent.popleft()
        return recent
