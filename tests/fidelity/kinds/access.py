"""Roles and their bindings."""

from __future__ import annotations

from typing import Final

from tests.fidelity.kinds.drawing import Some, in_any_order, maybe, meta, obj, one_of, rarely, some_of

_RULE: Final = obj(
    apiGroups=one_of([""], ["apps", ""]),
    resources=in_any_order("pods", "configmaps"),
    verbs=in_any_order("get", "list", "watch"),
)


def role(name: str) -> Some:
    return obj(apiVersion="rbac.authorization.k8s.io/v1", kind="Role", metadata=meta(name), rules=some_of(_RULE, _RULE))


def cluster_role(name: str) -> Some:
    return obj(
        apiVersion="rbac.authorization.k8s.io/v1",
        kind="ClusterRole",
        metadata=meta(f"APP-{name}"),
        rules=maybe(some_of(_RULE, obj(nonResourceURLs=["/healthz"], verbs=["get"]))),
    )


def _subjects(namespace: str) -> Some:
    return some_of(
        obj(kind="ServiceAccount", name=one_of("web", "api"), namespace=namespace),
        obj(kind="Group", name="team", apiGroup=maybe(one_of("rbac.authorization.k8s.io"))),
    )


def role_binding(name: str) -> Some:
    return obj(
        apiVersion="rbac.authorization.k8s.io/v1",
        kind="RoleBinding",
        metadata=meta(name),
        roleRef=obj(kind="Role", name=rarely("one", "two"), apiGroup="rbac.authorization.k8s.io"),
        subjects=_subjects("default"),
    )


def cluster_role_binding(name: str) -> Some:
    return obj(
        apiVersion="rbac.authorization.k8s.io/v1",
        kind="ClusterRoleBinding",
        metadata=meta(f"APP-{name}"),
        roleRef=obj(kind="ClusterRole", name=rarely("view", "edit"), apiGroup="rbac.authorization.k8s.io"),
        subjects=maybe(_subjects("default")),
    )
