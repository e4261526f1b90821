"""Keeping the queue: what is due, abandoned or stuck is queued again, by however many processes at once."""

from __future__ import annotations

import threading

import pytest

from tests.integration.store.conftest import Bench, change


@pytest.fixture
def job(bench: Bench) -> str:
    bench.queue.enqueue(change(1))
    return f"{change(1).job_id}-0"


def _maintain_at_once(bench: Bench, *, now: float) -> None:
    together = threading.Barrier(8)

    def maintain() -> None:
        together.wait()
        bench.queue.maintain(now=now)

    threads = [threading.Thread(target=maintain) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_job_is_queued_when_it_is_due_and_not_before(bench: Bench, job: str) -> None:
    bench.put_off(due=100.5)
    bench.queue.maintain(now=100.0)
    assert bench.waiting == []
    bench.queue.maintain(now=101.0)
    assert bench.waiting == [job]
    assert bench.field(job, "status") == "queued"


def test_a_job_that_is_due_is_queued_once_by_many(bench: Bench, job: str) -> None:
    bench.put_off(due=100.0)
    _maintain_at_once(bench, now=101.0)
    assert bench.waiting == [job]


def test_a_job_that_is_due_and_gone_is_forgotten(bench: Bench, job: str) -> None:
    bench.put_off(due=100.0)
    bench.connection.delete(f"rq:job:{job}")
    bench.queue.maintain(now=101.0)
    assert bench.waiting == []
    assert bench.connection.zcard("rq:scheduled:preview") == 0


def test_a_job_whose_worker_lives_is_left_alone(bench: Bench, job: str) -> None:
    bench.begin()
    bench.queue.maintain(now=1e12)
    assert bench.waiting == []
    assert bench.field(job, "status") == "started"


def test_a_job_whose_worker_is_dead_is_queued_once_by_many(bench: Bench, job: str) -> None:
    bench.begin(alive=False)
    _maintain_at_once(bench, now=0.0)
    assert bench.waiting == [job]
    assert bench.field(job, "retries_left") == "9"


def test_a_job_that_runs_again_is_not_queued_for_its_first_worker(bench: Bench, job: str) -> None:
    bench.begin()
    bench.connection.zadd("rq:wip:preview", {f"{job}:0": 0})
    bench.queue.maintain(now=0.0)
    assert bench.waiting == []
    assert bench.connection.zcard("rq:wip:preview") == 1


def test_a_job_whose_workers_die_even_of_saying_so_has_failed(bench: Bench, job: str) -> None:
    bench.set(job, retries_left=0)
    bench.begin(alive=False)
    bench.queue.maintain(now=0.0)
    assert bench.waiting == []
    assert bench.field(job, "status") == "failed"
    assert bench.connection.zcard("rq:failed:preview") == 1


def test_a_job_that_is_gone_leaves_no_trace_of_its_worker(bench: Bench, job: str) -> None:
    bench.begin(alive=False)
    bench.connection.delete(f"rq:job:{job}")
    bench.queue.maintain(now=0.0)
    assert bench.waiting == []
    assert bench.connection.zcard("rq:wip:preview") == 0


def test_a_job_taken_and_not_begun_is_put_back_after_a_while(bench: Bench, job: str) -> None:
    bench.take()
    bench.queue.maintain(now=100.0)
    bench.queue.maintain(now=104.0)
    assert bench.taken == [job]
    _maintain_at_once(bench, now=106.0)
    assert bench.waiting == [job]
    assert bench.taken == []


def test_a_job_taken_again_later_has_its_whole_time(bench: Bench, job: str) -> None:
    bench.take()
    bench.queue.maintain(now=100.0)
    bench.connection.lmove("rq:queue:preview:intermediate", "rq:queue:preview")
    bench.queue.maintain(now=101.0)
    bench.take()
    bench.queue.maintain(now=200.0)
    assert bench.taken == [job]


def test_what_was_taken_and_is_no_job_any_more_is_forgotten(bench: Bench, job: str) -> None:
    bench.take()
    bench.connection.delete(f"rq:job:{job}")
    bench.queue.maintain(now=100.0)
    assert bench.taken == []
    assert bench.waiting == []


def test_failed_jobs_are_forgotten_in_the_end(bench: Bench) -> None:
    bench.connection.zadd("rq:failed:preview", {"old": 100, "new": 300})
    bench.queue.maintain(now=200.0)
    assert bench.connection.zcard("rq:failed:preview") == 1
