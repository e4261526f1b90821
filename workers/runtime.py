"""A worker process: services built once, jobs taken from one queue, errors told to who can act."""

from __future__ import annotations

import ctypes
import functools
import gc
import os
import random
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import structlog
from rq import get_current_job
from rq.timeouts import JobTimeoutException

from bot.errors import Paced, Rejected, Temporary
from bot.model.jobs import ABANDONED_RETRIES, JobRequest
from bot.model.metrics import JOBS, PACED, Sample
from bot.services import Services
from bot.settings import Settings
from bot.store.connection import connect
from bot.store.worker import Failed, PutBack, take_jobs

if TYPE_CHECKING:
    from bot.model.resources import JsonObject

_log = structlog.get_logger()

_ATTEMPTS: Final = 12
"""Attempts of a job that fails for a passing reason; with the delays below they span about a quarter of an hour."""
_SHORTEST: Final = 0.5
_LONGEST: Final = 300.0
"""Seconds between two attempts, unless the other side asked for more."""
_MOST_ASKED: Final = 3600.0
"""Seconds another side may ask for; GitHub's rate limit starts anew every hour."""

_COLLECTED: Final = 500_000
"""New objects after which Python looks for garbage in circles while somebody waits, about 4,000 objects of clusters.

Hardly any of ours is garbage in circles, and looking for it by Python's own 700 takes 7 of the 80 ms that a preview of
100 objects computes: what a job works on is walked again and again. So it mostly waits for the end of the job.
"""
_LEFT: Final = 700
"""New objects that a job may leave without being followed by a search."""
_SEARCHES: Final = 50
"""Searches among what is new for one among all that there is: that takes milliseconds, and hardly finds anything."""

UseCase = Callable[[Services, "JsonObject"], JobRequest | PutBack | None]
Excuse = Callable[[Services, "JsonObject", str], None]
"""Tells whoever waits for the job, in the given words, that it will not come."""


@functools.cache
def services() -> Services:
    """Return this process's services; raise Rejected when the settings cannot work."""
    built = Services.build(Settings.from_environment(os.environ))
    settle()
    return built


def settle() -> None:
    """Look for garbage in circles seldom from now on."""
    gc.freeze()  # what is here now stays, and a collection that walks it all takes 50 ms of somebody's preview
    gc.set_threshold(_COLLECTED, *gc.get_threshold()[1:])


def tidy() -> None:
    """Look for garbage in circles now that a job is over: little is left to walk, and nobody waits."""
    new, _, searches = gc.get_count()
    if new > _LEFT:
        gc.collect(2 if searches >= _SEARCHES else 1)


def rest() -> None:
    """Count what is left to count, and give memory that is free back to the system: else it stays taken for nothing."""
    services().metrics.count()
    services().sources.let_go()
    gc.collect()
    if (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)) is not None:  # musl has none
        trim(0)


def job(work: UseCase) -> Callable[[JsonObject], PutBack | None]:
    """Make a use case into what the queue calls, see `job_with_excuse`; nobody in particular waits for it."""
    return job_with_excuse(_no_excuse)(work)


def job_with_excuse(excuse: Excuse) -> Callable[[UseCase], Callable[[JsonObject], PutBack | None]]:
    """Make a use case into what the queue calls.

    A Temporary error puts the job back with a growing delay. Anything else it raises, a Temporary error that does not
    pass, running out of time, and workers that die of it again and again are logged with an incident's id, told by
    `excuse`, and left to RQ's registry of failed jobs. A use case may return one more request, which is queued once it
    is done, or that it is to be done later.
    """

    def decorate(work: UseCase) -> Callable[[JsonObject], PutBack | None]:
        @functools.wraps(work)
        def run(payload: JsonObject) -> PutBack | None:
            with structlog.contextvars.bound_contextvars(job=work.__module__):
                measure = _Measure(f"{work.__module__}.{work.__name__}".removeprefix("workers."))
                try:
                    _stop_if_deadly()
                    follow_up = work(services(), payload)
                    if isinstance(follow_up, PutBack):
                        return measure.put_off(follow_up)
                    if follow_up is not None:
                        services().queue.enqueue(follow_up)
                    measure.take("done")
                except Exception as error:
                    if (later := _later(error)) is not None:
                        return measure.put_off(later)
                    measure.take("failed")
                    words = _words(error)
                    _tell(excuse, payload, words)
                    raise Failed(words) from error
                finally:
                    tidy()
            return None

        return run

    return decorate


