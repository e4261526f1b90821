"""Health of what runs pods to their end: Job, CronJob."""

from __future__ import annotations

from bot.engine.health.fields import Section
from bot.model.health import Health, HealthStatus


def job(obj: Section) -> HealthStatus:
    """Judge a Job by its conditions: failed, suspended, complete, or still at it.

    Argo CD also takes `Suspended=False`, a Job that was resumed and runs, for healthy; here it is progressing.
    """
    spec, status = obj.section("spec"), obj.section("status")
    if status.holds("Failed"):
        return HealthStatus(Health.DEGRADED, _words(status, "Failed") or "Job failed")
    if status.holds("Suspended"):
        return HealthStatus(Health.SUSPENDED, _words(status, "Suspended") or "Job is suspended")
    if status.holds("Complete"):
        return HealthStatus(Health.HEALTHY, _words(status, "Complete") or "Job is complete")
    wanted = spec.number("completions")
    done = f" of {wanted}" if wanted is not None else ""
    return HealthStatus(Health.PROGRESSING, f"{status.count('succeeded')}{done} completions so far")


def cron_job(obj: Section) -> HealthStatus:
    """Judge a CronJob by its last run, as far as its status tells."""
    if obj.section("spec").flag("suspend"):
        # Healthy, not Suspended: https://github.com/argoproj/argo-cd/issues/24428
        return HealthStatus(Health.HEALTHY, "CronJob is suspended")
    if obj.values.get("status") is None:
        return HealthStatus(Health.PROGRESSING, "Waiting for the controller to see the CronJob")
    return _last_run(obj.section("status"))


def _last_run(status: Section) -> HealthStatus:
    scheduled, succeeded = status.text("lastScheduleTime"), status.text("lastSuccessfulTime")
    if not scheduled:
        return HealthStatus(Health.HEALTHY, "No run was due yet")
    if not succeeded:
        return HealthStatus(Health.HEALTHY, "No run has succeeded yet")
    if status.sections("active"):
        # A run under way says nothing about the one before: https://github.com/argoproj/argo-cd/issues/24429
        return HealthStatus(Health.HEALTHY, "A run is under way")
    # Both are RFC 3339 in UTC to the second, so their texts order as their times do.
    if succeeded < scheduled:
        return HealthStatus(Health.DEGRADED, f"The run of {scheduled} did not succeed")
    return HealthStatus(Health.HEALTHY, f"The run of {scheduled} succeeded")


def _words(status: Section, name: str) -> str:
    return status.condition(name).text("message")
