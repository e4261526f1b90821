"""What pods may do to their node."""

from __future__ import annotations

from typing import Any

import pytest

from bot.model.resources import JsonObject
from tests.unit.preview.dangers.scenes import change, ids, obj, said, workload

SOCKET = {"name": "sock", "hostPath": {"path": "/run/containerd.sock"}}


def with_context(**context: Any) -> JsonObject:
    return workload(container={"securityContext": context})


def mounting(*, read_only: bool) -> JsonObject:
    mount = {"name": "sock", "mountPath": "/s", "readOnly": read_only}
    return workload(pod={"volumes": [SOCKET]}, container={"volumeMounts": [mount]})


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (with_context(privileged=True), "caution: runs container main privileged: it is root on its node"),
        (with_context(capabilities={"add": ["SYS_ADMIN"]}), "caution: gives container main the capability SYS_ADMIN"),
        (with_context(capabilities={"add": ["CAP_ALL"]}), "caution: gives container main the capability ALL"),
        (with_context(runAsUser=0), "warning: runs container main as root (runAsUser 0)"),
        (
            workload(pod={"securityContext": {"runAsUser": 0}}),
            "warning: runs its containers as root (runAsUser 0)",
        ),
        (workload(pod={"hostNetwork": True}), "caution: shares the network of its node (hostNetwork)"),
        (workload(pod={"hostPID": True}), "caution: shares the processes of its node (hostPID)"),
        (workload(pod={"hostIPC": True}), "caution: shares the shared memory of its node (hostIPC)"),
        (mounting(read_only=False), "caution: mounts /run/containerd.sock of its node"),
        (mounting(read_only=True), "warning: mounts /run/containerd.sock of its node, to read it"),
    ],
)
def test_a_pod_that_gains_privilege_is_told(after: JsonObject, words: str) -> None:
    assert said(change(None, after)) == [words]
    assert said(change(workload(), after)) == [words]
    assert said(change(after, workload())) == []
    assert said(change(after, {**after, "spec": {**after["spec"], "minReadySeconds": 5}})) == []


@pytest.mark.parametrize(
    "after",
    [
        with_context(privileged=False, runAsUser=1000),
        with_context(capabilities={"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]}),
        workload(pod={"hostNetwork": False}),
        workload(pod={"volumes": [{"name": "x", "emptyDir": {}}]}),
    ],
)
def test_an_ordinary_pod_is_no_danger(after: JsonObject) -> None:
    assert said(change(workload(), after)) == []


@pytest.mark.parametrize(
    ("before", "after", "fires"),
    [
        ({"allowPrivilegeEscalation": False}, {"allowPrivilegeEscalation": True}, True),
        ({"allowPrivilegeEscalation": False}, {}, True),
        ({}, {"allowPrivilegeEscalation": True}, False),
        ({}, {"allowPrivilegeEscalation": False}, False),
        ({"allowPrivilegeEscalation": True}, {"allowPrivilegeEscalation": True, "runAsUser": 5}, False),
    ],
)
def test_escalation_is_told_when_it_is_turned_on(before: dict[str, Any], after: dict[str, Any], *, fires: bool) -> None:
    found = ids(change(with_context(**before), with_context(**after)))

    assert found == (["privilege-escalation"] if fires else [])


def test_a_new_container_that_may_gain_privileges_is_told() -> None:
    assert ids(change(None, with_context(allowPrivilegeEscalation=True))) == ["privilege-escalation"]
    assert ids(change(None, workload())) == []


@pytest.mark.parametrize("kind", ["CronJob", "Job", "DaemonSet", "Pod", "Rollout"])
def test_any_kind_that_runs_pods_is_looked_at(kind: str) -> None:
    mighty = workload(pod={"hostPID": True})
    template = mighty["spec"]["template"]
    made = {
        "CronJob": obj("CronJob", spec={"jobTemplate": {"spec": {"template": template}}}),
        "Pod": obj("Pod", spec=template["spec"]),
        "Rollout": obj("Rollout", spec=mighty["spec"], api="argoproj.io/v1alpha1"),
    }

    assert ids(change(None, made.get(kind, obj(kind, spec=mighty["spec"])))) == ["host-namespace"]


def test_init_containers_count() -> None:
    init = {"name": "prepare", "image": "a:1", "securityContext": {"privileged": True}}

    assert ids(change(None, workload(pod={"initContainers": [init]}))) == ["privileged-container"]


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("restricted", "baseline", ["warning: enforces the level baseline instead of restricted for its pods"]),
        ("baseline", "", ["warning: enforces the level privileged instead of baseline for its pods"]),
        ("baseline", "restricted", []),
        ("", "privileged", []),
    ],
)
def test_a_namespace_that_enforces_less_is_told(before: str, after: str, words: list[str]) -> None:
    def space(level: str) -> JsonObject:
        labels = {"pod-security.kubernetes.io/enforce": level} if level else {}
        return obj("Namespace", "shop", metadata={"labels": labels})

    assert said(change(space(before), space(after))) == words


@pytest.mark.parametrize("pod", [{"volumes": "x"}, {"containers": [5, {"securityContext": []}]}, {"hostPID": "yes"}])
def test_a_pod_of_nonsense_is_no_danger(pod: dict[str, Any]) -> None:
    assert said(change(None, workload(pod=pod))) == []
