"""Metrics that several processes write and one reads."""

from __future__ import annotations

from dataclasses import replace

from bot.model.metrics import APP_INFO, CLUSTER_STATUS, JOBS, SYNCS, Sample
from bot.sandbox.redis import RedisServer
from bot.store.metrics import Metrics
from tests.integration.store.conftest import Bench


def synced(name: str, phase: str = "Succeeded") -> Sample:
    return Sample(SYNCS, ("foresail", name, "default", "https://here", phase, "false"))


def info(name: str, health: str = "Healthy") -> Sample:
    labels = ("foresail", name, "default", "https://git", "https://here", "shop", "Synced", health, "true", "")
    return Sample(APP_INFO, labels)


def by_name(metrics: Metrics) -> dict[str, float]:
    return {labels[1]: parts[""] for labels, parts in metrics.counted()[SYNCS].items()}


def test_what_several_count_is_added_up(bench: Bench) -> None:
    for _ in range(2):
        Metrics(bench.connection).count(synced("shop"), synced("shop", "Failed"), synced("bank"))
    counted = Metrics(bench.connection).counted()[SYNCS]
    assert sorted((labels[1], labels[4], parts[""]) for labels, parts in counted.items()) == [
        ("bank", "Succeeded", 2.0),
        ("shop", "Failed", 2.0),
        ("shop", "Succeeded", 2.0),
    ]


def test_what_is_counted_later_is_counted_once_with_the_next(bench: Bench) -> None:
    metrics = Metrics(bench.connection, together=3600.0)
    metrics.count_later(synced("shop"))
    assert by_name(metrics) == {"shop": 1.0}  # nothing was counted a moment ago
    metrics.count_later(synced("shop"))
    metrics.count_later(synced("bank"))
    assert by_name(metrics) == {"shop": 1.0}
    metrics.count(synced("bank"))
    assert by_name(metrics) == {"shop": 2.0, "bank": 2.0}
    metrics.count_later(synced("shop"))
    for _ in range(2):
        metrics.count()
    assert by_name(metrics) == {"shop": 3.0, "bank": 2.0}


def test_what_is_counted_later_does_not_wait_for_long(bench: Bench) -> None:
    metrics = Metrics(bench.connection, together=0.0)
    for _ in range(2):
        metrics.count_later(synced("shop"))
    assert by_name(metrics) == {"shop": 2.0}


def test_each_observation_is_in_one_bucket_and_in_the_sum(bench: Bench) -> None:
    metrics = Metrics(bench.connection)
    metrics.count(*(Sample(JOBS, ("compare.run", "done"), seconds) for seconds in (0.005, 0.006, 1000.0)))
    assert metrics.counted()[JOBS] == {
        ("compare.run", "done"): {"0.005": 1.0, "0.025": 1.0, "+Inf": 1.0, "sum": 1000.011}
    }


def test_of_applications_that_are_gone_nothing_is_kept_and_of_all_else_everything(bench: Bench) -> None:
    metrics = Metrics(bench.connection)
    metrics.count(synced("shop"), synced("gone"), Sample(JOBS, ("compare.run", "done"), 1.0))
    metrics.keep_only({"shop"})
    counted = metrics.counted()
    assert [labels[1] for labels in counted[SYNCS]] == ["shop"]
    assert JOBS in counted


def test_of_very_many_applications_those_that_are_gone_are_forgotten(bench: Bench) -> None:
    metrics = Metrics(bench.connection)
    metrics.count(*(synced(f"app-{number}") for number in range(10_000)))
    metrics.keep_only({f"app-{number}" for number in range(0, 10_000, 2)})
    kept = {labels[1] for labels in metrics.counted()[SYNCS]}
    assert kept == {f"app-{number}" for number in range(0, 10_000, 2)}


def test_what_an_earlier_version_counted_otherwise_is_passed_over(bench: Bench) -> None:
    metrics = Metrics(bench.connection)
    metrics.count(replace(synced("shop"), values=("shop",)))
    assert metrics.counted() == {}
    metrics.keep_only(frozenset())


def test_nobody_minds_a_redis_that_is_away(bench: Bench, redis_server: RedisServer) -> None:
    metrics = Metrics(bench.connection)
    redis_server.kill()
    metrics.count(synced("shop"))
    redis_server.restart()


def test_what_is_shown_follows_who_shows_it(bench: Bench) -> None:
    metrics = Metrics(bench.connection)
    assert metrics.show("one", {"shop": info("shop"), "bank": info("bank")}, whole=True)
    assert metrics.show("one", {"shop": info("shop", "Degraded"), "bank": None}, whole=False)
    assert metrics.shown() == [info("shop", "Degraded")]
    metrics.hide("one")
    assert metrics.shown() == []


def test_all_has_to_be_shown_anew_to_a_redis_that_lost_it(bench: Bench) -> None:
    metrics = Metrics(bench.connection)
    assert not metrics.show("one", {"shop": info("shop")}, whole=False)
    assert metrics.shown() == []


def test_an_application_that_has_moved_is_shown_once_as_its_new_controller_sees_it(bench: Bench) -> None:
    metrics = Metrics(bench.connection)
    for whose, health in (("z", "Healthy"), ("a", "Degraded")):
        metrics.show(whose, {"shop": info("shop", health)}, whole=True)
        while metrics.shown() != [info("shop", health)]:  # within one millisecond nobody is the later
            metrics.show(whose, {}, whole=False)


def test_of_a_cluster_the_worse_is_told(bench: Bench) -> None:
    metrics = Metrics(bench.connection)
    for whose, answers in (("a", 1.0), ("b", 0.0), ("c", 1.0)):
        metrics.show(whose, {"cluster here": Sample(CLUSTER_STATUS, ("https://here",), answers)}, whole=True)
    assert [one.number for one in metrics.shown()] == [0.0]


def test_very_many_are_shown_in_parts(bench: Bench) -> None:
    metrics = Metrics(bench.connection)
    every = {f"shop-{number}": info(f"shop-{number}") for number in range(2500)}
    assert metrics.show("one", every, whole=True)
    assert metrics.show("one", every, whole=True)
    assert len(metrics.shown()) == len(every)
