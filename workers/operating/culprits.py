"""Why a workload does not get healthy: the reason stands at its pods, not at itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from bot.engine.health import assess
from bot.errors import ForesailError
from bot.model.health import Health
from bot.model.operations import Phase
from bot.model.resources import ResourceType, metadata_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.cluster.objects import Cluster
    from bot.model.operations import OperationState
    from bot.model.resources import JsonObject, ResourceKey

_POD: Final = ResourceType("", "v1", "Pod", "pods", namespaced=True)
_LOOKED_AT: Final = "200"
"""Pods that are looked at; one that fails says what the others would."""


def explained(cluster: Cluster, state: OperationState, live: Mapping[ResourceKey, JsonObject], words: str) -> str:
    """Say first what the pods of the first failed workload say: that is what a person can act on."""
    failed = [result.key for result in state.results if result.phase is Phase.FAILED]
    workload = live.get(failed[0]) if failed else None
    reason = _culprit(cluster, workload) if workload is not None else ""
    if not reason:
        return words
    subject = f"{failed[0]}: "
    return f"{subject}{reason}; {words.removeprefix(subject)}"


def _culprit(cluster: Cluster, workload: JsonObject) -> str:
    """Return what the worst pod of a workload says: `pod web-1: Back-off restarting failed container web`.

    Nothing when there is nothing to say. A cluster that will not tell does not make matters worse.
    """
    spec = workload.get("spec")
    selector = spec.get("selector") if isinstance(spec, dict) else None
    labels = selector.get("matchLabels") if isinstance(selector, dict) else None
    namespace = metadata_of(workload).get("namespace")
    if not isinstance(labels, dict) or not labels or not isinstance(namespace, str):
        return ""
    wanted = ",".join(f"{name}={value}" for name, value in labels.items())
    path = f"/api/v1/namespaces/{quote(namespace, safe='')}/{_POD.plural}"
    try:
        pods = cluster.server.get(path, labelSelector=wanted, limit=_LOOKED_AT).get("items", [])
    except ForesailError:
        return ""
    for state in (Health.DEGRADED, Health.PROGRESSING):
        for pod in pods:
            health = assess({**pod, "apiVersion": "v1", "kind": "Pod"})
            if health is not None and health.status is state and health.message:
                return f"pod {metadata_of(pod).get('name')}: {health.message}"
    return ""
