"""What controllers and kubelets would write, for whoever waits for them: all is well at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from bot.cluster.objects import Cluster, object_path
from bot.engine.health.rules import assess
from bot.model.health import Health
from bot.model.resources import JsonObject, ResourceKey, metadata_of

_NOW: Final = "2026-01-01T00:00:00Z"
_DONE: Final = [
    {"type": kind, "status": "True", "lastTransitionTime": _NOW} for kind in ("SuccessCriteriaMet", "Complete")
]


def _replicas(obj: JsonObject) -> JsonObject:
    replicas: int = obj["spec"].get("replicas", 1)
    names = ("replicas", "readyReplicas", "availableReplicas", "updatedReplicas")
    return {"observedGeneration": metadata_of(obj)["generation"], **dict.fromkeys(names, replicas)}


def _daemons(obj: JsonObject) -> JsonObject:
    names = ("currentNumberScheduled", "desiredNumberScheduled", "updatedNumberScheduled", "numberAvailable")
    counts: dict[str, Any] = dict.fromkeys((*names, "numberReady"), 1)
    return {"observedGeneration": metadata_of(obj)["generation"], "numberMisscheduled": 0, **counts}


def _job(obj: JsonObject) -> JsonObject:
    count = obj["spec"].get("completions", 1)
    ends = {"startTime": _NOW, "completionTime": _NOW}
    return {**ends, "succeeded": count, "conditions": _DONE, "uncountedTerminatedPods": {}}


def _claim(obj: JsonObject) -> JsonObject:
    requested = obj["spec"]["resources"]["requests"]
    return {"phase": "Bound", "capacity": requested, "accessModes": obj["spec"]["accessModes"]}


def _condition(kind: str) -> JsonObject:
    return {"type": kind, "status": "True", "reason": "Fine", "message": "fine", "lastTransitionTime": _NOW}


_STATUSES: Final[Mapping[tuple[str, str], tuple[str, Callable[[JsonObject], JsonObject]]]] = {
    ("", "Pod"): ("v1", lambda _: {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}),
    ("apps", "Deployment"): ("apps/v1", _replicas),
    ("apps", "StatefulSet"): ("apps/v1", _replicas),
    ("apps", "DaemonSet"): ("apps/v1", _daemons),
    ("batch", "Job"): ("batch/v1", _job),
    ("batch", "CronJob"): ("batch/v1", lambda _: {"lastScheduleTime": _NOW, "lastSuccessfulTime": _NOW}),
    ("", "Service"): ("v1", lambda _: {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}),
    ("", "PersistentVolumeClaim"): ("v1", _claim),
    ("networking.k8s.io", "Ingress"): (
        "networking.k8s.io/v1",
        lambda _: {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}},
    ),
    ("autoscaling", "HorizontalPodAutoscaler"): (
        "autoscaling/v2",
        lambda _: {"desiredReplicas": 1, "conditions": [_condition("AbleToScale")]},
    ),
    ("policy", "PodDisruptionBudget"): ("policy/v1", lambda _: {"conditions": [_condition("DisruptionAllowed")]}),
}


def make_healthy(cluster: Cluster, keys: list[ResourceKey]) -> bool:
    """Write the status of everything among these objects that is not healthy yet; False when there is nothing."""
    wanted = [
        {
            "apiVersion": _STATUSES[key.group, key.kind][0],
            "kind": key.kind,
            "metadata": {"name": key.name, "namespace": key.namespace},
        }
        for key in keys
        if (key.group, key.kind) in _STATUSES
    ]
    found = False
    for key, obj in cluster.live(wanted).items():
        health = assess(obj)
        if health is None or health.status is not Health.PROGRESSING or "deletionTimestamp" in metadata_of(obj):
            continue
        status = _STATUSES[key.group, key.kind][1](obj)
        path = object_path(cluster.discovery.find(obj), namespace=key.namespace, name=key.name)
        headers = {"Content-Type": "application/merge-patch+json"}
        query = {"fieldManager": "kube-controller-manager"}
        cluster.server.request("PATCH", f"{path}/status", body={"status": status}, query=query, headers=headers)
        found = True
    return found
