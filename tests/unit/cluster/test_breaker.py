"""When a server that could not be reached is asked again."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from urllib3.connection import HTTPConnection
from urllib3.exceptions import NewConnectionError, ProtocolError

from bot.cluster.breaker import Breaker
from bot.cluster.errors import ClusterAway


@dataclass
class Clock:
    """A clock that is set by hand."""

    time: float = 0.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(now=clock)


def refused() -> NewConnectionError:
    return NewConnectionError(HTTPConnection("prod"), "refused")


def test_it_rests_four_times_as_long_as_it_took_to_find_out(breaker: Breaker, clock: Clock) -> None:
    breaker.failed(refused(), seconds=5)
    with pytest.raises(ClusterAway, match="cannot reach prod: no connection is made") as waits:
        breaker.admit("prod")
    assert waits.value.retry_after == 20
    clock.time = 20
    breaker.admit("prod")


def test_of_those_who_come_after_that_one_tries(breaker: Breaker, clock: Clock) -> None:
    breaker.failed(refused(), seconds=0)
    clock.time = 1
    breaker.admit("prod")
    with pytest.raises(ClusterAway):
        breaker.admit("prod")


def test_an_answer_ends_it(breaker: Breaker) -> None:
    breaker.failed(refused(), seconds=5)
    breaker.answered()
    breaker.admit("prod")


def test_a_connection_that_broke_says_nothing_about_the_next(breaker: Breaker) -> None:
    assert breaker.failed(ProtocolError("the server hung up"), seconds=5) == "the connection broke"
    breaker.admit("prod")
