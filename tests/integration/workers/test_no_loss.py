"""Nothing is lost: whoever enqueues, however many at once, whatever dies, it is done at least once after that."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from bot.store.connection import connect
from bot.store.queue import Queue
from tests.integration.workers.crew import Crew
from tests.integration.workers.errands import errand

NAMES = ("red", "green", "blue")


def _ask(redis_url: str, times: int) -> None:
    """Want each errand anew, again and again: what is wanted before a request must be served after it."""
    connection = connect(redis_url)
    queue = Queue(connection)
    for _ in range(times):
        for name in NAMES:
            connection.incr(f"wanted:{name}")
            queue.enqueue(errand(name))


def _maintain(redis_url: str, over: threading.Event) -> None:
    queue = Queue(connect(redis_url))
    while not over.is_set():
        queue.maintain(now=time.time())


@contextmanager
def _several(count: int, work: Callable[..., None], *arguments: object) -> Iterator[None]:
    threads = [threading.Thread(target=work, args=arguments) for _ in range(count)]
    for thread in threads:
        thread.start()
    yield
    for thread in threads:
        thread.join()


@pytest.fixture
def over() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def _served(crew: Crew) -> bool:
    return all(crew.connection.get(f"served:{name}") == crew.connection.get(f"wanted:{name}") for name in NAMES)


def test_requests_of_many_threads_are_all_served(crew: Crew, over: threading.Event) -> None:
    workers = [crew.start() for _ in range(2)]
    with _several(2, _maintain, crew.redis_url, over):
        with _several(6, _ask, crew.redis_url, 60):
            pass
        crew.until(lambda: _served(crew) and not crew.jobs())
        over.set()
    assert all(worker.running for worker in workers)
    assert crew.times("rq:queue:notify:intermediate") == 0


def test_requests_of_many_processes_are_all_served(crew: Crew) -> None:
    crew.start()
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=_ask, args=(crew.redis_url, 60)) for _ in range(3)]
    for process in processes:
        process.start()
    crew.until(lambda: not any(process.is_alive() for process in processes))
    crew.until(lambda: _served(crew) and not crew.jobs())


def test_requests_are_all_served_while_workers_are_killed(crew: Crew, over: threading.Event) -> None:
    with _several(2, _maintain, crew.redis_url, over):
        for _ in range(6):
            worker = crew.start()
            with _several(2, _ask, crew.redis_url, 20):
                crew.until(lambda: crew.connection.scard("rq:workers"))
            worker.kill()
            crew.connection.delete("rq:workers")
        crew.start()
        crew.until(lambda: _served(crew) and not crew.jobs(), seconds=60)
        over.set()
    assert crew.connection.zcard("rq:failed:notify") == 0
    assert crew.times("rq:queue:notify:intermediate") == 0
