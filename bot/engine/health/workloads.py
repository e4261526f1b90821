"""Health of what keeps pods running: Deployment, ReplicaSet, StatefulSet, DaemonSet.

The conditions are those of `kubectl rollout status`, with Argo CD's codes:
https://github.com/argoproj/argo-cd/tree/master/gitops-engine/pkg/health
"""

from __future__ import annotations

from bot.engine.health.fields import Section
from bot.model.health import Health, HealthStatus


def deployment(obj: Section) -> HealthStatus:
    """Judge a Deployment: paused, stuck at its deadline, rolling out, or fully available."""
    spec, status = obj.section("spec"), obj.section("status")
    if spec.flag("paused"):
        return HealthStatus(Health.SUSPENDED, "Deployment is paused")
    if _is_unobserved(obj):
        return _UNOBSERVED
    if status.condition("Progressing").text("reason") == "ProgressDeadlineExceeded":
        return HealthStatus(Health.DEGRADED, f"{_deadline(spec)}: {_rollout(spec, status).message}")
    return _rollout(spec, status)


def replica_set(obj: Section) -> HealthStatus:
    """Judge a ReplicaSet: unable to create pods, short of available ones, or complete."""
    spec, status = obj.section("spec"), obj.section("status")
    if _is_unobserved(obj):
        return _UNOBSERVED
    if status.holds("ReplicaFailure"):
        return HealthStatus(Health.DEGRADED, f"{_available(spec, status)}{_obstacle(status)}")
    complete = status.count("availableReplicas") >= spec.count("replicas")
    return HealthStatus(Health.HEALTHY if complete else Health.PROGRESSING, _available(spec, status))


def stateful_set(obj: Section) -> HealthStatus:
    """Judge a StatefulSet by its ready pods, then by how far its update strategy wants the new revision."""
    spec, status = obj.section("spec"), obj.section("status")
    # A StatefulSet that no controller has ever looked at has no observed generation, whatever its own is.
    if not status.count("observedGeneration") or _is_unobserved(obj):
        return _UNOBSERVED
    wanted, ready = spec.count("replicas"), status.count("readyReplicas")
    if ready < wanted:
        return HealthStatus(Health.PROGRESSING, f"{ready} of {wanted} pods are ready")
    return _stateful_update(spec, status)


def daemon_set(obj: Section) -> HealthStatus:
    """Judge a DaemonSet by the nodes whose pod is updated and available."""
    spec, status = obj.section("spec"), obj.section("status")
    if _is_unobserved(obj):
        return _UNOBSERVED
    wanted = status.count("desiredNumberScheduled")
    updated, available = status.count("updatedNumberScheduled"), status.count("numberAvailable")
    if spec.section("updateStrategy").text("type") == "OnDelete":
        return HealthStatus(Health.HEALTHY, f"{updated} of {wanted} pods are updated; the others when they are deleted")
    if updated < wanted:
        return HealthStatus(Health.PROGRESSING, f"{updated} of {wanted} pods are updated")
    words = f"{available} of {wanted} pods are available"
    return HealthStatus(Health.PROGRESSING if available < wanted else Health.HEALTHY, words)


_UNOBSERVED = HealthStatus(Health.PROGRESSING, "Waiting for the controller to see the last change")


def _is_unobserved(obj: Section) -> bool:
    return obj.section("metadata").count("generation") > obj.section("status").count("observedGeneration")


def _rollout(spec: Section, status: Section) -> HealthStatus:
    wanted, updated = spec.count("replicas"), status.count("updatedReplicas")
    old = status.count("replicas") - updated
    if updated < wanted:
        return HealthStatus(Health.PROGRESSING, f"{updated} of {wanted} replicas are updated{_obstacle(status)}")
    if old > 0:
        return HealthStatus(Health.PROGRESSING, f"{old} old {_plural('replica', old)} still to end")
    complete = status.count("availableReplicas") >= updated
    return HealthStatus(Health.HEALTHY if complete else Health.PROGRESSING, _available(spec, status))


def _stateful_update(spec: Section, status: Section) -> HealthStatus:
    strategy = spec.section("updateStrategy")
    kind, rolling = strategy.text("type"), strategy.values.get("rollingUpdate")
    wanted, updated = spec.count("replicas"), status.count("updatedReplicas")
    if kind == "RollingUpdate" and rolling is not None:
        new = max(0, wanted - strategy.section("rollingUpdate").count("partition"))
        words = f"{updated} of {new} pods are updated"
        return HealthStatus(Health.PROGRESSING if updated < new else Health.HEALTHY, words)
    if kind == "OnDelete":
        ready = status.count("readyReplicas")
        return HealthStatus(
            Health.HEALTHY, f"{ready} of {wanted} pods are ready; they are updated when they are deleted"
        )
    if status.text("updateRevision") != status.text("currentRevision"):
        return HealthStatus(Health.PROGRESSING, f"{updated} of {wanted} pods are updated")
    return HealthStatus(Health.HEALTHY, f"{status.count('readyReplicas')} of {wanted} pods are ready")


def _available(spec: Section, status: Section) -> str:
    wanted = spec.count("replicas")
    return (
        f"{status.count('availableReplicas')} of {wanted} replicas are available" if wanted else "Scaled to 0 replicas"
    )


def _obstacle(status: Section) -> str:
    """Say why pods cannot be created (a quota, an admission rule): the rule's code does not depend on it."""
    words = status.condition("ReplicaFailure").text("message") if status.holds("ReplicaFailure") else ""
    return f": {words}" if words else ""


def _deadline(spec: Section) -> str:
    seconds = spec.number("progressDeadlineSeconds")
    return "No progress within the deadline" if seconds is None else f"No progress within the deadline of {seconds} s"


def _plural(noun: str, number: int) -> str:
    return noun if number == 1 else f"{noun}s"
