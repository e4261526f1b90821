"""The table in which all health rules meet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from bot.engine.health import autoscaling, batch, extension, networking, pods, policy, storage, workloads
from bot.engine.health.fields import Section
from bot.engine.hooks import has_hook_finalizer
from bot.errors import Rejected
from bot.model.health import Health, HealthStatus
from bot.model.resources import JsonObject, group_of

Rule: TypeAlias = Callable[[Section], HealthStatus]
"""Judges one object; raises Rejected with the words for a field it cannot read."""

Assess: TypeAlias = Callable[[JsonObject], HealthStatus | None]
"""Judges a live object as `assess` does, which an operator may have added rules to; never raises."""

RULES: Final[Mapping[tuple[str, str], Rule]] = MappingProxyType(
    {
        ("apps", "Deployment"): workloads.deployment,
        ("apps", "ReplicaSet"): workloads.replica_set,
        ("apps", "StatefulSet"): workloads.stateful_set,
        ("apps", "DaemonSet"): workloads.daemon_set,
        ("", "Pod"): pods.pod,
        ("batch", "Job"): batch.job,
        ("batch", "CronJob"): batch.cron_job,
        ("", "Service"): networking.service,
        ("networking.k8s.io", "Ingress"): networking.ingress,
        ("extensions", "Ingress"): networking.ingress,
        ("", "PersistentVolumeClaim"): storage.persistent_volume_claim,
        ("autoscaling", "HorizontalPodAutoscaler"): autoscaling.horizontal_pod_autoscaler,
        ("apiextensions.k8s.io", "CustomResourceDefinition"): extension.custom_resource_definition,
        ("apiregistration.k8s.io", "APIService"): extension.api_service,
        ("policy", "PodDisruptionBudget"): policy.pod_disruption_budget,
    }
)
"""Rules by API group and kind. A kind that is not here has no health, and its application is judged without it."""


def assess(obj: JsonObject) -> HealthStatus | None:
    """Judge a live object; None when nothing is known about the health of its kind.

    Never raises for what is in the object: a field that cannot be read makes it Unknown, with the field's name.
    Source: https://argo-cd.readthedocs.io/en/stable/operator-manual/health/
    """
    live = Section(obj)
    try:
        if _is_being_deleted(live):
            return HealthStatus(Health.PROGRESSING, "Pending deletion")
        rule = RULES.get((group_of(live.text("apiVersion")), live.text("kind")))
        return rule(live) if rule else None
    except Rejected as error:
        return HealthStatus(Health.UNKNOWN, f"Health cannot be judged: {error.message}")


def _is_being_deleted(live: Section) -> bool:
    # A finished hook waits, already deleted, for its result to be recorded: until then its own state counts.
    return bool(live.section("metadata").text("deletionTimestamp")) and not has_hook_finalizer(live.values)
