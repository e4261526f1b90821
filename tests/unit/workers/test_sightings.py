"""What an event says that was not known before."""

from __future__ import annotations

from typing import Any

import pytest

from bot.model.health import Health, HealthStatus
from bot.model.resources import ResourceKey
from workers.watching.sightings import Sightings

KEY = ResourceKey("apps", "Deployment", "shop", "web")
HEALTHY = HealthStatus(Health.HEALTHY)
ON_ITS_WAY = HealthStatus(Health.PROGRESSING, "0 of 1 updated")


def web(**more: Any) -> dict[str, Any]:
    metadata = {"name": "web", "resourceVersion": "1", "generation": 1, "managedFields": [{"manager": "a"}]}
    return {"kind": "Deployment", "metadata": metadata, "spec": {"replicas": 1}, "status": {"replicas": 1}, **more}


@pytest.fixture
def sightings() -> Sightings:
    found = Sightings()
    assert found.saw("here", KEY, web(), HEALTHY)
    return found


@pytest.mark.parametrize(
    "obj",
    [
        web(),
        web(status={"replicas": 1, "observedGeneration": 3}),
        web(metadata={"name": "web", "resourceVersion": "9", "generation": 4, "managedFields": []}),
    ],
)
def test_what_says_nothing_new_is_no_change(sightings: Sightings, obj: dict[str, Any]) -> None:
    assert not sightings.saw("here", KEY, obj, HEALTHY)


@pytest.mark.parametrize(
    "obj",
    [
        web(spec={"replicas": 3}),
        web(metadata={"name": "web", "labels": {"a": "b"}}),
        web(metadata={"name": "web", "deletionTimestamp": "2020-01-01T00:00:00Z"}),
        web(data={"a": "b"}),
    ],
)
def test_whatever_is_no_status_is_a_change(sightings: Sightings, obj: dict[str, Any]) -> None:
    assert sightings.saw("here", KEY, obj, HEALTHY)
    assert not sightings.saw("here", KEY, obj, HEALTHY)


@pytest.mark.parametrize("health", [ON_ITS_WAY, HealthStatus(Health.HEALTHY, "in other words"), None])
def test_another_health_is_a_change(sightings: Sightings, health: HealthStatus | None) -> None:
    assert sightings.saw("here", KEY, web(), health)


def test_the_words_of_an_object_on_its_way_are_no_change(sightings: Sightings) -> None:
    sightings.saw("here", KEY, web(), ON_ITS_WAY)
    assert not sightings.saw("here", KEY, web(), HealthStatus(Health.PROGRESSING, "1 of 1 updated"))


def test_the_same_object_of_another_cluster_is_another(sightings: Sightings) -> None:
    assert sightings.saw("there", KEY, web(), HEALTHY)


def test_of_metadata_alone_every_version_is_a_change(sightings: Sightings) -> None:
    assert sightings.saw_metadata("here", KEY, {"metadata": {"resourceVersion": "7"}})
    assert not sightings.saw_metadata("here", KEY, {"metadata": {"resourceVersion": "7"}})
    assert sightings.saw_metadata("here", KEY, {"metadata": {"resourceVersion": "8"}})


def test_it_is_known_what_is_on_its_way(sightings: Sightings) -> None:
    assert sightings.is_progressing("here", KEY) is False
    sightings.saw("here", KEY, web(), ON_ITS_WAY)
    assert sightings.is_progressing("here", KEY) is True
    sightings.lost("here", KEY)
    assert sightings.is_progressing("here", KEY) is None
