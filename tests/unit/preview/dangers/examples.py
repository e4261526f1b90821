"""One change for every sort of danger: docs/dangers.md shows what the comment says about each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bot.model.predictions import ResourceStates
from bot.model.resources import JsonObject, ResourceKey
from bot.preview.dangers import Contents, Knowledge, Scene, Volume
from bot.preview.dangers.sorts import Sort
from tests.unit.preview.dangers.scenes import BYSTANDER, change, obj, owned, replaced, same, scene, service, workload

NODE: Final = {"hostPath": {"path": "/var/run/docker.sock"}, "name": "docker"}
ADMIN: Final = {"kind": "ClusterRole", "name": "cluster-admin"}
VIEW: Final = {"kind": "ClusterRole", "name": "view"}
SHIPS: Final = obj(
    "CustomResourceDefinition",
    "ships.harbour.example",
    spec={"group": "harbour.example", "names": {"kind": "Ship"}, "versions": [{"name": "v1beta1", "served": True}]},
)
CLAIM: Final = obj(
    "PersistentVolumeClaim",
    "orders",
    spec={"volumeName": "pvc-7f2c"},
    status={"phase": "Bound", "capacity": {"storage": "20Gi"}},
)
HPA: Final = obj(
    "HorizontalPodAutoscaler",
    spec={"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}, "maxReplicas": 9},
)
KNOWLEDGE: Final = Knowledge(
    version="v1.37.2",
    instances={"ships.harbour.example": 14},
    namespaces={"shop": Contents(pods=12, claims=3)},
    volumes={"pvc-7f2c": Volume("Delete", "20Gi")},
    pods={ResourceKey("", "Service", "shop", "web"): ()},
)


def role(verbs: list[str], resources: list[str], groups: list[str]) -> ResourceStates:
    rules = [{"verbs": verbs, "resources": resources, "apiGroups": groups}]
    return change(None, obj("ClusterRole", "operator", rules=rules))


def binding(reference: dict[str, str], kind: str, name: str) -> ResourceStates:
    granted = obj("ClusterRoleBinding", "ci", roleRef=reference, subjects=[{"kind": kind, "name": name}])
    return change(None, granted)


def gains(**context: Any) -> ResourceStates:
    return change(workload(), workload(container={"securityContext": context}))


def ingress(name: str) -> JsonObject:
    rule = {"host": "shop.example", "http": {"paths": [{"path": "/"}]}}
    return obj("Ingress", name, spec={"rules": [rule]})


def gone(one: JsonObject) -> ResourceStates:
    return change(one, None, live=owned(one))


def enforcing(level: str) -> JsonObject:
    return obj("Namespace", "shop", metadata={"labels": {"pod-security.kubernetes.io/enforce": level}})


_POLICY: Final = obj("NetworkPolicy", "shield", spec={"podSelector": {"matchLabels": {"app": "web"}}})
_BUDGET: Final = obj("PodDisruptionBudget", spec={"maxUnavailable": 0, "selector": {"matchLabels": {"app": "web"}}})
_THEIRS: Final = obj(
    "ConfigMap", metadata={"annotations": {"argocd.argoproj.io/tracking-id": "db:/ConfigMap:shop/web"}}
)
_KEPT: Final = obj("ConfigMap", metadata={"annotations": {"argocd.argoproj.io/sync-options": "Prune=false"}})
_NEEDING: Final = workload(container={"envFrom": [{"configMapRef": {"name": "settings"}}]})
_SERVED: Final = {**SHIPS, "spec": {**SHIPS["spec"], "versions": [{"name": "v1", "served": True}]}}

CHANGES: Final[Mapping[str, tuple[ResourceStates, ...]]] = {
    "namespace-deleted": (gone(obj("Namespace", "shop")),),
    "crd-deleted": (gone(SHIPS),),
    "volume-deleted": (gone(CLAIM),),
    "stateful-set-deleted": (
        change(workload("StatefulSet", "db", replicas=3, volumeClaimTemplates=[{"metadata": {"name": "data"}}])),
    ),
    "replaced-with-downtime": (replaced(workload(replicas=3), workload(replicas=3, app="shop")),),
    "mass-deletion": tuple(change(obj("ConfigMap", name)) for name in ("a", "b", "c")),
    "empty-render": (change(obj("ConfigMap", "a")),),
    "service-without-endpoints": (same(service()), change(workload())),
    "cluster-admin-binding": (binding(ADMIN, "User", "ann"),),
    "public-binding": (binding(VIEW, "Group", "system:authenticated"),),
    "rbac-wildcard": (role(["*"], ["*"], ["*"]),),
    "rbac-escalation": (role(["bind", "escalate"], ["clusterroles"], ["rbac.authorization.k8s.io"]),),
    "rbac-secrets": (role(["get", "list"], ["secrets"], [""]),),
    "privileged-container": (gains(privileged=True),),
    "host-path": (change(workload(), workload(pod={"volumes": [NODE]})),),
    "host-namespace": (change(workload(), workload(pod={"hostNetwork": True})),),
    "added-capability": (gains(capabilities={"add": ["SYS_ADMIN"]}),),
    "pods-deleted": (change(workload(replicas=3)),),
    "service-deleted": (change(service(type="LoadBalancer")),),
    "replaced": (replaced(obj("ConfigMap"), obj("ConfigMap", immutable=True)),),
    "orphaned": (change(_KEPT),),
    "taken-over": (change(None, obj("ConfigMap"), live=_THEIRS),),
    "still-used": (same(_NEEDING), change(obj("ConfigMap", "settings"))),
    "network-policy-removed": (same(workload()), change(_POLICY)),
    "scaled-to-zero": (change(workload(replicas=3), workload(replicas=0)),),
    "selector-changed": (change(service(), service("shop")),),
    "hpa-fights-replicas": (same(HPA), change(workload(), workload(replicas=3))),
    "disruption-budget-blocks": (change(None, _BUDGET), same(workload())),
    "host-claimed-twice": (same(ingress("a")), change(None, ingress("b"))),
    "removed-api": (change(None, obj("DeviceClass", "gpu", api="resource.k8s.io/v1beta1")),),
    "crd-version-removed": (change(SHIPS, _SERVED),),
    "pod-security-lowered": (change(enforcing("restricted"), enforcing("baseline")),),
    "privilege-escalation": (
        change(
            workload(container={"securityContext": {"allowPrivilegeEscalation": False}}),
            workload(container={"securityContext": {"allowPrivilegeEscalation": True}}),
        ),
    ),
    "runs-as-root": (gains(runAsUser=0),),
    "deleted": (change(obj("ConfigMap")),),
    "suspended": (change(obj("CronJob"), obj("CronJob", spec={"suspend": True})),),
    "mutable-tag": (change(None, workload(container={"image": "nginx:latest"})),),
    "finalizer-removed": (change(obj("ConfigMap", metadata={"finalizers": ["example.com/backup"]}), obj("ConfigMap")),),
}
"""By the danger's id."""


def example(sort: Sort) -> Scene:
    """Return a change that brings a danger of this sort."""
    objects = CHANGES[sort.id] if sort.id == "empty-render" else (*CHANGES[sort.id], same(BYSTANDER))
    return scene(*objects, knowledge=KNOWLEDGE, percent=50)
