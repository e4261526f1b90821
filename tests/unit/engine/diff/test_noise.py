"""What is written otherwise and means the same is no change; everything else is one."""

from __future__ import annotations

from typing import Any

import pytest

from bot.engine.diff.equality import same
from bot.engine.diff.noise import meant


def of_kind(kind: str, **fields: Any) -> dict[str, Any]:
    api_version, _, name = kind.rpartition("/")
    return {"apiVersion": api_version, "kind": name, "metadata": {"name": "x"}, **fields}


def pod(**spec: Any) -> dict[str, Any]:
    return of_kind("v1/Pod", spec=spec)


def container(**fields: Any) -> dict[str, Any]:
    return pod(containers=[{"name": "web", **fields}])


def resources(**amounts: Any) -> dict[str, Any]:
    return container(resources={"requests": amounts})


def finalized(*names: str) -> dict[str, Any]:
    return {**pod(), "metadata": {"name": "x", "finalizers": list(names)}}


def ship(**spec: Any) -> dict[str, Any]:
    return of_kind("x.io/v1/Ship", spec=spec)


def flux(**spec: Any) -> dict[str, Any]:
    return of_kind("kustomize.toolkit.fluxcd.io/v1/Kustomization", spec=spec)


A, B = {"name": "A"}, {"name": "B"}
MOUNTS = [{"mountPath": "/a", "name": "a"}, {"mountPath": "/b", "name": "b"}]

SAME = {
    "requests": (resources(cpu="1000m"), resources(cpu="1")),
    "an extended resource": (resources(**{"x.io/gpu": "1k"}), resources(**{"x.io/gpu": 1000})),
    "requests in a custom resource": (
        ship(resources={"limits": {"memory": "1Gi"}}),
        ship(resources={"limits": {"memory": "1024Mi"}}),
    ),
    "quota": (
        of_kind("v1/ResourceQuota", spec={"hard": {"pods": "1k"}}),
        of_kind("v1/ResourceQuota", spec={"hard": {"pods": "1000"}}),
    ),
    "limit range": (
        of_kind("v1/LimitRange", spec={"limits": [{"max": {"cpu": "1000m"}}]}),
        of_kind("v1/LimitRange", spec={"limits": [{"max": {"cpu": 1}}]}),
    ),
    "capacity": (
        of_kind("v1/PersistentVolume", spec={"capacity": {"storage": "1Gi"}}),
        of_kind("v1/PersistentVolume", spec={"capacity": {"storage": "1024Mi"}}),
    ),
    "empty folder": (
        pod(volumes=[{"name": "v", "emptyDir": {"sizeLimit": "1Gi"}}]),
        pod(volumes=[{"name": "v", "emptyDir": {"sizeLimit": "1024Mi"}}]),
    ),
    "autoscaler": (
        of_kind(
            "autoscaling/v2/HorizontalPodAutoscaler", spec={"metrics": [{"pods": {"target": {"averageValue": "1k"}}}]}
        ),
        of_kind(
            "autoscaling/v2/HorizontalPodAutoscaler", spec={"metrics": [{"pods": {"target": {"averageValue": "1000"}}}]}
        ),
    ),
    "claim": (
        of_kind("v1/PersistentVolumeClaim", spec={"resources": {"requests": {"storage": "1Gi"}}}),
        of_kind("v1/PersistentVolumeClaim", spec={"resources": {"requests": {"storage": "1024Mi"}}}),
    ),
    "interval": (flux(interval="60s"), flux(interval="1m0s")),
    "order of finalizers": (finalized("a", "b"), finalized("b", "a")),
    "order of mounts": (container(volumeMounts=MOUNTS), container(volumeMounts=MOUNTS[::-1])),
    "order of ports": (
        of_kind("v1/Service", spec={"ports": [{"port": 1}, {"port": 2}]}),
        of_kind("v1/Service", spec={"ports": [{"port": 2}, {"port": 1}]}),
    ),
}

DIFFERENT = {
    "an amount": (resources(cpu="1000m"), resources(cpu="2")),
    "an amount beside one that is written otherwise": (
        resources(cpu="1", memory="1G"),
        resources(cpu="1000m", memory="1Gi"),
    ),
    "an image that looks like an amount": (container(image="1000m"), container(image="1")),
    "an argument": (container(args=["60s"]), container(args=["1m0s"])),
    "data": (of_kind("v1/ConfigMap", data={"cpu": "1"}), of_kind("v1/ConfigMap", data={"cpu": "1000m"})),
    "data that has the shape of requests": (
        ship(resources={"requests": {"weight": "1"}}),
        ship(resources={"requests": {"weight": "1000m"}}),
    ),
    "another kind's hard": (ship(hard={"cpu": "1"}), ship(hard={"cpu": "1000m"})),
    "another kind's interval": (ship(interval="60s"), ship(interval="1m")),
    "order of variables": (container(env=[A, B]), container(env=[B, A])),
    "order of containers": (pod(initContainers=[A, B]), pod(initContainers=[B, A])),
    "order of arguments": (container(args=["a", "b"]), container(args=["b", "a"])),
    "order in a custom resource": (ship(ports=[A, B]), ship(ports=[B, A])),
    "a finalizer": (finalized("a", "b"), finalized("b", "c")),
    "a version of the kind": (of_kind("batch/v1/Job"), of_kind("batch/v1beta1/Job")),
    "number and truth": (ship(on=1), ship(on=True)),
    "text and number": (ship(size="1"), ship(size=1)),
}


@pytest.mark.parametrize("name", SAME)
def test_what_means_the_same_is_written_as_before(name: str) -> None:
    before, after = SAME[name]
    assert not same(before, after)
    assert same(before, meant(before, after))
    assert same(after, meant(after, before))


@pytest.mark.parametrize("name", DIFFERENT)
def test_what_means_something_else_is_a_change(name: str) -> None:
    before, after = DIFFERENT[name]
    assert not same(before, meant(before, after))


def test_only_what_changes_is_left_to_be_shown() -> None:
    before, after = resources(cpu="1000m", memory="1Gi"), resources(cpu="1", memory="2Gi")
    assert meant(before, after) == resources(cpu="1000m", memory="2Gi")


def test_what_is_new_in_a_set_stands_behind_what_was_there() -> None:
    assert meant(finalized("a", "b"), finalized("c", "b", "a")) == finalized("a", "b", "c")


def test_a_set_in_its_old_order_keeps_what_is_new_in_its_place() -> None:
    after = finalized("a", "new", "b")
    assert meant(finalized("a", "b"), after) is after


def test_objects_are_never_changed_in_place_and_equal_ones_are_the_very_same() -> None:
    before, after = resources(cpu="1000m"), resources(cpu="1")
    meant(before, after)
    assert after == resources(cpu="1")
    assert meant(before, before) is before


def test_amounts_are_matched_by_the_element_they_belong_to() -> None:
    def two(*pairs: tuple[str, str]) -> dict[str, Any]:
        return pod(containers=[{"name": name, "resources": {"limits": {"cpu": cpu}}} for name, cpu in pairs])

    before, after = two(("a", "1"), ("b", "2")), two(("b", "2000m"), ("a", "1000m"))
    assert meant(before, after) == two(("b", "2"), ("a", "1"))


def test_what_is_nested_too_deep_to_be_shown_is_left_as_it_is() -> None:
    one: Any = 1
    other: Any = 2
    for _ in range(900):
        one, other = {"a": one, "b": 1}, {"a": other, "b": 1}
    after = ship(deep=other)
    assert meant(ship(deep=one), after) is after
