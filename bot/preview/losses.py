"""What goes away together with an object, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bot.model.reports import counted
from bot.model.resources import group_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.model.predictions import Refusal
    from bot.model.resources import JsonObject


def lost_with(obj: JsonObject) -> str:
    """Return what is lost when the live object `obj` is deleted; empty when it is the object alone."""
    rule = _RULES.get((group_of(str(obj.get("apiVersion"))), str(obj.get("kind"))))
    return rule(obj) if rule is not None else ""


def in_place(refusal: Refusal) -> str:
    """Return why an object cannot be changed in place, naming the fields."""
    fields = refusal.immutable_fields
    return f"cannot be changed in place ({', '.join(fields)} {'is' if len(fields) == 1 else 'are'} immutable)"


def replacement(refusal: Refusal, live: JsonObject | None) -> str:
    """Return why an object has to be replaced, and what is lost with the one that is there."""
    lost = lost_with(live) if live is not None else ""
    return f"{in_place(refusal)}: deleted, then created again{f'; {lost}' if lost else ''}"


def recreation(live: JsonObject | None) -> str:
    """Return why an object is replaced by every sync, and what is lost with the one that is there."""
    lost = lost_with(live) if live is not None else ""
    return f"Replace=true with Force=true: every sync deletes it and creates it again{f'; {lost}' if lost else ''}"


def pods_lost(obj: JsonObject) -> str:
    """Return how many pods go away with a workload, in words; nothing when it has none."""
    status, spec = _mapping(obj.get("status")), _mapping(obj.get("spec"))
    numbers = (status.get("currentNumberScheduled"), status.get("replicas"), spec.get("replicas"))
    count = next((number for number in numbers if isinstance(number, int)), 0)
    return f"{counted(count, 'pod')} {'go' if count > 1 else 'goes'} away at once" if count > 0 else ""


def address_lost(obj: JsonObject) -> str:
    """Return which addresses go away with a Service, in words."""
    spec = _mapping(obj.get("spec"))
    if spec.get("type") == "LoadBalancer":
        return "its cluster IP and its external address are given up"
    return "" if spec.get("clusterIP") in {None, "", "None"} else "its cluster IP is given up"


def _mapping(value: Any) -> JsonObject:
    return value if isinstance(value, dict) else {}


_RULES: Final[dict[tuple[str, str], Callable[[JsonObject], str]]] = {
    ("apps", "Deployment"): pods_lost,
    ("apps", "StatefulSet"): pods_lost,
    ("apps", "DaemonSet"): pods_lost,
    ("apps", "ReplicaSet"): pods_lost,
    ("", "Service"): address_lost,
    ("", "Namespace"): lambda _: "everything in it is deleted with it",
    ("", "PersistentVolumeClaim"): lambda _: "the data on its volume may be deleted with it",
    ("apiextensions.k8s.io", "CustomResourceDefinition"): lambda _: "every object of its kind is deleted with it",
}
