"""What is still to be told: the newest only, and nothing older over something newer, also after Redis was emptied."""

from __future__ import annotations

from bot.sandbox.redis import RedisServer
from bot.store.untold import Untold
from tests.integration.store.conftest import Bench

CHANGE = "acme/shop#1"


def test_what_could_not_be_told_is_there_until_it_was(bench: Bench) -> None:
    untold = Untold(bench.connection)
    number = untold.begin(CHANGE)
    assert untold.find(CHANGE) is None
    untold.keep(CHANGE, number, b"words")
    assert untold.find(CHANGE) == b"words"
    untold.drop(CHANGE, number)
    assert untold.find(CHANGE) is None


def test_the_newest_is_told_whoever_keeps_last(bench: Bench) -> None:
    untold = Untold(bench.connection)
    older, newer = untold.begin(CHANGE), untold.begin(CHANGE)
    untold.keep(CHANGE, newer, b"newer")
    untold.keep(CHANGE, older, b"older")
    untold.drop(CHANGE, older)
    assert untold.find(CHANGE) == b"newer"


def test_nothing_older_is_told_over_something_newer(bench: Bench) -> None:
    untold = Untold(bench.connection)
    older, newer = untold.begin(CHANGE), untold.begin(CHANGE)
    assert untold.claim(CHANGE, newer)
    assert not untold.claim(CHANGE, older)
    untold.keep(CHANGE, older, b"older")
    assert untold.find(CHANGE) is None
    assert untold.claim(CHANGE, newer), "it may be tried again"


def test_what_begins_after_redis_was_emptied_is_newer(bench: Bench, redis_server: RedisServer) -> None:
    untold = Untold(bench.connection)
    before = untold.begin(CHANGE)
    redis_server.restart()
    after = untold.begin(CHANGE)
    assert untold.claim(CHANGE, before)
    assert untold.claim(CHANGE, after)
    assert not untold.claim(CHANGE, before)
