"""A worker process: services built once, jobs taken from Redis one after the other, errors told to who can act."""

from __future__ import annotations

import functools
import os
import traceback
import uuid
from typing import TYPE_CHECKING, Final

import structlog
from rq import SimpleWorker, get_current_job
from rq.serializers import JSONSerializer

from bot.errors import Temporary
from bot.model.jobs import JobRequest
from bot.services import Services
from bot.settings import Settings
from bot.store.connection import connect

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bot.model.resources import JsonObject

_log = structlog.get_logger()

_ATTEMPTS: Final = 12
"""Attempts of a job that fails for a passing reason; with the delays below they span about half an hour."""
_LONGEST: Final = 300.0


@functools.cache
def services() -> Services:
    """Return this process's services, built at the first job."""
    return Services.build(Settings.from_environment(os.environ))


def job(
    work: Callable[[Services, JsonObject], JobRequest | None],
) -> Callable[[JsonObject], None]:
    """Make a use case into what the queue calls.

    A Temporary error puts the job back with a growing delay; a bug is logged with an incident's id and left to RQ's
    registry of failed jobs. A use case may return one more request, which is queued once it is done.
    """

    @functools.wraps(work)
    def run(payload: JsonObject) -> None:
        with structlog.contextvars.bound_contextvars(job=work.__module__):
            try:
                follow_up = work(services(), {k: v for k, v in payload.items() if k != "attempt"})
            except Temporary as error:
                _again(payload, error)
                return
            except Exception:
                _log.exception("job failed", incident=uuid.uuid4().hex[:12], trace=traceback.format_exc(limit=1))
                raise
            if follow_up is not None:
                services().queue.enqueue(follow_up)

    return run


def _again(payload: JsonObject, error: Temporary) -> None:
    current = get_current_job()
    attempt = int(payload.get("attempt", 0)) + 1
    if current is None or attempt > _ATTEMPTS:
        _log.error("job given up", reason=error.message, attempts=attempt)
        raise error
    delay = min(_LONGEST, max(error.retry_after, 0.5 * 2.0**attempt))
    _log.warning("job put back", reason=error.message, attempt=attempt, delay=delay)
    identity = str(current.meta.get("identity") or current.id)
    from bot.model.jobs import Task

    request = JobRequest(Task(current.func_name), {**payload, "attempt": attempt}, identity)
    services().queue.enqueue(request, delay=delay)


def work(queues: Sequence[str], *, burst: bool = False) -> None:
    """Take jobs from `queues`, in their order of priority, until asked to stop.

    Jobs run in this process, not in a fork each: connections stay open, and a fork costs more than most jobs.
    """
    connection = connect(Settings.from_environment(os.environ).redis_url)
    worker = SimpleWorker(list(queues), connection=connection, serializer=JSONSerializer)
    worker.work(burst=burst, with_scheduler=True, logging_level="WARNING")
