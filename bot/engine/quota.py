"""What many objects together do to a quota: each dry run is weighed alone, and a sync creates them one after the other.

Source: https://kubernetes.io/docs/concepts/policy/resource-quotas/
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from bot.engine.diff.quantities import quantity
from bot.model.resources import JsonObject, ResourceKey, metadata_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_COUNTED_BY_NAME: Final = frozenset(
    {
        "pods",
        "services",
        "configmaps",
        "secrets",
        "persistentvolumeclaims",
        "replicationcontrollers",
        "resourcequotas",
    }
)
_WITH_NODE_PORTS: Final = frozenset({"NodePort", "LoadBalancer"})
_SHORT_NAMES: Final = ("cpu", "memory", "ephemeral-storage")
"""What a quota may name without `requests.` before it."""


@dataclass(frozen=True, slots=True)
class Created:
    """An object that a sync creates."""

    obj: JsonObject
    """As the API server completes it."""
    resource: str
    """`configmaps` or `deployments.apps`."""


def exceeded(created: Sequence[Created], quotas: Iterable[JsonObject]) -> dict[ResourceKey, str]:
    """Return the API server's words for each object that a quota has no room left for, created in this order.

    Quotas with scopes are left out: they are about some pods only, and which is not known from here.
    """
    by_namespace = _by_namespace(quotas)
    refused: dict[ResourceKey, str] = {}
    for one in created:
        key = ResourceKey.of(one.obj)
        asks = _usage(one)
        rooms = by_namespace.get(key.namespace, [])
        words = next((words for room in rooms if (words := room.refusal(asks))), "")
        if words:
            refused[key] = f'{one.resource} "{key.name}" is forbidden: {words}'
            continue
        for room in rooms:
            room.take(asks)
    return refused


@dataclass(frozen=True, slots=True)
class _Room:
    """One quota, and how much of it is taken."""

    name: str
    hard: dict[str, Fraction]
    used: dict[str, Fraction]
    taken: set[str]
    """What this very sync has taken something of."""

    def refusal(self, asks: Mapping[str, Fraction]) -> str:
        """Return why an object does not fit, when that is for what the sync itself has taken before."""
        over = [
            name
            for name, amount in asks.items()
            if name in self.taken and amount > 0 and self.used.get(name, 0) + amount > self.hard[name]
        ]
        if not over:
            return ""
        told = (
            f"{label}: {','.join(f'{name}={_text(values[name])}' for name in sorted(over))}"
            for label, values in (("requested", asks), ("used", self.used), ("limited", self.hard))
        )
        return f"exceeded quota: {self.name}, {', '.join(told)}"

    def take(self, asks: Mapping[str, Fraction]) -> None:
        """Count an object that was created."""
        for name in asks.keys() & self.hard.keys():
            self.used[name] = self.used.get(name, Fraction()) + asks[name]
            self.taken.add(name)


def _by_namespace(quotas: Iterable[JsonObject]) -> dict[str, list[_Room]]:
    found: dict[str, list[_Room]] = defaultdict(list)
    for quota in quotas:
        spec, status = _mapping(quota.get("spec")), _mapping(quota.get("status"))
        if spec.get("scopes") or spec.get("scopeSelector"):
            continue
        metadata = metadata_of(quota)
        room = _Room(
            name=str(metadata.get("name")),
            hard=_amounts(status.get("hard")),
            used=_amounts(status.get("used")),
            taken=set(),
        )
        found[str(metadata.get("namespace"))].append(room)
    return found


def _usage(created: Created) -> dict[str, Fraction]:
    """Return how much an object takes of everything that a quota can count."""
    one, obj = Fraction(1), created.obj
    usage = {f"count/{created.resource}": one}
    if created.resource in _COUNTED_BY_NAME:
        usage[created.resource] = one
    spec = _mapping(obj.get("spec"))
    match created.resource:
        case "services":
            usage |= _of_service(spec)
        case "persistentvolumeclaims":
            usage |= _of_claim(spec)
        case "pods":
            usage |= _of_pod(spec)
    return usage


def _of_service(spec: JsonObject) -> dict[str, Fraction]:
    kind = spec.get("type")
    ports = spec.get("ports")
    opens = kind in _WITH_NODE_PORTS and spec.get("allocateLoadBalancerNodePorts") is not False
    return {
        "services.loadbalancers": Fraction(kind == "LoadBalancer"),
        "services.nodeports": Fraction(len(ports) if opens and isinstance(ports, list) else 0),
    }


def _of_claim(spec: JsonObject) -> dict[str, Fraction]:
    size = _amounts(_mapping(spec.get("resources")).get("requests")).get("storage", Fraction())
    usage = {"requests.storage": size}
    storage_class = spec.get("storageClassName")
    if storage_class:
        prefix = f"{storage_class}.storageclass.storage.k8s.io/"
        usage |= {f"{prefix}requests.storage": size, f"{prefix}persistentvolumeclaims": Fraction(1)}
    return usage


def _of_pod(spec: JsonObject) -> dict[str, Fraction]:
    """Return what a pod takes: its containers together, or the greediest of those that run before them."""
    usage: dict[str, Fraction] = {}
    for kind in ("requests", "limits"):
        together, before = (_asked(spec.get(part), kind) for part in ("containers", "initContainers"))
        for name in {name for amounts in (*together, *before) for name in amounts}:
            total = sum((amounts.get(name, Fraction()) for amounts in together), Fraction())
            usage[f"{kind}.{name}"] = max([total, *(amounts.get(name, Fraction()) for amounts in before)])
    return usage | {name: usage[f"requests.{name}"] for name in _SHORT_NAMES if f"requests.{name}" in usage}


def _asked(containers: Any, kind: str) -> list[dict[str, Fraction]]:
    listed = containers if isinstance(containers, list) else []
    return [_amounts(_mapping(_mapping(one).get("resources")).get(kind)) for one in listed]


def _amounts(values: Any) -> dict[str, Fraction]:
    amounts = {name: quantity(value) for name, value in _mapping(values).items()}
    return {name: amount for name, amount in amounts.items() if amount is not None}


def _text(amount: Any) -> str:
    return str(amount) if Fraction(amount).denominator == 1 else f"{float(amount):g}"


def _mapping(value: Any) -> JsonObject:
    return value if isinstance(value, dict) else {}
