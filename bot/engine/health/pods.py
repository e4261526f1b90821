"""Health of a Pod."""

from __future__ import annotations

from typing import Final

from bot.engine.health.fields import Section
from bot.engine.hooks import is_hook
from bot.model.health import Health, HealthStatus
from bot.model.resources import annotations_of

IGNORE_RESTART_POLICY: Final = "argocd.argoproj.io/ignore-restart-policy"
"""`true` on a pod that is not a hook: judge it as a long-running one whatever its restart policy says."""


def pod(obj: Section) -> HealthStatus:
    """Judge a Pod: a long-running one by readiness and waiting containers, a finite one by its end.

    Waiting containers do not fail a finite pod: it may be a hook, which would then be given up
    although it runs as soon as, say, its image can be pulled.
    """
    status = obj.section("status")
    if _is_long_running(obj) and (stuck := _stuck_containers(status)):
        return HealthStatus(Health.DEGRADED, "; ".join(stuck))
    match status.text("phase"):
        case "Pending":
            return HealthStatus(Health.PROGRESSING, _why_pending(status))
        case "Succeeded":
            return HealthStatus(Health.HEALTHY, status.text("message") or "Ran to completion")
        case "Failed":
            return HealthStatus(Health.DEGRADED, _why_failed(status))
        case "Running":
            return _running(obj)
        case phase:
            return HealthStatus(Health.UNKNOWN, f"Phase is {phase}" if phase else "No phase is reported")


def _is_long_running(obj: Section) -> bool:
    asked = annotations_of(obj.values).get(IGNORE_RESTART_POLICY) == "true"
    return obj.section("spec").text("restartPolicy") == "Always" or (asked and not is_hook(obj.values))


def _running(obj: Section) -> HealthStatus:
    status = obj.section("status")
    if not _is_long_running(obj):
        if obj.section("spec").text("restartPolicy") in {"OnFailure", "Never"}:
            return HealthStatus(Health.PROGRESSING, "Waiting for the pod to end")
        return HealthStatus(Health.UNKNOWN, "No restart policy is reported")
    containers = status.sections("containerStatuses")
    ready = f"{sum(entry.flag('ready') for entry in containers)} of {len(containers)} containers are ready"
    if status.holds("Ready"):
        return HealthStatus(Health.HEALTHY, status.text("message") or ready)
    for entry in containers:
        if ended := _end_of(entry.section("lastState")):
            return HealthStatus(Health.DEGRADED, f"Container {entry.text('name')} is not ready, last {ended}")
    return HealthStatus(Health.PROGRESSING, status.text("message") or ready)


def _stuck_containers(status: Section) -> list[str]:
    waiting = ((entry, entry.section("state").section("waiting")) for entry in status.sections("containerStatuses"))
    return [_stuck(entry, state) for entry, state in waiting if _is_stuck(state.text("reason"))]


def _is_stuck(reason: str) -> bool:
    return reason.startswith("Err") or reason.endswith(("Error", "BackOff"))


def _stuck(entry: Section, waiting: Section) -> str:
    name, reason, words = entry.text("name"), waiting.text("reason"), waiting.text("message")
    if reason == "CrashLoopBackOff":
        # The kubelet's own words name the pod's UID and a delay that changes with every try.
        ended = _end_of(entry.section("lastState"))
        return f"Back-off restarting failed container {name} ({reason})" + (f", last {ended}" if ended else "")
    return f"Container {name} cannot start ({reason})" + (f": {words}" if words else "")


def _why_pending(status: Section) -> str:
    if words := status.text("message"):
        return words
    scheduled = status.condition("PodScheduled")
    if scheduled.text("status") == "False" and scheduled.text("message"):
        return f"Not scheduled: {scheduled.text('message')}"
    for entry in (*status.sections("initContainerStatuses"), *status.sections("containerStatuses")):
        if reason := entry.section("state").section("waiting").text("reason"):
            return f"Waiting for container {entry.text('name')} ({reason})"
    return "Waiting to start"


def _why_failed(status: Section) -> str:
    if words := status.text("message"):
        return words
    for entry in (*status.sections("initContainerStatuses"), *status.sections("containerStatuses")):
        terminated = entry.section("state").section("terminated")
        if terminated.count("exitCode") or terminated.text("reason") == "OOMKilled":
            words = terminated.text("message")
            ended = _end_of(entry.section("state"))
            return f"Container {entry.text('name')} failed with {ended}" + (f": {words}" if words else "")
    return status.text("reason") or "Failed without a reported reason"


def _end_of(state: Section) -> str:
    """Say how a container ended, nothing when it did not."""
    if state.values.get("terminated") is None:
        return ""
    terminated = state.section("terminated")
    out_of_memory = " (out of memory)" if terminated.text("reason") == "OOMKilled" else ""
    return f"exit code {terminated.count('exitCode')}{out_of_memory}"
