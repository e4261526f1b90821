"""Health of claims on storage: PersistentVolumeClaim."""

from __future__ import annotations

from bot.engine.health.fields import Section
from bot.model.health import Health, HealthStatus


def persistent_volume_claim(obj: Section) -> HealthStatus:
    """Judge a claim by its phase."""
    match obj.section("status").text("phase"):
        case "Bound":
            return HealthStatus(Health.HEALTHY, f"Bound to {obj.section('spec').text('volumeName') or 'a volume'}")
        case "Pending":
            return HealthStatus(Health.PROGRESSING, "Waiting for a volume")
        case "Lost":
            return HealthStatus(Health.DEGRADED, "The volume it was bound to is lost")
        case phase:
            return HealthStatus(Health.UNKNOWN, f"Phase is {phase}" if phase else "No phase is reported")
