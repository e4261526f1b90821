"""The pace: bursts, the row of those who wait, silence; on a real Redis, by its clock."""

from __future__ import annotations

import time

import pytest

from bot.errors import Paced, Temporary
from bot.model.pacing import Allowance, Charge, Limit
from bot.sandbox.redis import RedisServer
from bot.store.pace import Pace
from tests.integration.store.conftest import Bench

CONTENT, WRITE, READ = Charge.CONTENT, Charge.WRITE, Charge.READ
SLOW = Limit(CONTENT, 10, 36_000.0)
"""Two at once and then one in 75 minutes: no test lasts so long."""


def take(pace: Pace, whose: str, *, requests: int = 1, account: str = "github:1") -> float:
    """Ask for room; return the seconds to wait, 0 where it was granted."""
    try:
        pace.take(account, CONTENT, whose=whose, requests=requests)
    except Paced as error:
        return error.retry_after
    return 0.0


def test_a_burst_goes_at_once_and_the_rest_is_told_when(bench: Bench) -> None:
    pace = Pace(bench.connection, [SLOW])
    assert [take(pace, "a"), take(pace, "b")] == [0.0, 0.0]
    waits = [take(pace, name) for name in "cde"]
    assert waits == pytest.approx([4_500, 9_000, 13_500], abs=60)


def test_who_asks_again_has_kept_the_place(bench: Bench) -> None:
    pace = Pace(bench.connection, [SLOW])
    take(pace, "a", requests=2)
    first, second = take(pace, "b"), take(pace, "c")
    assert take(pace, "b") == pytest.approx(first, abs=60)
    assert take(pace, "c") == pytest.approx(second, abs=60)


def test_who_waits_is_served_once_there_is_room(bench: Bench) -> None:
    pace = Pace(bench.connection, [Limit(CONTENT, 10, 0.8)])
    take(pace, "a", requests=2)
    while take(pace, "b") > 0:
        time.sleep(0.01)


def test_two_processes_share_one_pace(bench: Bench) -> None:
    take(Pace(bench.connection, [SLOW]), "a", requests=2)
    assert take(Pace(bench.connection, [SLOW]), "b") > 0


def test_what_belongs_together_goes_together_even_if_it_is_more_than_a_burst(bench: Bench) -> None:
    pace = Pace(bench.connection, [SLOW])
    assert take(pace, "a set of nine", requests=9) == 0
    assert take(pace, "b") == pytest.approx(8 * 4_500, abs=60)


def test_a_large_set_waits_until_nothing_is_used(bench: Bench) -> None:
    pace = Pace(bench.connection, [SLOW])
    take(pace, "a")
    assert take(pace, "a set of nine", requests=9) == pytest.approx(4_500, abs=60)


def test_accounts_are_counted_apart_and_a_status_is_no_content(bench: Bench) -> None:
    pace = Pace(bench.connection, [SLOW, Limit(WRITE, 15, 36_000.0)])
    take(pace, "a", requests=2)
    assert take(pace, "a", account="github:2") == 0
    pace.take("github:1", WRITE, whose="a status")
    pace.take("github:1", READ, whose="a request")


def test_content_is_a_write_too(bench: Bench) -> None:
    pace = Pace(bench.connection, [Limit(WRITE, 10, 36_000.0)])
    take(pace, "a", requests=2)
    with pytest.raises(Paced):
        pace.take("github:1", WRITE, whose="a status")


def test_the_slowest_limit_says_when(bench: Bench) -> None:
    pace = Pace(bench.connection, [SLOW, Limit(CONTENT, 10, 360.0)])
    take(pace, "a", requests=2)
    assert take(pace, "b") == pytest.approx(4_500, abs=60)


def test_a_forge_that_asks_for_silence_is_asked_nothing(bench: Bench) -> None:
    pace = Pace(bench.connection, [])
    pace.silence("github:1", 3_000.0)
    pace.silence("github:1", 60.0)
    with pytest.raises(Paced) as waits:
        pace.take("github:1", READ, whose="a request")
    assert waits.value.retry_after == pytest.approx(3_000, abs=60)
    pace.take("github:2", READ, whose="a request")


def test_a_silence_ends(bench: Bench) -> None:
    pace = Pace(bench.connection, [])
    pace.silence("github:1", 0.05)
    while take(pace, "a") > 0:
        time.sleep(0.01)


def test_figures_tell_where_an_account_stands(bench: Bench) -> None:
    pace = Pace(bench.connection, [SLOW])
    pace.note("github:1", Allowance(5_000, 4_321, 1_800_000_000))
    take(pace, "a", requests=2)
    take(pace, "b")
    pace.silence("github:1", 3_000.0)
    (figures,) = pace.figures()
    assert (figures.account, figures.waiting) == ("github:1", 1)
    assert figures.allowance == Allowance(5_000, 4_321, 1_800_000_000)
    assert figures.silent_for == pytest.approx(3_000, abs=60)


def test_without_redis_nothing_is_sent(bench: Bench, redis_server: RedisServer) -> None:
    redis_server.kill()
    with pytest.raises(Temporary):
        Pace(bench.connection, [SLOW]).take("github:1", CONTENT, whose="a")
