"""Renders by other processes: the same answers, whatever becomes of those processes, and in fair turns."""

from __future__ import annotations

import os
import signal
import zlib
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import cast

import pytest
import redis

from bot.model.jobs import render
from bot.rendering.queued import WINDOW, Queued
from bot.rendering.wire import to_wire
from bot.repository.render import Rendered, RenderFailed, RenderRequest
from bot.sandbox.processes import Process
from bot.sandbox.redis import RedisServer
from bot.sandbox.toolchain import Programs
from bot.store.queue import Queue
from tests.integration.rendering.conftest import Watched, config, names, request_for, shelf_of
from tests.integration.rendering.staff import Staff, children
from tests.integration.repository.conftest import Fixed

Answers = Future[list[Rendered | RenderFailed]]


@pytest.fixture
def staff(redis_url: str, tmp_path: Path, connection: redis.Redis, programs: Programs) -> Iterator[Staff]:
    found = Staff(tmp_path, redis_url, connection, programs)
    yield found
    found.stop()


@pytest.fixture
def here(programs: Programs) -> Iterator[Watched]:
    found = Watched(str(programs.kustomize), 30.0)
    yield found
    found.close()


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as found:
        yield found


@pytest.fixture
def requests(repository: Fixed, tree: str) -> dict[str, RenderRequest]:
    return {path: request_for(repository, tree, path) for path in [*"abcdefgh", "bad"]}


def warm(staff: Staff, asking: Queued, request: RenderRequest) -> Process:
    """Start a process that has rendered something, so that it has a child."""
    process = staff.start()
    (answer,) = asking.render([request])
    assert isinstance(answer, Rendered)
    staff.until(lambda: not staff.jobs())
    return process


def test_another_process_renders_without_any_credentials(
    staff: Staff, here: Watched, requests: dict[str, RenderRequest]
) -> None:
    staff.start()
    answers = staff.asking(here).render([requests[path] for path in ("a", "bad", "b")])
    assert names(answers) == ["a", "bad/a.yaml", "b"]
    assert here.asked == []
    staff.until(lambda: not staff.jobs())


def test_answers_are_those_of_the_process_itself(
    staff: Staff, here: Watched, requests: dict[str, RenderRequest]
) -> None:
    staff.start()
    every = list(requests.values())
    assert staff.asking(here).render(every) == here.render(every)


def test_several_processes_share_the_work(staff: Staff, here: Watched, repository: Fixed) -> None:
    tree = repository.tree({f"{number}/a.yaml": config(f"name-{number}") for number in range(60)})
    supervisor = staff.start(queues=("render", "render"))
    staff.until(lambda: staff.connection.scard("rq:workers:render") == 2)
    answers = staff.asking(here).render([request_for(repository, tree, str(number)) for number in range(60)])
    assert names(answers) == [f"name-{number}" for number in range(60)]
    assert here.asked == []
    assert all(children(pid) for pid in children(supervisor.pid))


def test_what_one_asks_for_is_a_few_jobs_at_a_time_and_others_have_their_turn(
    staff: Staff, here: Watched, repository: Fixed, requests: dict[str, RenderRequest], threads: ThreadPoolExecutor
) -> None:
    tree = repository.tree({f"{number}/a.yaml": config(f"name-{number}") for number in range(50)})
    huge = threads.submit(
        staff.asking(here).render, [request_for(repository, tree, str(number)) for number in range(50)]
    )
    staff.until(lambda: staff.waiting() == WINDOW)
    small = threads.submit(staff.asking(here).render, [requests["a"]])
    staff.until(lambda: staff.waiting() == WINDOW + 1)
    staff.start()
    assert names(small.result(60.0)) == ["a"]
    assert names(huge.result(60.0)) == [f"name-{number}" for number in range(50)]
    assert here.asked == []


def test_two_who_ask_for_the_same_are_one_job(
    staff: Staff, here: Watched, requests: dict[str, RenderRequest], threads: ThreadPoolExecutor
) -> None:
    both = [threads.submit(staff.asking(here).render, [requests["a"], requests["bad"]]) for _ in range(2)]
    staff.until(lambda: staff.waiting() == 2)
    staff.start()
    assert [names(one.result(60.0)) for one in both] == [["a", "bad/a.yaml"]] * 2
    assert here.asked == []


