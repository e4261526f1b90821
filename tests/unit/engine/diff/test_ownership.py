"""What the owned fields of a live object prove; the proof meets a real API server in the integration tests."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from bot.engine.diff.ownership import applying_changes_nothing

TCP, UDP = 'k:{"containerPort":53,"protocol":"TCP"}', 'k:{"containerPort":53,"protocol":"UDP"}'
FIELDS: dict[str, Any] = {
    "f:metadata": {"f:labels": {"f:app": {}}, "f:finalizers": {".": {}, 'v:"a"': {}, 'v:"b"': {}}},
    "f:spec": {
        "f:replicas": {},
        "f:selector": {},
        "f:ports": {
            TCP: {".": {}, "f:containerPort": {}},
            UDP: {".": {}, "f:containerPort": {}, "f:protocol": {}},
        },
    },
}
MANIFEST: dict[str, Any] = {
    "apiVersion": "example.com/v1",
    "kind": "Thing",
    "metadata": {"name": "a", "namespace": "shop", "labels": {"app": "web"}, "finalizers": ["a", "b"]},
    "spec": {
        "replicas": 1,
        "selector": {"app": "web"},
        "ports": [{"containerPort": 53}, {"containerPort": 53, "protocol": "UDP"}],
    },
}


def live(**entry: Any) -> dict[str, Any]:
    obj = copy.deepcopy(MANIFEST)
    ours = {"manager": "us", "operation": "Apply", "apiVersion": "example.com/v1", "fieldsV1": FIELDS}
    obj["metadata"] |= {"uid": "u", "managedFields": [{"manager": "you", "operation": "Update"}, ours | entry]}
    spec = obj["spec"]
    spec["ports"] = [{"containerPort": 53, "protocol": "TCP"}, {"containerPort": 53, "protocol": "UDP"}]
    spec["defaulted"] = True
    return obj


def proven(manifest: Any, obj: Any) -> bool:
    return applying_changes_nothing(manifest, obj, manager="us")


def changed(obj: Any, change: Callable[[Any], object]) -> Any:
    copied = copy.deepcopy(obj)
    change(copied)
    return copied


def test_a_manifest_that_owns_what_it_says_changes_nothing() -> None:
    assert proven(MANIFEST, live())


@pytest.mark.parametrize(
    "change",
    [
        lambda obj: obj["spec"].update(replicas=2),
        lambda obj: obj["spec"].update(replicas=True),
        lambda obj: obj["spec"].update(replicas=None),
        lambda obj: obj["spec"].pop("replicas"),
        lambda obj: obj["spec"].update(paused=False),
        lambda obj: obj["spec"].update(paused=None),
        lambda obj: obj["spec"]["selector"].update(tier="x"),
        lambda obj: obj["spec"]["ports"].reverse(),
        lambda obj: obj["spec"]["ports"].pop(),
        lambda obj: obj["spec"]["ports"].append({"containerPort": 54}),
        lambda obj: obj["spec"]["ports"][0].update(protocol=None),
        lambda obj: obj["spec"]["ports"][0].update(name="dns"),
        lambda obj: obj["metadata"]["finalizers"].reverse(),
        lambda obj: obj["metadata"]["labels"].update(tier="x"),
        lambda obj: obj["metadata"].update(annotations={}),
        lambda obj: obj.update(status={}),
        lambda obj: obj.update(kind="Other"),
        lambda obj: obj.update(apiVersion="example.com/v2"),
    ],
)
def test_another_manifest_proves_nothing(change: Callable[[Any], object]) -> None:
    assert not proven(changed(MANIFEST, change), live())


@pytest.mark.parametrize(
    "change",
    [
        lambda obj: obj["spec"].update(replicas=2),
        lambda obj: obj["spec"].pop("replicas"),
        lambda obj: obj["spec"]["selector"].pop("app"),
        lambda obj: obj["spec"]["ports"].reverse(),
        lambda obj: obj["spec"]["ports"].pop(),
        lambda obj: obj["spec"]["ports"].append({"containerPort": 53, "protocol": "UDP"}),
        lambda obj: obj["metadata"].pop("labels"),
        lambda obj: obj["metadata"].pop("managedFields"),
        lambda obj: obj.update(apiVersion="example.com/v2"),
    ],
)
def test_another_live_object_proves_nothing(change: Callable[[Any], object]) -> None:
    assert not proven(MANIFEST, changed(live(), change))


@pytest.mark.parametrize(
    "entry",
    [
        {"manager": "you"},
        {"operation": "Update"},
        {"subresource": "scale"},
        {"apiVersion": "example.com/v2"},
        {"fieldsV1": None},
        {"fieldsV1": {}},
        {"fieldsV1": {**FIELDS, "f:data": {}}},
        {"fieldsV1": {**FIELDS, "f:spec": {**FIELDS["f:spec"], "f:ports": {"i:0": {}, "i:1": {}}}}},
    ],
)
def test_other_owned_fields_prove_nothing(entry: dict[str, Any]) -> None:
    assert not proven(MANIFEST, live(**entry))


@pytest.mark.parametrize(
    "change",
    [
        lambda obj: obj["spec"].update(added={"x": 1}),
        lambda obj: obj["spec"]["ports"].insert(1, {"containerPort": 80, "protocol": "TCP"}),
        lambda obj: obj["spec"]["ports"][0].update(name="dns"),
        lambda obj: obj["metadata"]["labels"].update(theirs="x"),
        lambda obj: obj["metadata"]["finalizers"].insert(0, "c"),
    ],
)
def test_what_others_added_is_left_as_it_is(change: Callable[[Any], object]) -> None:
    assert proven(MANIFEST, changed(live(), change))


def test_a_key_whose_default_may_change_has_to_be_written() -> None:
    fields: dict[str, Any] = {"f:spec": {"f:cargo": {'k:{"deck":"lower","hold":"a"}': {".": {}, "f:hold": {}}}}}
    manifest = {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {}, "spec": {"cargo": [{"hold": "a"}]}}
    entry = {"manager": "us", "operation": "Apply", "apiVersion": "example.com/v1", "fieldsV1": fields}
    obj = {**manifest, "metadata": {"managedFields": [entry]}, "spec": {"cargo": [{"hold": "a", "deck": "lower"}]}}

    assert not proven(manifest, obj)


@pytest.mark.parametrize("hostile", [10**30, float("nan"), {1: 2}, "\ud800"])
def test_a_manifest_that_json_cannot_hold_proves_nothing(hostile: Any) -> None:
    assert not proven(changed(MANIFEST, lambda obj: obj["spec"].update(selector=hostile)), live())
