"""Rate limits per account, by the minute: of all requests, and of new notes.

https://docs.gitlab.com/administration/settings/user_and_ip_rate_limits/
https://docs.gitlab.com/administration/settings/rate_limits_on_note_creation/
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

_MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Allowance:
    """What an account has left this minute."""

    name: str
    limit: int
    observed: int
    reset: int
    """Seconds since the epoch."""
    wait: int
    """Seconds until then, for one who has asked too often; 0 for others."""


@dataclass(slots=True)
class Limits:
    """How much an account may ask for; both numbers may be changed at any time."""

    per_minute: int = 7200
    """Requests: what self-managed GitLab allows when its limit is switched on."""
    notes_per_minute: int = 300
    """New notes, which are refused without a word on when to come again."""
    _seen: dict[str, deque[float]] = field(default_factory=dict)

    def count(self, account: str, *, now: float) -> Allowance:
        """Count a request."""
        times = self._recent(account, now=now)
        times.append(now)
        reset = times[0] + _MINUTE
        wait = max(1, round(reset - now)) if len(times) > self.per_minute else 0
        return Allowance("throttle_authenticated_api", self.per_minute, len(times), int(reset), wait)

    def takes_note(self, account: str, *, now: float) -> bool:
        """Count a new note; False when it is one too many."""
        times = self._recent(f"notes of {account}", now=now)
        if len(times) >= self.notes_per_minute:
            return False
        times.append(now)
        return True

    def _recent(self, what: str, *, now: float) -> deque[float]:
        times = self._seen.setdefault(what, deque())
        while times and times[0] <= now - _MINUTE:
            times.popleft()
        return times
