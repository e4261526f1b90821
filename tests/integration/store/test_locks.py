"""Locks and memory: each gone by itself, each only a help."""

from __future__ import annotations

import pytest

from bot.errors import Temporary
from bot.sandbox.redis import RedisServer
from bot.store.locks import Locks
from bot.store.memory import Memory
from tests.integration.store.conftest import Bench


def test_a_lock_is_held_by_one(bench: Bench) -> None:
    locks = Locks(bench.connection)
    with locks.hold("shop", seconds=30), pytest.raises(Temporary), locks.hold("shop", seconds=30):
        pass
    with locks.hold("shop", seconds=30):
        assert bench.connection.exists("foresail:lock:shop")
    assert not bench.connection.exists("foresail:lock:shop")


def test_a_lock_that_ran_out_is_not_taken_from_who_has_it_now(bench: Bench) -> None:
    with Locks(bench.connection).hold("shop", seconds=30):
        bench.connection.set("foresail:lock:shop", "somebody else's")
    assert bench.connection.get("foresail:lock:shop") == b"somebody else's"


def test_a_redis_that_was_emptied_is_noticed_until_somebody_marks_it(bench: Bench, redis_server: RedisServer) -> None:
    memory = Memory(bench.connection)
    assert memory.is_empty("ours")
    memory.mark("ours")
    assert [memory.is_empty("ours"), memory.is_empty("another's")] == [False, True]
    redis_server.restart()
    assert [memory.is_empty("ours"), memory.is_empty("ours")] == [True, True]


def test_a_forecast_is_kept_for_its_head_only(bench: Bench) -> None:
    memory = Memory(bench.connection)
    memory.keep_forecast("acme/shop#1", "a" * 40, b"forecast")
    assert memory.forecast("acme/shop#1", "a" * 40) == b"forecast"
    assert memory.forecast("acme/shop#1", "b" * 40) is None


def test_memory_without_redis_is_temporary(bench: Bench, redis_server: RedisServer) -> None:
    redis_server.kill()
    with pytest.raises(Temporary):
        Memory(bench.connection).forecast("acme/shop#1", "a" * 40)
    with pytest.raises(Temporary), Locks(bench.connection).hold("shop", seconds=30):
        pass
