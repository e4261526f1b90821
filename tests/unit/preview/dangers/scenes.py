"""Changes to one application, told as objects before and after."""

from __future__ import annotations

from typing import Any

from bot.engine.tracking import stamp
from bot.engine.writes import Writes
from bot.model.dangers import Danger
from bot.model.predictions import Prediction, Refusal, ResourceStates
from bot.model.reports import Action, ApplicationReport
from bot.model.resources import JsonObject, ResourceKey
from bot.preview.attribution import Attribution
from bot.preview.dangers import Knowledge, Scene, judged
from bot.preview.redaction import Redactor

OWNER = "shop"
ATTRIBUTION = Attribution(
    instance=OWNER, prunes=True, writes=Writes(("Force=true",)), redactor=Redactor(b"k" * 16), hidden=frozenset
)
IMMUTABLE = Refusal("spec.selector: field is immutable", 422, "Invalid", ("spec.selector",))
NOWHERE = Knowledge()
APIS = {
    "Deployment": "apps/v1",
    "StatefulSet": "apps/v1",
    "DaemonSet": "apps/v1",
    "CronJob": "batch/v1",
    "Job": "batch/v1",
    "Ingress": "networking.k8s.io/v1",
    "NetworkPolicy": "networking.k8s.io/v1",
    "PodDisruptionBudget": "policy/v1",
    "HorizontalPodAutoscaler": "autoscaling/v2",
    "CustomResourceDefinition": "apiextensions.k8s.io/v1",
    **dict.fromkeys(("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"), "rbac.authorization.k8s.io/v1"),
}
CLUSTER_WIDE = {"Namespace", "PersistentVolume", "CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding"}


def obj(kind: str, name: str = "web", *, metadata: dict[str, Any] | None = None, **fields: Any) -> JsonObject:
    place = {} if kind in CLUSTER_WIDE else {"namespace": "shop"}
    api_version = fields.pop("api", APIS.get(kind, "v1"))
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, **place, **(metadata or {})}, **fields}


def workload(
    kind: str = "Deployment", name: str = "web", *, pod: dict[str, Any] | None = None, app: str = "web", **more: Any
) -> JsonObject:
    """Return something that runs pods labelled `app`; `more` goes into its spec, `container` into its container."""
    container = {"name": "main", "image": "shop/web:1.0", **more.pop("container", {})}
    template = {"metadata": {"labels": {"app": app}}, "spec": {"containers": [container], **(pod or {})}}
    return obj(kind, name, spec={"selector": {"matchLabels": {"app": app}}, "template": template, **more})


def service(app: str = "web", name: str = "web", **spec: Any) -> JsonObject:
    return obj("Service", name, spec={"selector": {"app": app}, **spec})


def change(
    before: JsonObject | None = None, after: JsonObject | None = None, *, live: JsonObject | None = None
) -> ResourceStates:
    """Return the states of an object that lives as it is in Git unless `live` says otherwise."""
    base, head = (None if side is None else stamp(side, OWNER) for side in (before, after))
    alive = live if live is not None else base
    known = next(side for side in (alive, base, head) if side is not None)
    return ResourceStates(ResourceKey.of(known), alive, base=_accepted(base), head=_accepted(head))


def _accepted(side: JsonObject | None) -> Prediction | None:
    return None if side is None else Prediction(side, side)


def same(one: JsonObject) -> ResourceStates:
    return change(one, one)


def replaced(before: JsonObject, after: JsonObject) -> ResourceStates:
    """Return the states of an object that can only be deleted and created again."""
    states = change(before, after)
    assert states.head is not None
    refused = Prediction(states.head.manifest, None, refusal=IMMUTABLE)
    return ResourceStates(states.key, states.live, states.base, refused)


def owned(one: JsonObject) -> JsonObject:
    """Return an object with the application's mark where stamping leaves it out."""
    key = ResourceKey.of(one)
    mark = f"{OWNER}:{key.group}/{key.kind}:{key.namespace}/{key.name}"
    metadata = {**one["metadata"], "annotations": {"argocd.argoproj.io/tracking-id": mark}}
    return {**one, "metadata": metadata}


def scene(*objects: ResourceStates, knowledge: Knowledge = NOWHERE, percent: int = 100, **more: Any) -> Scene:
    told = [ATTRIBUTION.report(one) for one in objects]
    shown = tuple(one for one in told if one.affected or one.drift is not Action.NOTHING or one.note)
    report = ApplicationReport("shop", "argocd", "prod", "shop", shown, **more)
    return Scene(report, {one.key: one for one in objects}, knowledge, percent)


BYSTANDER = obj("ConfigMap", "bystander")
"""Keeps the application from becoming empty."""


def dangers(*objects: ResourceStates, **more: Any) -> list[Danger]:
    """Return every danger of a change, those of the application first."""
    return list(judged(scene(*objects, same(BYSTANDER), **more)).all_dangers)


def ids(*objects: ResourceStates, **more: Any) -> list[str]:
    return [danger.id for danger in dangers(*objects, **more)]


def said(*objects: ResourceStates, **more: Any) -> list[str]:
    """Return severity and words of every danger."""
    return [f"{danger.severity}: {danger.words}" for danger in dangers(*objects, **more)]