@dataclass
class _Measure:
    """How long a job takes, from now on."""

    job: str
    began: float = field(default_factory=time.monotonic)

    def put_off(self, later: PutBack) -> PutBack:
        """Count that it is to be done later, and return when."""
        turn = () if later.tried else (Sample(PACED, (self.job,)),)
        self.take("later", *turn)
        return later

    def take(self, result: str, *more: Sample) -> None:
        """Count what came of it, unless there are no services to count with."""
        with suppress(Rejected):
            services().metrics.count_later(Sample(JOBS, (self.job, result), time.monotonic() - self.began), *more)


def asked_at() -> float:
    """Return when the job was queued that runs now, in Unix seconds; 0 where none does."""
    current = get_current_job()
    return current.created_at.timestamp() if current is not None and current.created_at is not None else 0.0


def work(queue: str, *, burst: bool = False) -> None:
    """Take jobs from one queue until asked to stop; with `burst` until it is empty. Rejected when it cannot work.

    Jobs run in this process, not in a fork each: connections stay open, and a fork costs more than most jobs.
    """
    take_jobs(queue, connect(services().settings.redis_url), burst=burst, at_rest=rest)
    services().metrics.count()


def _no_excuse(_services: Services, _payload: JsonObject, words: str) -> None:
    _log.error("job given up", reason=words)


def _stop_if_deadly() -> None:
    """Raise when workers have died of this job so often that this one had better not try."""
    current = get_current_job()
    if current is not None and current.retries_left == 0:
        raise Rejected(f"given up: {ABANDONED_RETRIES} workers ended while doing this")


def _later(error: Exception) -> PutBack | None:
    """Return when the job is to be tried again; None when it is not."""
    if isinstance(error, Paced):
        _log.info("job waits its turn", reason=error.message, delay=round(error.retry_after, 2))
        return PutBack(min(error.retry_after, _MOST_ASKED), tried=False)
    current = get_current_job()
    attempt = 1 + (current.number_of_retries or 0) if current is not None else _ATTEMPTS
    if not isinstance(error, Temporary) or attempt >= _ATTEMPTS:
        return None
    growing = min(_LONGEST, _SHORTEST * 2.0 ** (attempt - 1)) * random.uniform(0.75, 1.25)  # noqa: S311 - spreads load
    delay = max(growing, min(error.retry_after, _MOST_ASKED))
    _log.warning("job put back", reason=error.message, attempt=attempt, delay=round(delay, 2))
    return PutBack(delay)


def _words(error: Exception) -> str:
    """Log why a job failed; return what whoever waits for it may read."""
    if isinstance(error, Rejected):
        _log.error("job rejected", reason=error.message, remedy=error.remedy)
        return f"{error.message} {error.remedy}".rstrip()
    incident = uuid.uuid4().hex[:12]
    _log.error("job failed", incident=incident, exc_info=error)
    if isinstance(error, Temporary):
        return f"given up after {_ATTEMPTS} attempts: {error.message}"
    if isinstance(error, JobTimeoutException):
        return f"took too long and was ended; the log tells more under incident {incident}"
    return f"internal error; the log tells more under incident {incident}"


def _tell(excuse: Excuse, payload: JsonObject, words: str) -> None:
    try:
        excuse(services(), payload, words)
    except Exception:  # noqa: BLE001 - the first error matters more than that nobody could be told
        _log.exception("nobody could be told")
