"""The shop's objects as the API server has them, one line each, and what changed between two looks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.sandbox.demo.shop import NAMESPACE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.model.resources import JsonObject
    from bot.sandbox.stage import Stage

_KINDS: Final = "deployments,statefulsets,services,configmaps,secrets"
_OF_THE_CLUSTER: Final = frozenset({"kube-root-ca.crt"})
_NONE: Final = "none"


@dataclass(frozen=True, slots=True)
class Seen:
    """One object at one moment."""

    words: str
    """What somebody would look at: image and pods, type and port, or the names of its keys."""
    wanted: str
    """All that was asked for; differs when anything of it was changed."""


def look(stage: Stage) -> dict[str, Seen]:
    """Read the shop's objects."""
    found = stage.get(_KINDS, namespace=NAMESPACE) or {"items": []}
    return {
        f"{obj['kind']} {obj['metadata']['name']}": Seen(_words(obj), _wanted(obj))
        for obj in found["items"]
        if obj["metadata"]["name"] not in _OF_THE_CLUSTER
    }


def rows(now: Mapping[str, Seen]) -> list[tuple[str, str]]:
    """Return what is there, a row for each object."""
    return [(name, seen.words) for name, seen in now.items()]


def changes(before: Mapping[str, Seen], after: Mapping[str, Seen]) -> list[tuple[str, str, str, str]]:
    """Return a row for each object that was there before or is there after, with what became of it."""
    return [_change(name, before.get(name), after.get(name)) for name in dict.fromkeys([*before, *after])]


def pods(stage: Stage) -> list[tuple[str, str, str]]:
    """Read the shop's pods: name, image, and the state of the container."""
    found = stage.get("pods", namespace=NAMESPACE) or {"items": []}
    rows = []
    for pod in found["items"]:
        for container in pod.get("status", {}).get("containerStatuses", []):
            state, reasons = next(iter(container["state"].items()))
            rows.append((pod["metadata"]["name"], container["image"], reasons.get("reason") or state))
    return rows


def applications(stage: Stage, namespace: str) -> list[tuple[str, str, str]]:
    """Read the Applications: name, sync status, health."""
    found = stage.get("applications.argoproj.io", namespace=namespace) or {"items": []}
    rows = []
    for application in found["items"]:
        status = application.get("status", {})
        sync, health = (status.get(name, {}).get("status", "Unknown") for name in ("sync", "health"))
        rows.append((application["metadata"]["name"], sync, health))
    return rows


def _change(name: str, before: Seen | None, after: Seen | None) -> tuple[str, str, str, str]:
    if before is None or after is None:
        became = "+ created" if before is None else "− deleted"  # noqa: RUF001 - the minus of the comment
    else:
        became = "" if before.wanted == after.wanted else "~ changed"
    return name, before.words if before else _NONE, after.words if after else _NONE, became


def _words(obj: JsonObject) -> str:
    spec, status = obj.get("spec", {}), obj.get("status", {})
    match obj["kind"]:
        case "Deployment" | "StatefulSet":
            images = ", ".join(container["image"] for container in spec["template"]["spec"]["containers"])
            return f"{images} · {status.get('readyReplicas', 0)}/{spec['replicas']} ready"
        case "Service":
            return f"{spec['type']} · port {', '.join(str(port['port']) for port in spec['ports'])}"
        case "Secret":
            return f"{', '.join(sorted(obj['data']))}: not shown"
        case _:
            return ", ".join(f"{key}: {value}" for key, value in obj.get("data", {}).items())


def _wanted(obj: JsonObject) -> str:
    return repr((obj.get("spec"), obj.get("data")))
