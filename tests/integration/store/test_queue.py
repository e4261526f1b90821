"""The queue: equal waiting jobs are one, and nothing that was asked for is dropped."""

from __future__ import annotations

import time

import pytest

from bot.errors import Temporary
from bot.model import jobs
from bot.sandbox.processes import free_port
from bot.sandbox.redis import RedisServer
from tests.integration.store.conftest import SHOP, Bench, change


def test_jobs_wait_in_the_order_they_were_asked_for(bench: Bench) -> None:
    bench.queue.enqueue(change(2))
    bench.queue.enqueue(change(1))
    assert bench.waiting == [f"{change(2).job_id}-0", f"{change(1).job_id}-0"]


def test_equal_requests_are_one_job_while_it_waits(bench: Bench) -> None:
    bench.queue.enqueue(change(1), change(1))
    bench.queue.enqueue(change(1))
    assert len(bench.waiting) == 1


def test_each_queue_gets_its_own(bench: Bench) -> None:
    bench.queue.enqueue(change(1), jobs.advance("shop"), jobs.notify("acme/shop", "1" * 40), jobs.render("a", "b"))
    lengths = [bench.connection.llen(f"rq:queue:{name}") for name in jobs.QUEUES]
    assert lengths == [1, 1, 1, 1]


def test_a_job_that_was_taken_and_not_begun_still_serves_a_new_request(bench: Bench) -> None:
    bench.queue.enqueue(change(1))
    bench.take()
    bench.queue.enqueue(change(1))
    assert bench.waiting == []


def test_a_job_that_has_begun_does_not_serve_a_new_request(bench: Bench) -> None:
    bench.queue.enqueue(change(1))
    bench.begin()
    bench.queue.enqueue(change(1))
    bench.queue.enqueue(change(1))
    assert bench.waiting == [f"{change(1).job_id}-1"]


def test_a_job_that_is_put_off_does_not_serve_a_request_for_now(bench: Bench) -> None:
    bench.queue.enqueue(change(1))
    bench.put_off(due=100.0)
    bench.queue.enqueue(change(1))
    assert bench.waiting == [f"{change(1).job_id}-1"]


@pytest.mark.parametrize(("later", "jobs_waiting"), [(5.0, 0), (60.0, 1)])
def test_a_job_that_is_put_off_for_a_moment_serves_a_request_that_can_wait(
    bench: Bench, later: float, jobs_waiting: int
) -> None:
    told = jobs.notify("acme/shop", "1" * 40)
    bench.queue.enqueue(told)
    bench.put_off(due=time.time() + later, queue="notify")
    bench.queue.enqueue(told)
    assert bench.connection.llen("rq:queue:notify") == jobs_waiting


def test_a_waiting_job_in_any_slot_serves_a_new_request(bench: Bench) -> None:
    bench.queue.enqueue(change(1))
    begun = bench.begin()
    bench.queue.enqueue(change(1))
    bench.connection.delete(f"rq:job:{begun}")
    bench.queue.enqueue(change(1))
    assert bench.waiting == [f"{change(1).job_id}-1"]


def test_a_request_finds_room_however_many_equal_jobs_run(bench: Bench) -> None:
    for _ in range(12):
        bench.queue.enqueue(change(1))
        bench.begin()
    bench.queue.enqueue(change(1))
    assert bench.waiting == [f"{change(1).job_id}-12"]


def test_a_job_that_redis_dropped_from_its_list_does_not_stand_in_the_way(bench: Bench) -> None:
    bench.queue.enqueue(change(1))
    bench.connection.delete("rq:queue:preview")
    bench.queue.enqueue(change(1))
    assert len(bench.waiting) == 1


def test_half_a_job_does_not_stand_in_the_way(bench: Bench) -> None:
    bench.set(f"{change(1).job_id}-0", status="queued", last_heartbeat="now")
    bench.connection.rpush("rq:queue:preview:intermediate", f"{change(1).job_id}-0")
    bench.queue.enqueue(change(1))
    assert len(bench.waiting) == 1


def test_a_delivery_is_queued_once(bench: Bench) -> None:
    assert bench.queue.enqueue_delivery("d-1", [change(1)])
    bench.begin()
    assert not bench.queue.enqueue_delivery("d-1", [change(1)])
    assert bench.queue.enqueue_delivery("d-2", [change(1)])
    assert len(bench.waiting) == 1


def test_a_delivery_is_forgotten_in_the_end(bench: Bench) -> None:
    bench.queue.enqueue_delivery("d-1", [change(1)])
    assert 0 < int(str(bench.connection.ttl("foresail:delivery:d-1"))) <= 3600


def test_a_delivery_that_could_not_be_queued_may_come_again(bench: Bench, redis_server: RedisServer) -> None:
    redis_server.kill()
    with pytest.raises(Temporary):
        bench.queue.enqueue_delivery("d-1", [change(1)])
    redis_server.restart()
    assert bench.queue.enqueue_delivery("d-1", [change(1)])


def test_a_redis_that_takes_no_writes_is_no_bug_and_remembers_no_delivery(bench: Bench) -> None:
    bench.connection.replicaof("127.0.0.1", str(free_port()))
    with pytest.raises(Temporary):
        bench.queue.enqueue_delivery("d-1", [change(1)])
    bench.connection.replicaof("no", "one")
    assert bench.queue.enqueue_delivery("d-1", [change(1)])


def test_names_of_any_alphabet_and_length_can_be_queued(bench: Bench) -> None:
    for branch in ("значение", "a/b;c d", "x" * 5000, "\N{PILE OF POO}"):
        bench.queue.enqueue(jobs.deliver(SHOP, branch=branch, before="", commit="1" * 40))
    assert bench.connection.llen("rq:queue:sync") == 4


def test_a_request_that_waits_can_be_taken_back(bench: Bench) -> None:
    bench.queue.enqueue(change(1), change(2))
    assert bench.queue.withdraw(change(1))
    assert bench.waiting == [f"{change(2).job_id}-0"]
    assert not bench.connection.exists(f"rq:job:{change(1).job_id}-0")
    assert bench.queue.withdraw(change(1))


def test_a_request_that_somebody_is_about_cannot_be_taken_back(bench: Bench) -> None:
    bench.queue.enqueue(change(1))
    bench.take()
    assert not bench.queue.withdraw(change(1))
    bench.queue.enqueue(change(2))
    bench.begin()
    assert not bench.queue.withdraw(change(2))
    bench.queue.enqueue(change(2))
    assert not bench.queue.withdraw(change(2))
    assert bench.waiting == []


def test_a_job_is_there_while_it_waits_runs_or_is_put_off(bench: Bench) -> None:
    assert not bench.queue.has(change(1))
    bench.queue.enqueue(change(1))
    assert bench.queue.has(change(2), change(1))
    bench.begin()
    assert bench.queue.has(change(1))
    bench.queue.enqueue(change(3))
    bench.put_off(due=2_000_000_000.0)
    assert bench.queue.has(change(3))


def test_a_job_that_was_lost_is_not_there(bench: Bench) -> None:
    bench.queue.enqueue(change(1))
    bench.connection.delete("rq:queue:preview")
    assert not bench.queue.has(change(1))
