"""A worker at rest is told so, once."""

from __future__ import annotations

import multiprocessing
import time
from typing import cast

from bot.model.jobs import JobRequest, Task
from bot.store.connection import connect
from bot.store.worker import take_jobs
from tests.integration.store.conftest import Bench

_PATIENCE = 60.0


class Nothing(JobRequest):
    """A request for a job that has nothing to do."""

    @property
    def queue(self) -> str:
        return "notify"


def _work(redis_url: str) -> None:
    connection = connect(redis_url)
    take_jobs("notify", connect(redis_url), at_rest=lambda: cast("None", connection.incr("rested")))


def do_nothing(_payload: object) -> None:
    """Be a job."""


def test_a_worker_rests_once_after_its_jobs(bench: Bench, redis_url: str) -> None:
    worker = multiprocessing.get_context("spawn").Process(target=_work, args=(redis_url,), daemon=True)
    worker.start()
    try:
        for turn in ("1", "2"):
            names = [f"{turn} {number}" for number in range(3)]
            bench.queue.enqueue(*(Nothing(cast("Task", f"{__name__}.do_nothing"), {"name": one}, one) for one in names))
            end = time.monotonic() + _PATIENCE
            while bench.connection.get("rested") != turn.encode() and time.monotonic() < end:
                time.sleep(0.1)
            assert bench.connection.get("rested") == turn.encode()
            assert bench.connection.keys("rq:job:*") == []
    finally:
        worker.terminate()
        worker.join()
