"""Health as Argo CD names it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Health(StrEnum):
    """Argo CD's health codes, best first: the order is the rule of aggregation."""

    HEALTHY = "Healthy"
    SUSPENDED = "Suspended"
    PROGRESSING = "Progressing"
    MISSING = "Missing"
    DEGRADED = "Degraded"
    UNKNOWN = "Unknown"

    @property
    def rank(self) -> int:
        """0 for the best."""
        return list(Health).index(self)


@dataclass(frozen=True, slots=True)
class HealthStatus:
    """A health code with the words for a person."""

    status: Health
    message: str = ""