def test_what_nobody_takes_is_rendered_here_and_taken_back(
    staff: Staff, here: Watched, requests: dict[str, RenderRequest]
) -> None:
    asking = staff.asking(here, untaken=0.2)
    every = [requests[path] for path in "abcdefgh"] * 3
    assert names(asking.render(every)) == [*"abcdefgh"] * 3
    assert staff.jobs() == []
    assert names(asking.render([requests["bad"]])) == ["bad/a.yaml"]
    assert here.asked == [*"abcdefgh", "bad"]


def test_what_another_took_back_is_not_waited_for(
    staff: Staff, here: Watched, requests: dict[str, RenderRequest], threads: ThreadPoolExecutor
) -> None:
    patient = threads.submit(staff.asking(here, untaken=2.0).render, [requests["a"]])
    staff.until(staff.waiting)
    assert names(staff.asking(here, untaken=0.1).render([requests["a"]])) == ["a"]
    assert names(patient.result(30.0)) == ["a"]
    assert here.asked == ["a"]


def test_the_job_of_a_renderer_that_was_killed_goes_to_another(
    staff: Staff, here: Watched, requests: dict[str, RenderRequest], threads: ThreadPoolExecutor
) -> None:
    asking = staff.asking(here)
    first = warm(staff, asking, requests["a"])
    staff.hold(first)
    orphans = children(first.pid)
    answer = threads.submit(asking.render, [requests["b"]])
    staff.until(staff.begun)
    (job,) = staff.jobs()
    assert staff.connection.hget(job, "retries_left") == b"2"
    os.kill(first.pid, signal.SIGKILL)
    staff.until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in orphans))
    staff.start()
    staff.until(answer.done)
    assert names(answer.result()) == ["b"]
    assert here.asked == []
    staff.until(lambda: not staff.jobs())


def test_a_source_that_ends_its_renderers_is_refused_in_words_and_not_rendered_here(
    staff: Staff, here: Watched, requests: dict[str, RenderRequest], threads: ThreadPoolExecutor
) -> None:
    asking = staff.asking(here)
    first = warm(staff, asking, requests["a"])
    staff.hold(first)
    answer = threads.submit(asking.render, [requests["b"]])
    staff.until(staff.begun)
    (job,) = staff.jobs()
    staff.connection.hset(job, "retries_left", 1)  # as if another had been killed over it before
    first.kill()
    staff.start()
    staff.until(answer.done)
    (refused,) = answer.result()
    assert isinstance(refused, RenderFailed)
    assert refused.message.startswith("rendering it ended its renderer twice")
    assert asking.render([requests["b"]]) == [refused]
    assert here.asked == []


def test_a_renderers_child_that_is_killed_costs_nobody_anything(
    staff: Staff, here: Watched, requests: dict[str, RenderRequest]
) -> None:
    asking = staff.asking(here)
    process = warm(staff, asking, requests["a"])
    for pid in children(process.pid):
        os.kill(pid, signal.SIGKILL)
    assert names(asking.render([requests["b"], requests["c"]])) == ["b", "c"]
    assert here.asked == []


def test_what_a_killed_renderer_left_behind_is_removed_by_the_next(
    staff: Staff, here: Watched, requests: dict[str, RenderRequest]
) -> None:
    asking = staff.asking(here)
    first = warm(staff, asking, requests["a"])
    left = staff.homes()
    first.kill()
    assert left
    for home in left:
        os.utime(home, (0, 0))
    second = warm(staff, asking, requests["b"])
    assert not any(home.exists() for home in left)
    second.stop()
    assert staff.homes() == []
    assert second.exit_status == 0


def test_a_job_whose_asker_is_gone_is_done_for_the_next_who_asks(
    staff: Staff, here: Watched, requests: dict[str, RenderRequest], threads: ThreadPoolExecutor
) -> None:
    gone: Answers = threads.submit(staff.asking(here, begun=0.0, untaken=60.0).render, [requests["a"]])
    assert gone.exception(30.0) is not None
    assert staff.waiting() == 1
    staff.start()
    staff.until(lambda: not staff.jobs())
    assert names(staff.asking(here, begun=0.0).render([requests["a"]])) == ["a"]
    assert here.asked == []


