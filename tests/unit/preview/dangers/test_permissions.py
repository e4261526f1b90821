"""Permissions that a change gives away."""

from __future__ import annotations

from typing import Any

import pytest

from bot.model.resources import JsonObject
from tests.unit.preview.dangers.scenes import change, ids, obj, said


def role(verbs: str, resources: str, groups: str = "apps", *, kind: str = "ClusterRole", **more: Any) -> JsonObject:
    rule = {"apiGroups": groups.split(","), "resources": resources.split(","), "verbs": verbs.split(","), **more}
    return obj(kind, rules=[rule])


def binding(kind: str, name: str, *, to: str = "cluster-admin", of: str = "ClusterRoleBinding") -> JsonObject:
    reference = {"kind": "ClusterRole", "name": to, "apiGroup": "rbac.authorization.k8s.io"}
    return obj(of, roleRef=reference, subjects=[{"kind": kind, "name": name}])


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (role("*", "*", "*"), "caution: may now do everything with everything in every API group"),
        (role("*", "*", ""), "caution: may now do everything with everything in the core group"),
        (role("*", "*"), "warning: may now do everything with everything in apps"),
        (role("*", "*", "*", kind="Role"), "warning: may now do everything with everything in every API group"),
        (role("*", "deployments"), "warning: may now do everything with deployments in apps"),
        (role("get,list", "*", "*"), "warning: may now get, list everything in every API group"),
        (role("escalate,get", "roles"), "caution: may now escalate roles"),
        (role("impersonate", "users,groups", ""), "caution: may now impersonate users, groups"),
        (
            role("get", "secrets", ""),
            "caution: may now read the Secrets of every namespace, where it is bound to the cluster",
        ),
    ],
)
def test_a_role_that_gains_power_is_told(after: JsonObject, words: str) -> None:
    assert said(change(None, after)) == [words]
    assert said(change(role("get", "pods", kind=after["kind"]), after)) == [words]


@pytest.mark.parametrize(
    "after",
    [
        role("get,list", "deployments"),
        role("get", "secrets", "", kind="Role"),
        role("get", "secrets", "", resourceNames=["one"]),
        role("create", "secrets", ""),
        role("get", "secrets", "apps"),
    ],
)
def test_an_ordinary_role_is_no_danger(after: JsonObject) -> None:
    assert said(change(None, after)) == []


def test_what_a_role_could_before_is_not_told_again() -> None:
    powerful = role("*", "*", "*")

    assert ids(change(powerful, {**powerful, "metadata": {**powerful["metadata"], "labels": {"a": "b"}}})) == []
    assert ids(change(None, {**powerful, "metadata": {**powerful["metadata"], "labels": {}}}, live=powerful)) == []
    assert ids(change(powerful, role("get", "pods"))) == []


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (binding("User", "ann"), "caution: lets User ann do everything in the cluster (cluster-admin)"),
        (
            binding("User", "ann", of="RoleBinding"),
            "warning: lets User ann do everything in the namespace (cluster-admin)",
        ),
        (
            binding("User", "system:anonymous", to="view"),
            "caution: gives ClusterRole view to everybody, signed in or not",
        ),
        (
            binding("Group", "system:authenticated", to="view"),
            "caution: gives ClusterRole view to everybody who is signed in, every ServiceAccount among them",
        ),
    ],
)
def test_a_binding_that_makes_somebody_powerful_is_told(after: JsonObject, words: str) -> None:
    assert said(change(None, after)) == [words]


def test_only_those_who_join_a_binding_are_told() -> None:
    before = binding("User", "ann")
    after = {**before, "subjects": [*before["subjects"], {"kind": "ServiceAccount", "name": "bot", "namespace": "ci"}]}

    assert said(change(before, after)) == [
        "caution: lets ServiceAccount ci/bot do everything in the cluster (cluster-admin)"
    ]
    assert said(change(None, binding("User", "ann", to="view"))) == []


@pytest.mark.parametrize("rules", [None, "x", [None], [{"verbs": "*", "resources": 1}], [{"verbs": [{}]}]])
def test_a_role_of_nonsense_is_no_danger(rules: Any) -> None:
    assert said(change(None, obj("ClusterRole", rules=rules))) == []
