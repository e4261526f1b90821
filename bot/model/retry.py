"""How often, and how soon, a sync that failed is tried again, in Argo CD's shape (`RetryStrategy`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from bot.model.resources import JsonObject

_DURATION: Final = "5s"
_FACTOR: Final = 2
_MOST: Final = "3m"
"""Argo CD's defaults (`application_defaults.go`)."""


@dataclass(frozen=True, slots=True)
class Retry:
    """A strategy as `.operation.retry` and `syncPolicy.retry` hold it; none by default."""

    limit: int = 0
    """Attempts beyond the first; below 0: without end."""
    duration: str = _DURATION
    """Before the second attempt: `5s`, or seconds."""
    factor: int = _FACTOR
    max_duration: str = _MOST
    """Between two attempts; `0`: there is no longest."""
    refresh: bool = False
    """Whether another attempt is made at the newest revision."""

    @classmethod
    def parse(cls, wire: Any) -> Retry:
        """Read one; what is no strategy is none."""
        fields = wire if isinstance(wire, dict) else {}
        backoff = fields.get("backoff")
        backoff = backoff if isinstance(backoff, dict) else {}
        factor = backoff.get("factor")
        return cls(
            limit=_whole(fields.get("limit"), 0),
            duration=str(backoff.get("duration") or _DURATION),
            factor=_whole(factor, _FACTOR),
            max_duration=str(backoff.get("maxDuration") or _MOST),
            refresh=fields.get("refresh") is True,
        )

    def to_wire(self) -> JsonObject | None:
        """Return it as Argo CD has it; None for the usual one, that nothing is tried again."""
        if self == Retry():
            return None
        backoff = {"duration": self.duration, "factor": self.factor, "maxDuration": self.max_duration}
        return {"limit": self.limit, "backoff": backoff, "refresh": self.refresh or None}

    def allows(self, count: int) -> bool:
        """Whether another attempt may follow `count` of them beyond the first."""
        return self.limit < 0 or count < self.limit


def _whole(value: Any, otherwise: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else otherwise
