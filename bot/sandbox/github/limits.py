"""Rate limits per caller: the hourly one, and the secondary one on content creation.

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
    """How much a caller may ask for; both numbers may be changed at any time."""

    per_hour: int = 5000
    """Requests an hour and caller: what every installation has at least."""
    content_per_minute: int | None = None
    """Content-creating requests a minute and caller, 80 on github.com; None: no such limit."""
    _windows: dict[str, _Window] = field(default_factory=dict)
    _created: dict[str, deque[float]] = field(default_factory=dict)

    def count(self, caller: str, *, now: float, cost: int = 1) -> Allowance:
        """Count `cost` requests of a caller and say where it stands; the window begins with its first request."""
        window = self._windows.get(caller)
        if window is None or now >= window.started + _HOUR:
            window = self._windows[caller] = _Window(started=now)
        window.used += cost
        return Allowance(limit=self.per_hour, used=window.used, reset=int(window.started + _HOUR))

    def seconds_until_content(self, caller: str, *, now: float) -> float:
        """Count a content-creating request; return 0, or the seconds to wait when it is one too many."""
        if self.content_per_minute is None:
            return 0.0
        recent = self._created.setdefault(caller, deque())
        while recent and recent[0] <= now - _MINUTE:
            recent.popleft()
        if len(recent) >= self.content_per_minute:
            return max(1.0, recent[0] + _MINUTE - now)
        recent.append(now)
        return 0.0
