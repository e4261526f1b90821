"""Worker processes: they lose no job, whatever happens to them, and say who failed."""

from __future__ import annotations

import gc
import os
import signal
import weakref

import pytest
import rq

from bot.model.jobs import ABANDONED_RETRIES
from bot.store.queue import Queue
from tests.integration.workers.crew import Crew
from tests.integration.workers.errands import errand, nothing
from workers.runtime import tidy

JOBS = 200


def test_a_job_is_done_and_leaves_nothing_behind(crew: Crew) -> None:
    crew.queue.enqueue(errand("one", then="two"))
    crew.start()
    crew.until(lambda: crew.times("done:two"))
    crew.until(lambda: not crew.connection.keys("rq:job:*"))
    assert crew.connection.keys("rq:execution*") == []
    assert crew.connection.keys("rq:wip:*") == []


def test_signs_of_life_leave_nothing_behind(crew: Crew) -> None:
    crew.start()
    crew.queue.enqueue(errand("one", hold=crew.gate))
    crew.until(lambda: crew.times("began:one"))
    (execution,) = crew.connection.keys("rq:execution:*")
    first = crew.connection.hget(execution, "last_heartbeat")
    crew.until(lambda: crew.connection.hget(execution, "last_heartbeat") != first)
    crew.open_gate()
    crew.until(lambda: not crew.jobs())
    assert crew.connection.keys("rq:execution*") == []
    assert crew.connection.keys("rq:wip:*") == []


def test_tools_see_which_job_a_worker_does(crew: Crew) -> None:
    crew.start()
    crew.queue.enqueue(errand("one", hold=crew.gate))
    crew.until(lambda: crew.times("began:one"))
    (worker,) = rq.Worker.all(connection=crew.connection)
    (job,) = crew.jobs()
    assert worker.get_state() == rq.worker.WorkerStatus.BUSY
    assert worker.get_current_job_id() == job.removeprefix("rq:job:")
    crew.open_gate()
    crew.until(lambda: not crew.jobs())
    (worker,) = rq.Worker.all(connection=crew.connection)
    assert worker.get_state() == rq.worker.WorkerStatus.IDLE
    assert worker.get_current_job_id() is None


def test_what_waits_and_is_no_job_any_more_is_passed_over(crew: Crew) -> None:
    crew.connection.rpush("rq:queue:notify", "ghost-0")
    crew.queue.enqueue(errand("one"))
    crew.start()
    crew.until(lambda: crew.times("done:one") and not crew.jobs())
    assert crew.connection.keys("rq:job:*") == []
    assert crew.times("rq:queue:notify:intermediate") == 0


def test_a_job_is_begun_in_one_step_left_in_one_and_counted_in_one(crew: Crew) -> None:
    crew.queue.enqueue(*(nothing(str(number)) for number in range(JOBS)))
    before = crew.commands()
    worker = crew.start("run", "notify", "--burst")
    crew.await_end(worker)
    # Besides: a start, an end, and some signs of life. RQ alone asks 18 times a job.
    assert crew.commands() - before < 4 * JOBS
    assert crew.jobs() == set()


def test_a_request_that_comes_while_an_equal_job_runs_is_done_after_it(crew: Crew) -> None:
    crew.start()
    crew.queue.enqueue(errand("one", hold=crew.gate))
    crew.until(lambda: crew.times("began:one"))
    crew.queue.enqueue(errand("one"))
    crew.queue.enqueue(errand("one"))
    crew.open_gate()
    crew.until(lambda: crew.times("done:one") == 2 and not crew.jobs())


def test_another_worker_does_the_job_of_one_that_was_killed(crew: Crew) -> None:
    first = crew.start()
    crew.queue.enqueue(errand("one", hold=crew.gate))
    crew.until(lambda: crew.times("began:one"))
    first.kill()
    second = crew.start()
    crew.until(lambda: crew.times("began:one") == 2)
    crew.open_gate()
    crew.until(lambda: not crew.jobs())
    assert crew.pids("done:one") == {second.pid}
    assert crew.times("began:one") == 2
    assert crew.words("excuses:one") == []


