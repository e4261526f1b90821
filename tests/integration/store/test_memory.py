"""What waits for the end of an operation: one commit by its name, several as whatever there is."""

from __future__ import annotations

from bot.store.memory import Memory
from tests.integration.store.conftest import Bench


def test_a_commit_that_waits_is_told_by_its_name_until_the_end_is_over(bench: Bench) -> None:
    memory = Memory(bench.connection)
    memory.put_off("shop", "c1")
    memory.put_off("shop", "c1")
    memory.begin_ending("shop")
    assert [memory.take_put_off("shop"), memory.take_put_off("shop")] == ["c1", "c1"]
    assert memory.is_ending("shop")
    memory.end_ending("shop")
    assert memory.take_put_off("shop") is None
    assert not memory.is_ending("shop")


def test_of_two_commits_that_wait_none_is_taken_for_the_newest(bench: Bench) -> None:
    memory = Memory(bench.connection)
    memory.put_off("shop", "c2")
    memory.put_off("shop", "c1")  # by who fetched earlier, and was slower
    memory.put_off("shop", "c1")
    assert memory.take_put_off("shop") == ""


def test_that_a_cluster_is_away_is_told_until_it_is_back(bench: Bench) -> None:
    memory = Memory(bench.connection)
    assert memory.why_away("prod") == ""
    memory.keep_away("prod", "cannot reach prod", seconds=600)
    assert memory.why_away("prod") == "cannot reach prod"
    memory.forget_away("prod")
    assert memory.why_away("prod") == ""
