"""What a controller shows among the metrics, as Redis has it."""

from __future__ import annotations

from typing import Any

import pytest

from bot.model.applications import Application
from bot.model.metrics import APP_CONDITION, APP_INFO, SHARE
from bot.sandbox.redis import RedisServer
from bot.store.connection import connect
from bot.store.metrics import Metrics
from workers.watching.showing import Showing


@pytest.fixture
def metrics(redis_url: str) -> Metrics:
    return Metrics(connect(redis_url))


@pytest.fixture
def shows(metrics: Metrics) -> Showing:
    return Showing(metrics, "one", every=0.0)


def application(name: str, *conditions: str) -> Application:
    spec: dict[str, Any] = {
        "source": {"repoURL": "https://git.example.com/acme/shop.git", "path": "."},
        "destination": {"server": "https://kubernetes.default.svc", "namespace": "shop"},
        "project": "default",
    }
    metadata = {"name": name, "namespace": "foresail", "resourceVersion": "1"}
    status = {"conditions": [{"type": sort} for sort in conditions]}
    return Application.parse({"metadata": metadata, "spec": spec, "status": status}, home="foresail")


def seen(metrics: Metrics) -> list[str]:
    return sorted(" ".join(one.values[1:2] + one.values[3:]) for one in metrics.shown() if one.family is APP_CONDITION)


def test_conditions_come_and_go_with_their_application(metrics: Metrics, shows: Showing) -> None:
    shows.saw(application("shop", "SyncError", "ComparisonError"))
    shows.saw(application("bank", "SyncError"))
    shows.tell([])
    assert seen(metrics) == ["bank SyncError", "shop ComparisonError", "shop SyncError"]
    shows.saw(application("shop", "SyncError"))
    shows.lost("bank")
    shows.tell([])
    assert seen(metrics) == ["shop SyncError"]
    assert [one.values[1] for one in metrics.shown() if one.family is APP_INFO] == ["shop"]
    assert [one.number for one in metrics.shown() if one.family is SHARE] == [1.0]


def test_a_redis_that_lost_everything_is_told_all_of_it_again(
    metrics: Metrics, shows: Showing, redis_server: RedisServer
) -> None:
    shows.saw(application("shop"))
    shows.tell([])
    redis_server.restart()
    shows.tell([])
    assert [one.values[1] for one in metrics.shown() if one.family is APP_INFO] == ["shop"]
    shows.end()
    assert metrics.shown() == []