def test_a_job_that_could_not_be_left_is_not_taken_for_one_that_failed(crew: Crew) -> None:
    worker = crew.start()
    crew.queue.enqueue(errand("one", hold=crew.gate, early=3600))
    crew.until(lambda: crew.times("began:one"))
    crew.connection.acl_setuser("default", enabled=True, commands=["-evalsha"])
    crew.open_gate()
    crew.await_words(worker, "permissions")
    crew.connection.acl_setuser("default", enabled=True, commands=["+evalsha"])
    crew.until(lambda: crew.connection.zcard("rq:scheduled:notify"))
    assert crew.connection.zcard("rq:failed:notify") == 0
    assert crew.times("began:one") == 2


def test_a_worker_that_was_frozen_and_wakes_up_does_not_undo_the_request_that_came_meanwhile(crew: Crew) -> None:
    frozen = crew.start()
    crew.queue.enqueue(errand("one", hold=crew.gate))
    crew.until(lambda: crew.times("began:one"))
    os.killpg(frozen.pid, signal.SIGSTOP)
    crew.until(lambda: crew.connection.llen("rq:queue:notify") == 1)
    crew.connection.set("wanted:one", 7)
    crew.queue.enqueue(errand("one", hold=crew.gate))
    crew.open_gate()
    os.killpg(frozen.pid, signal.SIGCONT)
    crew.until(lambda: crew.connection.get("served:one") == b"7")
    crew.until(lambda: not crew.jobs())


def test_a_job_that_workers_die_of_is_given_up_and_that_is_told(crew: Crew) -> None:
    crew.queue.enqueue(errand("one", die=True))
    job = next(iter(crew.jobs()))
    crew.connection.hset(job, "retries_left", 1)
    crew.start()
    crew.until(lambda: crew.connection.hget(job, "retries_left") == b"0")
    crew.start()
    crew.until(lambda: crew.words("excuses:one"))
    assert crew.words("excuses:one") == [f"given up: {ABANDONED_RETRIES} workers ended while doing this"]
    assert crew.times("began:one") == 1


def test_a_bug_is_told_once_with_an_incident_and_not_tried_again(crew: Crew) -> None:
    crew.queue.enqueue(errand("one", error="bug"))
    worker = crew.start()
    crew.until(lambda: crew.connection.zcard("rq:failed:notify"))
    crew.queue.enqueue(errand("two"))
    crew.until(lambda: crew.times("done:two"))
    (words,) = crew.words("excuses:one")
    assert crew.times("began:one") == 1
    assert words.startswith("internal error")
    assert words.rsplit(" ", 1)[1] in worker.tail()
    assert "s3cret" not in words


def test_what_the_caller_must_mend_is_told_in_its_own_words(crew: Crew) -> None:
    crew.queue.enqueue(errand("one", error="rejected"))
    crew.start()
    crew.until(lambda: crew.words("excuses:one"))
    assert crew.words("excuses:one") == ["the file is wrong Mend it."]


def test_a_failed_job_makes_room_for_the_next_request(crew: Crew) -> None:
    crew.queue.enqueue(errand("one", error="bug"))
    crew.start()
    crew.until(lambda: crew.connection.zcard("rq:failed:notify"))
    crew.queue.enqueue(errand("one"))
    crew.until(lambda: crew.times("done:one"))
    crew.until(lambda: not crew.jobs())
    assert crew.connection.zcard("rq:failed:notify") == 0


def test_a_temporary_error_puts_the_job_off_and_counts(crew: Crew) -> None:
    crew.queue.enqueue(errand("one", error="temporary"))
    (job,) = crew.jobs()
    crew.start()
    crew.until(lambda: crew.connection.hget(job, "number_of_retries") == b"1")
    crew.until(lambda: crew.connection.hget(job, "status") == b"scheduled")
    assert crew.words("excuses:one") == []


