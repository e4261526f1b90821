"""Health of limits on disruption: PodDisruptionBudget."""

from __future__ import annotations

from bot.engine.health.fields import Section
from bot.model.health import Health, HealthStatus


def pod_disruption_budget(obj: Section) -> HealthStatus:
    """Judge a budget: broken when a condition is False for any reason but too few pods."""
    conditions = obj.section("status").sections("conditions")
    for entry in conditions:
        # A budget that allows no disruption can be meant: https://github.com/argoproj/argo-cd/issues/20171
        if entry.text("status") == "False" and entry.text("reason") != "InsufficientPods":
            told = ": ".join(filter(None, (entry.text("reason"), entry.text("message"))))
            return HealthStatus(Health.DEGRADED, told or f"Condition {entry.text('type')} is False")
    if not conditions:
        return HealthStatus(Health.PROGRESSING, "Waiting for the controller to see the budget")
    allowed = obj.section("status").count("disruptionsAllowed")
    return HealthStatus(
        Health.HEALTHY, f"{allowed} {'disruption is' if allowed == 1 else 'disruptions are'} allowed now"
    )
