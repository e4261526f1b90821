"""A Redis that is away, silent or wrong is found out in time."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from bot.errors import Rejected, Temporary
from bot.sandbox.processes import free_port
from bot.sandbox.redis import RedisServer
from bot.store.connection import connect
from bot.store.queue import Queue
from tests.integration.store.conftest import Bench, change


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """Somebody who accepts connections and never says anything."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        yield listener


def test_a_redis_that_is_away_is_temporary() -> None:
    with pytest.raises(Temporary):
        Queue(connect(f"redis://127.0.0.1:{free_port()}/0")).ping()


def test_an_idle_connection_that_was_closed_is_opened_again(bench: Bench, redis_server: RedisServer) -> None:
    bench.queue.ping()
    redis_server.restart()
    bench.queue.enqueue(change(1))
    assert len(bench.waiting) == 1


def test_a_silent_redis_is_asked_once_and_then_left_alone(silent: socket.socket) -> None:
    queue = Queue(connect(f"redis://127.0.0.1:{silent.getsockname()[1]}/0"))
    with pytest.raises(Temporary, match="Timeout"):
        queue.ping()
    with pytest.raises(Temporary, match="a moment ago"):
        queue.ping()


def test_what_waits_for_a_silent_redis_is_let_go_together(silent: socket.socket) -> None:
    queue = Queue(connect(f"redis://127.0.0.1:{silent.getsockname()[1]}/0"))
    answers: list[str] = []

    def ask() -> None:
        with pytest.raises(Temporary) as error:
            queue.ping()
        answers.append(error.value.message)

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert len(answers) == 16


@pytest.mark.parametrize("url", ["", "http://redis", "redis://x:port/0"])
def test_what_is_no_address_of_a_redis_is_rejected_by_the_settings_name(url: str) -> None:
    with pytest.raises(Rejected, match="FORESAIL_REDIS_URL"):
        connect(url)
