from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from bot.engine.health import assess
from bot.engine.health.rules import FAMILIES
from bot.model.health import Health, HealthStatus
from bot.model.resources import JsonObject

NONSENSE: tuple[object, ...] = (None, True, -1, 1.5, "", "x", [], [None], ["x"], [{}], {}, {"x": [{}]})
KINDS = [(family.group.replace("*", "x"), kind.replace("*", "X")) for family in FAMILIES for kind in family.kinds]
FIELDS = ("metadata", "spec", "status")
NESTED = (
    ("metadata", "generation"),
    ("metadata", "annotations"),
    ("metadata", "finalizers"),
    ("metadata", "deletionTimestamp"),
    ("spec", "replicas"),
    ("spec", "type"),
    ("spec", "updateStrategy"),
    ("spec", "restartPolicy"),
    ("status", "conditions"),
    ("status", "phase"),
    ("status", "containerStatuses"),
    ("status", "loadBalancer"),
    ("status", "active"),
    ("status", "lastScheduleTime"),
    ("status", "observedGeneration"),
    ("status", "state"),
    ("status", "status"),
    ("status", "health"),
    ("status", "statuses"),
    ("status", "parents"),
    ("status", "ancestors"),
    ("status", "ingress"),
    ("status", "racks"),
    ("status", "value"),
    ("status", "brokersState"),
    ("status", "executorState"),
    ("status", "aggregatedStatus"),
    ("status", "compliancyDetails"),
    ("metadata", "labels"),
)


def empty(group: str, kind: str) -> JsonObject:
    return {"apiVersion": f"{group}/v1" if group else "v1", "kind": kind, "metadata": {"name": "x"}}


def broken(obj: JsonObject) -> Iterator[JsonObject]:
    for field, value in itertools.product(FIELDS, NONSENSE):
        yield {**obj, field: value}
    for (outer, inner), value in itertools.product(NESTED, NONSENSE):
        yield {**obj, outer: {**obj.get(outer, {}), inner: value}}


@pytest.mark.parametrize(("group", "kind"), KINDS)
def test_no_nonsense_in_a_field_breaks_a_rule_or_leaves_it_without_words(group: str, kind: str) -> None:
    for obj in broken(empty(group, kind)):
        health = assess(obj)
        assert health is not None
        assert health.message


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "ReplicaSet", "DaemonSet"])
def test_a_workload_that_no_controller_has_seen_is_progressing(kind: str) -> None:
    health = assess({"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "x", "generation": 1}})
    assert health == HealthStatus(Health.PROGRESSING, "Waiting for the controller to see the last change")


def test_a_field_that_cannot_be_read_is_named() -> None:
    deployment = {**empty("apps", "Deployment"), "status": {"conditions": [{}, {"type": 7}]}}
    assert assess(deployment) == HealthStatus(
        Health.UNKNOWN, "Health cannot be judged: status.conditions[1].type is not text"
    )


def test_a_deeply_nested_annotation_is_not_followed_to_the_bottom() -> None:
    autoscaler = empty("autoscaling", "HorizontalPodAutoscaler")
    autoscaler["metadata"]["annotations"] = {"autoscaling.alpha.kubernetes.io/conditions": "[" * 100_000}
    assert assess(autoscaler) == HealthStatus(
        Health.UNKNOWN,
        "Health cannot be judged: the annotation autoscaling.alpha.kubernetes.io/conditions is not JSON",
    )


@pytest.mark.parametrize("obj", [{}, {"apiVersion": 1}, {"apiVersion": "v1", "kind": ["Pod"]}, {"metadata": []}])
def test_what_is_hardly_an_object_breaks_nothing(obj: JsonObject) -> None:
    health = assess(obj)
    assert health is None or health.status is Health.UNKNOWN