def test_a_redis_that_goes_away_takes_no_render_along(
    staff: Staff,
    here: Watched,
    requests: dict[str, RenderRequest],
    threads: ThreadPoolExecutor,
    redis_server: RedisServer,
) -> None:
    asking = staff.asking(here)
    held = warm(staff, asking, requests["a"])
    staff.hold(held)
    answer = threads.submit(asking.render, [requests["b"], requests["bad"], requests["c"]])
    staff.until(staff.begun)
    redis_server.kill()
    assert names(answer.result(60.0)) == ["b", "bad/a.yaml", "c"]
    assert here.asked == ["b", "bad", "c"]


def test_a_redis_that_is_emptied_takes_no_render_along(
    staff: Staff,
    here: Watched,
    requests: dict[str, RenderRequest],
    threads: ThreadPoolExecutor,
    redis_server: RedisServer,
) -> None:
    asking = staff.asking(here, untaken=5.0)
    held = warm(staff, staff.asking(here), requests["a"])
    staff.hold(held)
    answer = threads.submit(asking.render, [requests["b"], requests["c"]])
    staff.until(staff.begun)
    redis_server.restart()
    assert names(answer.result(60.0)) == ["b", "c"]


def test_what_is_too_large_to_be_shared_is_rendered_here(staff: Staff, here: Watched, repository: Fixed) -> None:
    tree = repository.tree({"a/a.yaml": config("large", value=os.urandom(1_200_000).hex())})
    staff.start()
    assert names(staff.asking(here).render([request_for(repository, tree, "a")])) == ["large"]
    assert here.asked == ["a"]


def test_what_a_renderer_with_other_programs_is_asked_is_rendered_here(
    staff: Staff, here: Watched, requests: dict[str, RenderRequest]
) -> None:
    other = staff.root / "kustomize"
    other.write_bytes(staff.programs.kustomize.read_bytes() + b"\0")
    other.chmod(0o755)
    process = staff.start(kustomize=other)
    assert names(staff.asking(here).render([requests["a"]])) == ["a"]
    assert here.asked == ["a"]
    assert process.running


def test_what_lies_where_others_cannot_read_is_rendered_here(
    staff: Staff, here: Watched, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = Fixed(tmp_path_factory.mktemp("elsewhere") / "repository.git")
    tree = elsewhere.tree({"a/a.yaml": config("a")})
    assert names(staff.asking(here).render([request_for(elsewhere, tree, "a")])) == ["a"]
    assert staff.jobs() == []


def test_a_job_of_somebody_without_the_secret_renders_nothing(
    staff: Staff, here: Watched, requests: dict[str, RenderRequest], repository: Fixed
) -> None:
    name = shelf_of(staff.connection, staff.programs).name(requests["a"]) or ""
    stranger = shelf_of(staff.connection, staff.programs, secret="another text that is long enough to be no guess")
    evil = request_for(repository, repository.tree({"a/a.yaml": config("evil")}), "a")
    Queue(staff.connection).enqueue(render(name, stranger.sealed(name, to_wire(evil, staff.root))))
    process = staff.start()
    assert names(staff.asking(here).render([requests["a"]])) == ["a"]
    assert here.asked == ["a"]
    assert children(process.pid) == set()


def test_a_job_that_was_made_for_another_render_renders_nothing(
    staff: Staff, here: Watched, requests: dict[str, RenderRequest], repository: Fixed
) -> None:
    shelf = shelf_of(staff.connection, staff.programs)
    evil = request_for(repository, repository.tree({"a/a.yaml": config("evil")}), "a")
    name, other = (shelf.name(one) or "" for one in (requests["a"], evil))
    Queue(staff.connection).enqueue(render(name, shelf.sealed(other, to_wire(evil, staff.root))))
    staff.start()
    assert names(staff.asking(here).render([requests["a"]])) == ["a"]
    assert here.asked == ["a"]


def test_nothing_that_is_asked_can_be_read_in_redis(
    staff: Staff, here: Watched, repository: Fixed, tree: str, threads: ThreadPoolExecutor
) -> None:
    secret = {"parameters": [{"name": "password", "value": "hunter2-in-the-clear"}]}
    request = request_for(repository, tree, "a", helm=secret, repoURL="https://user:hunter2@github.com/acme/shop")
    answer = threads.submit(staff.asking(here, untaken=2.0).render, [request])
    staff.until(staff.waiting)
    (job,) = staff.jobs()
    fields = cast("dict[bytes, bytes]", staff.connection.hgetall(job))
    held = repr([fields, zlib.decompress(fields[b"data"])])
    answer.result(60.0)
    assert "sealed" in held
    assert not [word for word in ("hunter2", "acme", "password") if word in held]
