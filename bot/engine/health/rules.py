"""The table in which all health rules meet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import lru_cache
from types import MappingProxyType
from typing import Final, TypeAlias

from bot.engine.health import autoscaling, batch, extension, networking, pods, policy, storage, workloads
from bot.engine.health.conventions import Family, Rule
from bot.engine.health.fields import Section
from bot.engine.health.generic import standard
from bot.engine.health.kinds import argo, cloud, data, delivery, network, observability, openshift, security, volumes
from bot.engine.hooks import has_hook_finalizer
from bot.errors import Rejected
from bot.model.health import Health, HealthStatus
from bot.model.resources import JsonObject, group_of, metadata_of

_ARGO_CD: Final = "https://argo-cd.readthedocs.io/en/stable/operator-manual/health/"

Assess: TypeAlias = Callable[[JsonObject], HealthStatus | None]
"""Judges a live object as `assess` does, which an operator may have added rules to; never raises."""

BUILT_IN: Final = (
    Family(
        "",
        {
            "Pod": pods.pod,
            "Service": networking.service,
            "PersistentVolumeClaim": storage.persistent_volume_claim,
        },
        _ARGO_CD,
    ),
    Family(
        "apps",
        {
            "Deployment": workloads.deployment,
            "ReplicaSet": workloads.replica_set,
            "StatefulSet": workloads.stateful_set,
            "DaemonSet": workloads.daemon_set,
        },
        _ARGO_CD,
    ),
    Family("batch", {"Job": batch.job, "CronJob": batch.cron_job}, _ARGO_CD),
    Family("networking.k8s.io", {"Ingress": networking.ingress}, _ARGO_CD),
    Family("extensions", {"Ingress": networking.ingress}, _ARGO_CD),
    Family("autoscaling", {"HorizontalPodAutoscaler": autoscaling.horizontal_pod_autoscaler}, _ARGO_CD),
    Family("policy", {"PodDisruptionBudget": policy.pod_disruption_budget}, _ARGO_CD),
    Family("apiextensions.k8s.io", {"CustomResourceDefinition": extension.custom_resource_definition}, _ARGO_CD),
    Family("apiregistration.k8s.io", {"APIService": extension.api_service}, _ARGO_CD),
)
"""Kinds of Kubernetes itself."""

FAMILIES: Final[tuple[Family, ...]] = (
    *BUILT_IN,
    *argo.FAMILIES,
    *delivery.FAMILIES,
    *network.FAMILIES,
    *security.FAMILIES,
    *cloud.FAMILIES,
    *openshift.FAMILIES,
    *data.FAMILIES,
    *volumes.FAMILIES,
    *observability.FAMILIES,
)
"""Every kind that something is known about. Of groups with `*` the first that fits counts."""

_EXACT: Final = MappingProxyType(
    {
        (family.group, kind): rule
        for family in FAMILIES
        for kind, rule in family.kinds.items()
        if "*" not in family.group
    }
)
_WILD: Final = tuple(family for family in FAMILIES if "*" in family.group)


@lru_cache(maxsize=1024)
def rule_of(group: str, kind: str) -> Rule | None:
    """Return the rule of a kind, the most exact one; None where there is none."""
    exact = _EXACT.get((group, kind)) or _EXACT.get((group, "*"))
    if exact is not None:
        return exact
    found = (family.kinds.get(kind) or family.kinds.get("*") for family in _WILD if fnmatchcase(group, family.group))
    return next(filter(None, found), None)


def assess(obj: JsonObject) -> HealthStatus | None:
    """Judge a live object; None when nothing is known about the health of its kind.

    Never raises for what is in the object: a field that cannot be read makes it Unknown, with the field's name.
    Source: https://argo-cd.readthedocs.io/en/stable/operator-manual/health/
    """
    live = Section(obj)
    try:
        if is_being_deleted(obj):
            return HealthStatus(Health.PROGRESSING, "Pending deletion")
        rule = rule_of(group_of(live.text("apiVersion")), live.text("kind"))
        found = rule(live) if rule is not None else standard(live)
        # Of a condition without even a type there is nothing to tell.
        return found if found is None or found.message else replace(found, message="Its status has no words for it")
    except Rejected as error:
        return HealthStatus(Health.UNKNOWN, f"Health cannot be judged: {error.message}")


def is_being_deleted(obj: JsonObject) -> bool:
    """Tell whether an object is on its way out, whatever else it says."""
    # A finished hook waits, already deleted, for its result to be recorded: until then its own state counts.
    return bool(metadata_of(obj).get("deletionTimestamp")) and not has_hook_finalizer(obj)
