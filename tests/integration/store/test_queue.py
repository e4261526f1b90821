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


def test_however_many_are_asked_for_all_are_queued_once(bench: Bench) -> None:
    many = [change(number) for number in range(1_200)]
    bench.queue.enqueue(*many)
    bench.queue.enqueue(*many)
    bench.queue.enqueue()
    assert bench.waiting == [f"{one.job_id}-0" for one in many]


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


def compared(cluster: str, count: int) -> list[jobs.JobRequest]:
    return [jobs.compare(f"{cluster}-{number}").in_lane(cluster) for number in range(count)]


def turns(bench: Bench) -> list[str]:
    """Return the clusters of the jobs of syncs that wait, in the order in which a worker takes them."""
    return [one.removeprefix("compare-").partition("-")[0] for one in bench.syncs]


def test_two_hundred_jobs_of_one_cluster_keep_no_other_waiting(bench: Bench) -> None:
    bench.queue.enqueue(*compared("large", 200))
    bench.queue.enqueue(*compared("small", 1))
    assert turns(bench).index("small") == 1


def test_clusters_take_turns_and_each_keeps_its_order(bench: Bench) -> None:
    everything = [*compared("a", 40), *compared("b", 20), *compared("c", 3)]
    bench.queue.enqueue(*everything)
    assert turns(bench)[:9] == ["a", "b", "c"] * 3
    assert turns(bench)[9:43] == ["a", "b"] * 17
    assert turns(bench)[43:] == ["a"] * 20
    waiting = [one.removesuffix("-0") for one in bench.syncs]
    for lane in ("a", "b", "c"):
        own = [one.job_id for one in everything if one.lane == lane]
        assert [one for one in waiting if one in set(own)] == own


def test_who_comes_later_does_not_make_up_for_the_time_before(bench: Bench) -> None:
    bench.queue.enqueue(*compared("a", 10))
    for _ in range(6):
        bench.connection.lpop("rq:queue:sync")
    bench.queue.enqueue(*compared("b", 6))
    assert turns(bench) == ["a", "b", "a", "b", "a", "b", "a", "b", "b", "b"]


def test_who_asks_again_and_again_gets_no_more_than_its_turn(bench: Bench) -> None:
    bench.queue.enqueue(*compared("a", 20))
    taken = []
    for request in compared("b", 8):
        bench.queue.enqueue(request)
        taken += turns(bench)[:2]
        bench.connection.lpop("rq:queue:sync", 2)
    assert sorted(taken) == ["a"] * 8 + ["b"] * 8


def test_a_lane_starts_anew_once_nothing_waits(bench: Bench) -> None:
    bench.queue.enqueue(*compared("a", 30))
    bench.connection.delete("rq:queue:sync")
    bench.queue.enqueue(*compared("b", 2))
    bench.queue.enqueue(jobs.compare("a-late").in_lane("a"))
    assert turns(bench) == ["b", "a", "b"]


def test_what_was_put_off_takes_turns_too(bench: Bench) -> None:
    bench.queue.enqueue(*compared("a", 30))
    for _ in range(30):
        bench.put_off(due=1.0, queue="sync")
    bench.queue.enqueue(*compared("b", 2))
    bench.queue.maintain(now=2.0)
    assert turns(bench)[:4] == ["b", "a", "b", "a"]
    bench.queue.enqueue(*compared("c", 1))
    assert "c" in turns(bench)[:4]


def test_that_nobody_remembers_whose_turn_it_is_loses_no_job(bench: Bench) -> None:
    bench.queue.enqueue(*compared("a", 10), *compared("b", 5))
    bench.connection.delete("foresail:rounds:rq:queue:sync")
    for one in compared("a", 3):
        bench.connection.hdel(f"rq:job:{one.job_id}-0", "round")
    bench.queue.enqueue(*compared("c", 2), jobs.compare("a-late").in_lane("a"))
    assert sorted(turns(bench)) == ["a"] * 11 + ["b"] * 5 + ["c"] * 2
