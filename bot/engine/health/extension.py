"""Health of what extends the API: CustomResourceDefinition, APIService."""

from __future__ import annotations

from bot.engine.health.fields import Section
from bot.model.health import Health, HealthStatus


def custom_resource_definition(obj: Section) -> HealthStatus:
    """Judge a definition: its kind is served once it is established."""
    status = obj.section("status")
    if not status.sections("conditions"):
        return HealthStatus(Health.PROGRESSING, "Waiting for the API server to look at the definition")
    if status.holds("Terminating"):
        return HealthStatus(Health.PROGRESSING, f"Definition is being deleted{_because(status, 'Terminating')}")
    if status.condition("NamesAccepted").text("status") == "False":
        return HealthStatus(Health.DEGRADED, f"Names are not accepted{_because(status, 'NamesAccepted')}")
    if status.holds("NonStructuralSchema"):
        return HealthStatus(Health.DEGRADED, f"Schema is not structural{_because(status, 'NonStructuralSchema')}")
    return _establishment(status)


def api_service(obj: Section) -> HealthStatus:
    """Judge an APIService by whether its API answers."""
    available = obj.section("status").condition("Available")
    reason, words = available.text("reason"), available.text("message")
    told = ": ".join(filter(None, (reason, words)))
    if available.text("status") == "True":
        return HealthStatus(Health.HEALTHY, told or "API is available")
    return HealthStatus(Health.PROGRESSING, told or "Waiting for the API to be available")


def _establishment(status: Section) -> HealthStatus:
    if status.holds("Established"):
        return HealthStatus(Health.HEALTHY, "Definition is established")
    if status.condition("Established").text("reason") == "Installing":
        return HealthStatus(Health.PROGRESSING, "Definition is being installed")
    return HealthStatus(Health.DEGRADED, f"Definition is not established{_because(status, 'Established')}")


def _because(status: Section, name: str) -> str:
    words = status.condition(name).text("message")
    return f": {words}" if words else ""
