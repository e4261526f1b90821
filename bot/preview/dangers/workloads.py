"""What runs pods, whatever its kind: anything with a pod template."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.model.resources import ResourceKey
from bot.preview.dangers.fields import kind_of, labels, mapping, mappings, number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.model.resources import JsonObject

_CONTAINERS: Final = ("initContainers", "containers", "ephemeralContainers")
_PODLESS: Final = frozenset({"ConfigMap", "Secret", "Service", "ServiceAccount", "Ingress", "Namespace"})
"""The most frequent kinds of which it is known that they run no pods."""
_SCALED: Final = frozenset({"Deployment", "StatefulSet", "ReplicaSet", "ReplicationController", "Rollout"})
"""Kinds that run one pod when nothing says how many."""


@dataclass(frozen=True, slots=True)
class Workload:
    """An object that runs pods."""

    key: ResourceKey
    labels: dict[str, str]
    """Of its pods."""
    pod: JsonObject
    """The spec of its pods."""
    replicas: int | None
    """None where the number is not the object's to say, as with a DaemonSet."""

    @classmethod
    def of(cls, obj: JsonObject) -> Workload | None:
        """Read `obj` as a workload; None when it runs no pods."""
        template = pod_template(obj)
        if template is None:
            return None
        return cls(
            ResourceKey.of(obj),
            labels(mapping(template, "metadata", "labels")),
            mapping(template, "spec"),
            replicas_of(obj),
        )

    @property
    def runs(self) -> bool:
        """Whether there are any pods."""
        return self.replicas != 0


def may_run_pods(kind: tuple[str, str]) -> bool:
    """Tell whether an object of a kind is worth looking at for its pods."""
    return kind[1] not in _PODLESS


def pod_template(obj: JsonObject) -> JsonObject | None:
    """Return what has the `metadata` and `spec` of the pods that `obj` runs; None when it runs none."""
    group, kind = kind_of(obj)
    spec = mapping(obj, "spec")
    if (group, kind) == ("", "Pod"):
        template = obj
    elif (group, kind) == ("batch", "CronJob"):
        template = mapping(spec, "jobTemplate", "spec", "template")
    else:
        template = mapping(spec, "template")
    return template if mappings(mapping(template, "spec").get("containers")) else None


def replicas_of(obj: JsonObject) -> int | None:
    """Return how many pods `obj` asks for; None where it does not say."""
    group, kind = kind_of(obj)
    if (group, kind) == ("", "Pod"):
        return 1
    said = number(mapping(obj, "spec").get("replicas"))
    return 1 if said is None and kind in _SCALED else said


def containers(pod: JsonObject) -> Iterator[JsonObject]:
    """Yield every container of a pod's spec, those that run first before the others."""
    for field in _CONTAINERS:
        yield from mappings(pod.get(field))


def pods_of(obj: JsonObject) -> int:
    """Return how many pods a live object has, as far as its status tells."""
    status, spec = mapping(obj, "status"), mapping(obj, "spec")
    numbers = (status.get("currentNumberScheduled"), status.get("replicas"), spec.get("replicas"))
    return next((count for count in map(number, numbers) if count is not None), 0)
