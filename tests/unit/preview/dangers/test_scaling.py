"""How many pods there are after a change, and how many may be away."""

from __future__ import annotations

from typing import Any

import pytest

from bot.model.resources import JsonObject
from bot.preview.dangers import Knowledge, inquiry
from tests.unit.preview.dangers.scenes import change, ids, obj, said, same, scene, workload


def hpa(target: str = "web", **spec: Any) -> JsonObject:
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": target}
    return obj("HorizontalPodAutoscaler", "auto", spec={"scaleTargetRef": reference, "maxReplicas": 5, **spec})


def pdb(**spec: Any) -> JsonObject:
    return obj("PodDisruptionBudget", "hold", spec={"selector": {"matchLabels": {"app": "web"}}, **spec})


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ({"replicas": 3}, {"replicas": 0}, ["warning: goes from 3 replicas to none"]),
        ({}, {"replicas": 0}, ["warning: goes from 1 replica to none"]),
        ({"replicas": 3}, {"replicas": 1}, []),
        ({"replicas": 0}, {"replicas": 0, "paused": True}, []),
        ({"replicas": 0}, {"replicas": 2}, []),
    ],
)
def test_scaling_to_nothing_is_told(old: dict[str, Any], new: dict[str, Any], words: list[str]) -> None:
    assert said(change(workload(**old), workload(**new))) == words


def test_a_new_workload_of_nothing_is_no_news() -> None:
    assert said(change(None, workload(replicas=0))) == []


@pytest.mark.parametrize("kind", ["CronJob", "Job"])
def test_suspending_is_told(kind: str) -> None:
    active, still = obj(kind, spec={"suspend": False}), obj(kind, spec={"suspend": True})

    assert said(change(active, still)) == ["note: is suspended: it no longer runs"]
    assert said(change(still, {**still, "spec": {"suspend": True, "parallelism": 2}})) == []
    assert said(change(still, active)) == []


def test_a_manifest_that_sets_what_an_autoscaler_decides_is_told() -> None:
    words = ["warning: sets 3 replicas, which HorizontalPodAutoscaler shop/auto decides too: each sync sets them back"]
    for before in (workload(), workload(replicas=2)):
        changed = change(before, workload(replicas=3))
        assert said(changed, same(hpa())) == words
        assert said(changed, knowledge=Knowledge(autoscalers={"shop": (hpa(),)})) == words


def test_an_autoscaler_that_begins_to_fight_is_told_once() -> None:
    words = ["warning: scales Deployment shop/web, whose manifest sets 3 replicas: each sync sets them back"]

    assert said(same(workload(replicas=3)), change(None, hpa())) == words
    assert said(change(None, workload(replicas=3)), change(None, hpa())) == words


@pytest.mark.parametrize(
    "objects",
    [
        (same(workload(replicas=3)), change(hpa(), hpa(maxReplicas=9))),
        (change(workload(replicas=3), workload(replicas=3, paused=True)), same(hpa())),
        (change(workload(), workload(paused=True)), same(hpa())),
        (change(None, workload(replicas=3)), same(hpa("other"))),
        (change(workload(replicas=3), workload(replicas=4)),),
    ],
)
def test_what_fought_before_or_does_not_is_no_news(objects: Any) -> None:
    assert "hpa-fights-replicas" not in ids(*objects)


def test_an_autoscaler_that_goes_does_not_fight() -> None:
    knowledge = Knowledge(autoscalers={"shop": (hpa(),)})

    assert ids(change(None, workload(replicas=3)), change(hpa()), knowledge=knowledge) == ["deleted"]


def test_autoscalers_are_asked_about_where_replicas_are_set() -> None:
    assert inquiry(scene(change(workload(), workload(replicas=3)))).autoscaled == {"shop"}
    assert not inquiry(scene(change(workload(), workload(paused=True)))).autoscaled


@pytest.mark.parametrize(
    ("budget", "replicas", "words"),
    [
        ({"maxUnavailable": 0}, 3, "maxUnavailable is 0"),
        ({"maxUnavailable": "0%"}, 3, "maxUnavailable is 0%"),
        ({"minAvailable": "100%"}, 3, "minAvailable is 100%"),
        ({"minAvailable": 3}, 3, "minAvailable is 3, and there are 3 pods"),
        ({"minAvailable": 1}, 1, "minAvailable is 1, and there is 1 pod"),
        ({"minAvailable": "51%"}, 2, "minAvailable is 51%, and there are 2 pods"),
        ({"minAvailable": 2}, 3, ""),
        ({"minAvailable": "50%"}, 2, ""),
        ({"maxUnavailable": "1%"}, 3, ""),
        ({"maxUnavailable": 1}, 1, ""),
        ({"minAvailable": 1}, 0, ""),
        ({"minAvailable": "x%"}, 1, ""),
        ({"minAvailable": True}, 1, ""),
        ({}, 1, ""),
    ],
)
def test_a_budget_that_blocks_is_told(budget: dict[str, Any], replicas: int, words: str) -> None:
    expected = [f"warning: allows no eviction: {words}"] if words else []

    assert said(same(workload(replicas=replicas)), change(None, pdb(**budget))) == expected


def test_a_budget_blocks_when_the_pods_become_fewer() -> None:
    assert ids(same(pdb(minAvailable=1)), change(workload(replicas=2), workload(replicas=1))) == [
        "disruption-budget-blocks"
    ]


def test_a_budget_that_blocked_before_is_no_news() -> None:
    blocking = pdb(maxUnavailable=0)

    assert (
        ids(same(workload()), change(blocking, {**blocking, "metadata": {**blocking["metadata"], "labels": {}}})) == []
    )


def test_an_autoscaler_may_make_room_for_a_budget() -> None:
    assert ids(same(workload()), same(hpa()), change(None, pdb(minAvailable=1))) == []
    assert ids(same(workload("DaemonSet")), change(None, pdb(minAvailable=1))) == []
