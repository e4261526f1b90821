"""Health of ways to reach pods: Service, Ingress."""

from __future__ import annotations

from bot.engine.health.fields import Section
from bot.model.health import Health, HealthStatus


def service(obj: Section) -> HealthStatus:
    """Judge a Service: one of type LoadBalancer needs an address, any other is healthy at once."""
    if obj.section("spec").text("type") == "LoadBalancer":
        return _load_balancer(obj)
    return HealthStatus(Health.HEALTHY, "Service exists")


def ingress(obj: Section) -> HealthStatus:
    """Judge an Ingress: it needs an address."""
    return _load_balancer(obj)


def _load_balancer(obj: Section) -> HealthStatus:
    points = obj.section("status").section("loadBalancer").sections("ingress")
    if not points:
        return HealthStatus(Health.PROGRESSING, "Waiting for a load balancer's address")
    addresses = ", ".join(filter(None, (point.text("hostname") or point.text("ip") for point in points)))
    return HealthStatus(Health.HEALTHY, f"Reachable at {addresses}" if addresses else "A load balancer is assigned")