def test_a_job_that_comes_too_early_is_put_off_and_that_is_no_attempt(crew: Crew) -> None:
    crew.queue.enqueue(errand("one", early=3000))
    (job,) = crew.jobs()
    crew.start()
    crew.until(lambda: crew.connection.hget(job, "status") == b"scheduled")
    assert 2000 < crew.due(job) <= 3000
    assert crew.connection.hget(job, "number_of_retries") == b"0"
    crew.connection.zadd("rq:scheduled:notify", {job.removeprefix("rq:job:"): 0})
    crew.until(lambda: crew.times("began:one") == 2)
    assert crew.words("excuses:one") == []


def test_a_job_that_fails_for_a_while_is_put_off_for_longer_and_longer(crew: Crew) -> None:
    crew.queue.enqueue(errand("one", error="temporary"))
    (job,) = crew.jobs()
    crew.connection.hset(job, "number_of_retries", 8)
    crew.start()
    crew.until(lambda: crew.connection.hget(job, "status") == b"scheduled")
    assert 60 < crew.due(job) < 200


@pytest.mark.parametrize(("asked", "granted"), [(1000, 900), (1e9, 3000)])
def test_who_asks_to_wait_is_given_an_hour_at_most(crew: Crew, asked: float, granted: float) -> None:
    crew.queue.enqueue(errand("one", error="temporary", retry_after=asked))
    (job,) = crew.jobs()
    crew.start()
    crew.until(lambda: crew.connection.hget(job, "status") == b"scheduled")
    assert granted < crew.due(job) <= 3600


def test_a_temporary_error_that_does_not_pass_is_given_up_and_told(crew: Crew) -> None:
    crew.queue.enqueue(errand("one", error="temporary"))
    (job,) = crew.jobs()
    crew.connection.hset(job, "number_of_retries", 11)
    crew.start()
    crew.until(lambda: crew.words("excuses:one"))
    assert crew.words("excuses:one") == ["given up after 12 attempts: forge away"]


def test_a_job_put_off_does_not_pile_up_beside_one_that_waits(crew: Crew) -> None:
    crew.queue.enqueue(errand("one", error="temporary"))
    crew.start()
    crew.until(lambda: crew.connection.zcard("rq:scheduled:notify"))
    crew.queue.enqueue(errand("one", error="temporary", hold=crew.gate))
    crew.until(lambda: crew.times("began:one") >= 2)
    crew.open_gate()
    crew.until(lambda: crew.connection.zcard("rq:wip:notify") == 0)
    assert len(crew.jobs()) == 1


def test_a_job_that_takes_too_long_is_ended_and_told(crew: Crew) -> None:
    Queue(crew.connection, job_limit=1).enqueue(errand("one", hold=crew.gate))
    crew.start()
    crew.until(lambda: crew.words("excuses:one"))
    assert crew.words("excuses:one")[0].startswith("took too long and was ended")


def test_a_job_nobody_can_import_fails_without_a_second_try(crew: Crew) -> None:
    request = errand("one")
    object.__setattr__(request, "task", "tests.integration.workers.errands.removed")
    crew.queue.enqueue(request)
    worker = crew.start()
    crew.until(lambda: crew.connection.zcard("rq:failed:notify"))
    assert worker.tail().count('"job failed"') == 1


def test_garbage_in_circles_goes_once_a_job_is_over() -> None:
    gc.disable()
    try:
        circle = Circle()
        circle.itself, gone = circle, weakref.ref(circle)
        del circle
        kept = [[number] for number in range(1_000)]
        assert gone() is not None
        tidy()
    finally:
        gc.enable()
    assert gone() is None
    assert kept


class Circle:
    """What only holds itself."""

    itself: object
