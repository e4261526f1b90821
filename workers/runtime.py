"""A worker process: services built once, jobs taken from one queue, errors told to who can act."""

from __future__ import annotations

import functools
import os
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import structlog
from rq import SimpleWorker, get_current_job
from rq.serializers import JSONSerializer

from bot.errors import Temporary
from bot.model.jobs import JobRequest, Task
from bot.services import Services
from bot.settings import Settings
from bot.store.connection import connect

if TYPE_CHECKING:
    from rq import Queue
    from rq.executions import Execution
    from rq.job import Job

    from bot.model.resources import JsonObject

_log = structlog.get_logger()

_ATTEMPTS: Final = 12
"""Attempts of a job that fails for a passing reason; with the delays below they span about half an hour."""
_LONGEST: Final = 300.0
_HEARTBEAT: Final = 2.0
"""Seconds between two signs of life while a job runs."""
_LIFE: Final = 10
"""Seconds without a sign of life after which a worker counts as dead and its job goes to another."""

UseCase = Callable[[Services, "JsonObject"], JobRequest | None]
Excuse = Callable[[Services, "JsonObject", str], None]
"""Tells whoever waits for the job, in the given words, that it will not come."""


@functools.cache
def services() -> Services:
    """Return this process's services, built at the first job."""
    return Services.build(Settings.from_environment(os.environ))


def job(work: UseCase) -> Callable[[JsonObject], None]:
    """Make a use case into what the queue calls, see `job_with_excuse`; nobody in particular waits for it."""
    return job_with_excuse(_no_excuse)(work)


def job_with_excuse(excuse: Excuse) -> Callable[[UseCase], Callable[[JsonObject], None]]:
    """Make a use case into what the queue calls.

    A Temporary error puts the job back with a growing delay. A bug, or a Temporary error that does not pass, is logged
    with an incident's id, told by `excuse`, and left to RQ's registry of failed jobs. A use case may return one more
    request, which is queued once it is done.
    """

    def decorate(work: UseCase) -> Callable[[JsonObject], None]:
        @functools.wraps(work)
        def run(payload: JsonObject) -> None:
            bare = {name: value for name, value in payload.items() if name != "attempt"}
            with structlog.contextvars.bound_contextvars(job=work.__module__):
                try:
                    follow_up = work(services(), bare)
                except Temporary as error:
                    if _put_back(payload, error):
                        return
                    _fail(excuse, bare, f"given up after {_ATTEMPTS} attempts: {error.message}")
                    raise
                except Exception:
                    incident = uuid.uuid4().hex[:12]
                    _log.exception("job failed", incident=incident)
                    _fail(excuse, bare, f"internal error; the log tells more under incident {incident}")
                    raise
                if follow_up is not None:
                    services().queue.enqueue(follow_up)

        return run

    return decorate


def _no_excuse(_services: Services, _payload: JsonObject, words: str) -> None:
    _log.error("job given up", reason=words)


def _fail(excuse: Excuse, payload: JsonObject, words: str) -> None:
    current = get_current_job()
    if current is not None:
        current.retries_left = 0  # retries are for workers that died; this one failed
    try:
        excuse(services(), payload, words)
    except Exception:  # noqa: BLE001 - the first error matters more than that nobody could be told
        _log.exception("nobody could be told")


def _put_back(payload: JsonObject, error: Temporary) -> bool:
    """Queue the job again after a while; False when it was tried often enough."""
    current = get_current_job()
    attempt = int(payload.get("attempt", 0)) + 1
    if current is None or attempt > _ATTEMPTS:
        return False
    delay = min(_LONGEST, max(error.retry_after, 0.25 * 2.0**attempt))
    _log.warning("job put back", reason=error.message, attempt=attempt, delay=delay)
    request = JobRequest(Task(str(current.func_name)), {**payload, "attempt": attempt}, str(current.meta["identity"]))
    services().queue.enqueue(request, delay=delay)
    return True


def work(queue: str, *, burst: bool = False) -> None:
    """Take jobs from one queue until asked to stop; with `burst` until it is empty.

    Jobs run in this process, not in a fork each: connections stay open, and a fork costs more than most jobs.
    """
    connection = connect(Settings.from_environment(os.environ).redis_url)
    worker = _Worker([queue], connection=connection, serializer=JSONSerializer)
    worker.work(burst=burst, logging_level="WARNING")


class _Worker(SimpleWorker):
    """RQ's worker without forks, giving signs of life so often that a dead one is noticed within seconds."""

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Do one job in this process."""
        execution = self.prepare_execution(job)
        with self._alive(job, execution):
            self.perform_job(job, queue, execution)
        self.set_state("idle")

    def get_heartbeat_ttl(self, job: Job, working_time: float = 0.0) -> int:  # noqa: ARG002 - RQ's signature
        """Return for how many seconds one sign of life counts."""
        return _LIFE

    @contextmanager
    def _alive(self, job: Job, execution: Execution) -> Iterator[None]:
        over = threading.Event()
        beats = threading.Thread(target=self._beat, args=(over, job, execution), name="heartbeat", daemon=True)
        beats.start()
        try:
            yield
        finally:
            over.set()
            beats.join()

    def _beat(self, over: threading.Event, job: Job, execution: Execution) -> None:
        while not over.wait(_HEARTBEAT):
            try:
                self.maintain_heartbeats(job, execution)
            except Exception as error:  # noqa: BLE001 - a Redis that is away must not end the job
                _log.warning("no sign of life given", reason=type(error).__name__)
