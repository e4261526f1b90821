"""`python -m workers run`: how it starts, ends, and lives with a Redis that comes and goes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bot.sandbox.installation import ROOT
from bot.sandbox.processes import Process
from bot.sandbox.redis import RedisServer
from tests.integration.workers.crew import Crew
from tests.integration.workers.errands import errand


def _children(process: Process) -> list[int]:
    listed = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    return [int(pid) for pid in listed.read_text().split()] if listed.exists() else []


def _says(process: Process, words: str) -> bool:
    """Whether a process logs these words in the end; it is asked without Redis."""
    deadline = time.monotonic() + 40
    while words not in process.tail() and time.monotonic() < deadline:
        time.sleep(0.05)
    return words in process.tail()


def _run(settings: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "workers", *arguments],
        env={"PATH": os.environ["PATH"], **settings},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_worker_asked_to_stop_finishes_its_job_and_ends(crew: Crew) -> None:
    worker = crew.start()
    crew.queue.enqueue(errand("one", hold=crew.gate))
    crew.until(lambda: crew.times("began:one"))
    os.kill(worker.pid, signal.SIGTERM)
    os.kill(worker.pid, signal.SIGTERM)
    crew.open_gate()
    crew.until(lambda: not worker.running)
    assert crew.pids("done:one") == {worker.pid}
    assert worker.exit_status == 0
    assert crew.jobs() == set()


def test_a_worker_asked_to_stop_without_redis_finishes_its_job_and_ends(crew: Crew, redis_server: RedisServer) -> None:
    worker = crew.start()
    crew.queue.enqueue(errand("one", hold=crew.gate))
    crew.until(lambda: crew.times("began:one"))
    redis_server.kill()
    os.kill(worker.pid, signal.SIGTERM)
    assert _says(worker, "no sign of life given")
    redis_server.restart()
    crew.open_gate()
    crew.until(lambda: not worker.running)
    assert crew.pids("done:one") == {worker.pid}
    assert worker.exit_status == 0


def test_an_idle_worker_asked_to_stop_ends(crew: Crew) -> None:
    worker = crew.start()
    crew.until(lambda: crew.connection.scard("rq:workers"))
    os.kill(worker.pid, signal.SIGTERM)
    crew.until(lambda: not worker.running)
    assert worker.exit_status == 0
    assert crew.connection.scard("rq:workers") == 0


def test_a_worker_outlives_a_redis_that_goes_away_while_it_waits(crew: Crew, redis_server: RedisServer) -> None:
    worker = crew.start()
    crew.until(lambda: crew.connection.scard("rq:workers"))
    redis_server.kill()
    redis_server.restart()
    crew.queue.enqueue(errand("one"))
    crew.until(lambda: crew.times("done:one"))
    assert crew.pids("done:one") == {worker.pid}


def test_a_worker_outlives_a_redis_that_is_emptied_under_its_job(crew: Crew, redis_server: RedisServer) -> None:
    worker = crew.start()
    crew.queue.enqueue(errand("one", hold=crew.gate))
    crew.until(lambda: crew.times("began:one"))
    redis_server.restart()
    crew.open_gate()
    crew.queue.enqueue(errand("two"))
    crew.until(lambda: crew.times("done:two"))
    assert crew.pids("done:two") == {worker.pid}
    assert crew.jobs() == set()


def test_a_worker_whose_redis_is_away_at_the_end_of_a_job_goes_on(crew: Crew, redis_server: RedisServer) -> None:
    worker = crew.start()
    crew.queue.enqueue(errand("one", hold=crew.gate))
    crew.until(lambda: crew.times("began:one"))
    redis_server.kill()
    crew.open_gate()
    assert _says(worker, "worker waits for Redis")
    redis_server.restart()
    crew.queue.enqueue(errand("two"))
    crew.until(lambda: crew.times("done:two"))
    assert crew.pids("done:two") == {worker.pid}


def test_a_worker_started_before_redis_waits_for_it(crew: Crew, redis_server: RedisServer) -> None:
    redis_server.kill()
    worker = crew.start()
    assert _says(worker, "worker waits for Redis")
    redis_server.restart()
    crew.queue.enqueue(errand("one"))
    crew.until(lambda: crew.times("done:one"))
    assert crew.pids("done:one") == {worker.pid}


def test_several_queues_get_a_process_each_and_end_together_when_asked(crew: Crew) -> None:
    supervisor = crew.start("run", "preview", "notify")
    crew.until(lambda: crew.connection.scard("rq:workers") == 2)
    crew.queue.enqueue(errand("one", hold=crew.gate))
    crew.until(lambda: crew.times("began:one"))
    os.kill(supervisor.pid, signal.SIGTERM)
    crew.until(lambda: crew.connection.scard("rq:workers") == 1)
    crew.open_gate()
    crew.until(lambda: not supervisor.running)
    assert crew.times("done:one") == 1
    assert supervisor.exit_status == 0


def test_several_queues_end_together_when_one_process_dies(crew: Crew) -> None:
    supervisor = crew.start("run", "preview", "notify")
    crew.until(lambda: crew.connection.scard("rq:workers") == 2)
    os.kill(_children(supervisor)[0], signal.SIGKILL)
    crew.until(lambda: not supervisor.running)
    assert supervisor.exit_status == 1


def test_a_burst_over_several_queues_empties_them_all(crew: Crew) -> None:
    for number in range(3):
        crew.queue.enqueue(errand(f"one-{number}"))
    supervisor = crew.start("run", "preview", "notify", "--burst")
    crew.until(lambda: not supervisor.running)
    assert supervisor.exit_status == 0
    assert crew.jobs() == set()


def _many(crew: Crew) -> list[str]:
    """Queue more errands than one worker is left alone with, all held by the gate."""
    names = [f"one-{number}" for number in range(30)]
    crew.queue.enqueue(*(errand(name, hold=crew.gate) for name in names))
    return names


def test_where_many_wait_another_helps_until_none_is_left(crew: Crew) -> None:
    names = _many(crew)
    supervisor = crew.start("run", "preview", "notify")
    crew.until(lambda: sum(crew.times(f"began:{name}") for name in names) == 2)  # each held at the gate
    lasting = set(_children(supervisor))
    assert len(lasting) == 3
    crew.open_gate()
    crew.until(lambda: len(_children(supervisor)) == 2)
    crew.until(lambda: not crew.jobs())
    assert len(set().union(*(crew.pids(f"done:{name}") for name in names))) == 2
    assert supervisor.running
    os.kill(supervisor.pid, signal.SIGTERM)
    crew.until(lambda: not supervisor.running)
    assert supervisor.exit_status == 0


def test_who_helps_is_asked_to_end_with_the_others(crew: Crew) -> None:
    names = _many(crew)
    supervisor = crew.start("run", "preview", "notify")
    crew.until(lambda: sum(crew.times(f"began:{name}") for name in names) == 2)
    os.kill(supervisor.pid, signal.SIGTERM)
    crew.open_gate()
    crew.until(lambda: not supervisor.running)
    assert supervisor.exit_status == 0
    assert sum(crew.times(f"done:{name}") for name in names) == 2
    assert len(crew.jobs()) == 28


def test_the_death_of_who_helps_takes_nobody_along_and_loses_nothing(crew: Crew) -> None:
    supervisor = crew.start("run", "preview", "notify")
    crew.until(lambda: crew.connection.scard("rq:workers") == 2)
    lasting = set(_children(supervisor))
    names = _many(crew)
    crew.until(lambda: len(_children(supervisor)) == 3)
    (helper,) = set(_children(supervisor)) - lasting
    crew.until(lambda: sum(crew.times(f"began:{name}") for name in names) == 2)
    os.kill(helper, signal.SIGKILL)
    crew.open_gate()
    crew.until(lambda: all(crew.times(f"done:{name}") for name in names))
    assert supervisor.running


@pytest.mark.parametrize("queues", [["preview"], ["preview", "sync"]])
@pytest.mark.parametrize(
    ("name", "value"),
    [("FORESAIL_MODE", "both"), ("FORESAIL_REDIS_URL", "http://s3cret@x"), ("FORESAIL_TYPO", "s3cret")],
)
def test_a_wrong_setting_is_one_line_that_names_the_variable(queues: list[str], name: str, value: str) -> None:
    ended = _run({name: value, "FORESAIL_GITHUB_TOKEN": "s3cret"}, "run", *queues)
    assert ended.returncode == 1
    assert name in ended.stderr
    assert "s3cret" not in ended.stderr
    assert len(set(ended.stderr.splitlines())) == 1


def test_no_secret_is_logged_when_jobs_fail(crew: Crew) -> None:
    for kind in ("bug", "rejected", "temporary"):
        crew.queue.enqueue(errand(kind, error=kind, then="s3cret-payload"))
    worker = crew.start()
    crew.until(lambda: all(crew.times(f"began:{kind}") for kind in ("bug", "rejected", "temporary")))
    crew.until(lambda: crew.connection.zcard("rq:failed:notify") == 2)
    log = (crew.directory / "worker-0.log").read_text()
    assert worker.running
    assert "s3cret-token" not in log
    assert "s3cret-payload" not in log
