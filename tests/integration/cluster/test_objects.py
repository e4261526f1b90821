"""Objects of a real API server: read, tried, applied and deleted."""

from __future__ import annotations

from typing import Any

import pytest

from bot.cluster.objects import Apply, Cluster
from bot.model.predictions import Refusal
from bot.model.resources import ResourceKey
from tests.integration.cluster.conftest import config_map, dry_run, dry_runs, wait_until


def names(found: dict[ResourceKey, Any]) -> list[str]:
    return sorted(key.name for key in found)


@pytest.mark.parametrize("count", [1, 3, 4, 9])
def test_live_objects_are_read_singly_or_in_a_list(cluster: Cluster, namespace: str, count: int) -> None:
    wanted = [config_map(namespace, f"c-{number}") for number in range(count)]
    for manifest in wanted[1:]:
        cluster.apply(Apply(manifest))

    found = cluster.live([*wanted, config_map("nowhere"), {**wanted[0], "kind": "Riddle"}])

    assert names(found) == sorted(manifest["metadata"]["name"] for manifest in wanted[1:])
    assert all((obj["apiVersion"], obj["kind"]) == ("v1", "ConfigMap") for obj in found.values())


def test_a_live_object_is_read_in_the_version_that_is_named_first(cluster: Cluster, namespace: str) -> None:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "absent"}
    newer = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web", "namespace": namespace},
        "spec": {"scaleTargetRef": target, "maxReplicas": 2},
    }
    cluster.apply(Apply(newer))
    older = {**newer, "apiVersion": "autoscaling/v1"}

    assert [obj["apiVersion"] for obj in cluster.live([older, newer]).values()] == ["autoscaling/v1"]
    assert [obj["apiVersion"] for obj in cluster.live([newer, older]).values()] == ["autoscaling/v2"]


def test_a_dry_run_tells_what_would_be_and_changes_nothing(cluster: Cluster, namespace: str) -> None:
    created = dry_run(cluster, config_map(namespace))
    assert created["data"] == {"a": "1"}
    assert cluster.live([config_map(namespace)]) == {}

    cluster.apply(Apply(config_map(namespace)))
    assert dry_run(cluster, config_map(namespace, data={"b": "2"}))["data"] == {"b": "2"}
    (live,) = cluster.live([config_map(namespace)]).values()
    assert live["data"] == {"a": "1"}


def test_dry_runs_are_answered_in_their_order(cluster: Cluster, namespace: str) -> None:
    asked = [config_map(namespace, f"c-{number}") for number in range(30)]
    answers = dry_runs(cluster, *asked)

    assert [answer["metadata"]["name"] for answer in answers if isinstance(answer, dict)] == [
        manifest["metadata"]["name"] for manifest in asked
    ]


@pytest.mark.parametrize(
    ("change", "code", "reason", "words"),
    [
        ({"kind": "Riddle"}, 404, "UnknownKind", "serves no Riddle in v1"),
        ({"metadata": {"name": "a", "namespace": "nowhere"}}, 404, "NotFound", 'namespaces "nowhere" not found'),
        ({"dat": {"a": "1"}}, 422, "Invalid", ".dat: field not declared in schema"),
        ({"data": {"a": 5}}, 422, "Invalid", ".data.a: expected string"),
        ({"data": {"a/b": "1"}}, 422, "Invalid", "a valid config key must consist of"),
        ({"data": {1: "1"}}, 422, "Invalid", "cannot be sent as JSON: Dict key must be str"),
        ({"data": {"a": 10**30}}, 422, "Invalid", "cannot be sent as JSON: Integer exceeds 64-bit range"),
    ],
)
def test_a_refusal_is_in_the_words_of_the_server(
    cluster: Cluster, namespace: str, *, change: dict[str, Any], code: int, reason: str, words: str
) -> None:
    answer = dry_run(cluster, {**config_map(namespace), **change})

    assert isinstance(answer, Refusal)
    assert (answer.code, answer.reason, answer.immutable_fields) == (code, reason, ())
    assert words in answer.message


def test_a_name_cannot_leave_its_collection(cluster: Cluster, namespace: str) -> None:
    for name in ("../secrets/a", "a/b", "..", "%2e%2e", "a?dryRun=", "a#b", "a b"):
        answer = dry_run(cluster, config_map(namespace, name))
        assert isinstance(answer, Refusal), name
        assert answer.code == 422, name


@pytest.mark.parametrize("validate", [True, False])
def test_a_field_that_the_schema_does_not_know_is_refused_with_and_without_validation(
    cluster: Cluster, harbour: str, *, validate: bool
) -> None:
    ship = {
        "apiVersion": "harbour.example/v1",
        "kind": "Ship",
        "metadata": {"name": "a", "namespace": harbour},
        "spec": {"sails": 3},
    }

    for manifest in (ship, config_map(harbour, dat={"a": "1"})):
        answer = dry_run(cluster, manifest, validate=validate)
        assert isinstance(answer, Refusal)
        assert "field not declared in schema" in answer.message


def test_a_quota_refuses_in_its_own_words(cluster: Cluster, namespace: str) -> None:
    metadata = {"name": "few", "namespace": namespace}
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata, "spec": {"hard": {"services": "0"}}}
    cluster.apply(Apply(quota))
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "namespace": namespace},
        "spec": {"ports": [{"port": 80}]},
    }

    def refusal() -> str:
        answer = dry_run(cluster, service)
        return f"{answer.code} {answer.reason} {answer.message}" if isinstance(answer, Refusal) else ""

    # Until the quota's own controller has counted, the server refuses in other words.
    wait_until(lambda: "exceeded quota: few, requested: services=1, used: services=0" in refusal())
    assert refusal().startswith('403 Forbidden services "web" is forbidden: ')


def test_an_object_is_deleted_only_if_it_is_the_very_one(cluster: Cluster, namespace: str) -> None:
    first = cluster.apply(Apply(config_map(namespace)))
    cluster.delete(first)
    wait_until(lambda: not cluster.live([first]))
    second = cluster.apply(Apply(config_map(namespace)))
    cluster.delete(first)

    (live,) = cluster.live([first]).values()
    assert live["metadata"]["uid"] == second["metadata"]["uid"] != first["metadata"]["uid"]


def test_deleting_what_is_gone_is_no_error(cluster: Cluster, namespace: str) -> None:
    cluster.delete(config_map(namespace))
    cluster.delete({**config_map(namespace), "kind": "Riddle"})


@pytest.mark.parametrize("size", [3_200_000, 9_900_000])
def test_an_object_too_large_for_any_server_is_refused_in_words(cluster: Cluster, namespace: str, size: int) -> None:
    answer = dry_run(cluster, config_map(namespace, data={"a": "x" * size}))

    assert isinstance(answer, Refusal)
    assert "Request entity too large" in answer.message
