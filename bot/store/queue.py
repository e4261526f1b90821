"""The queue: RQ on Redis, made to lose nothing when a worker dies and to keep equal waiting jobs once.

RQ alone takes a job from several queues in a way that loses it when the worker is killed at that moment, so every
worker listens to one queue (`docs/decisions/0004-one-queue-a-worker.md`).
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import rq
import structlog
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as NoAnswerError
from rq import Retry
from rq.registry import FailedJobRegistry, ScheduledJobRegistry, StartedJobRegistry
from rq.serializers import JSONSerializer

from bot.errors import Temporary
from bot.model.jobs import QUEUES
from bot.store import scripts
from bot.store.connection import TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import redis

    from bot.model.jobs import JobRequest

_log = structlog.get_logger()

JOB_LIMIT: Final = 600
"""Seconds a job may run; every call inside has a shorter limit of its own."""
FAILED_SECONDS: Final = 7 * 24 * 3600
"""Seconds a failed job can be looked at."""
_AT_ONCE: Final = 500
"""Jobs that are queued in one step, about 0.1 s of Redis: nobody else is served in it, and answers have 2 s."""
_DELIVERY_SECONDS: Final = 300
_STUCK_SECONDS: Final = 5.0
"""Seconds between a worker taking a job and saying so; one that was killed in between never will."""
_SILENCE: Final = TIMEOUT + 1.0
"""Seconds a Redis that did not answer is left alone, but for one caller who tries it."""


class Queue:
    """Jobs to be done; safe to use from threads. Every call raises Temporary while Redis is away."""

    def __init__(self, connection: redis.Redis, *, job_limit: int = JOB_LIMIT) -> None:
        """Use `connection` once something is asked; `job_limit` in seconds."""
        self._connection = connection
        self._queues = {
            name: rq.Queue(name, connection=connection, serializer=JSONSerializer, default_timeout=job_limit)
            for name in QUEUES
        }
        self._keys = {name: _keys(queue) for name, queue in self._queues.items()}
        self._enqueue = connection.register_script(scripts.ENQUEUE)
        self._has = connection.register_script(scripts.HAS)
        self._withdraw = connection.register_script(scripts.WITHDRAW)
        self._maintain = connection.register_script(scripts.MAINTAIN)
        self._silent_until = 0.0

    def enqueue(self, *requests: JobRequest) -> None:
        """Queue jobs, all or none of five hundred; nothing happens to one when an equal one waits already.

        A job that runs already may have read the world before what this request is about: then one more is queued. One
        that is put off for longer than this request can wait does not count either. Lanes take turns.
        """
        for start in range(0, len(requests), _AT_ONCE):
            with self._reachable():
                self._enqueue(*self._call("", requests[start : start + _AT_ONCE]))

    def enqueue_delivery(self, delivery: str, requests: Sequence[JobRequest]) -> bool:
        """Queue what a webhook delivery calls for, once an hour, all or none; False when this delivery is known."""
        with self._reachable():
            return bool(self._enqueue(*self._call(delivery, requests)))

    def has(self, *requests: JobRequest) -> bool:
        """Whether a job of any of these requests waits, runs, or is to be done later."""
        with self._reachable():
            return any(self._has([*self._keys[one.queue]][:3], [one.job_id]) for one in requests)

    def waiting(self, names: Iterable[str]) -> dict[str, int]:
        """Return how many jobs wait to be begun, by queue; names of no queue are left out."""
        keys = {name: self._keys[name][0] for name in names if name in self._keys}
        with self._reachable(), self._connection.pipeline(transaction=False) as pipeline:
            for key in keys.values():
                pipeline.llen(key)
            return dict(zip(keys, map(int, pipeline.execute()), strict=True))

    def withdraw(self, request: JobRequest) -> bool:
        """Take a request back, whoever else made the same; False when somebody has begun it, or is about to."""
        waiting, taken, *_ = self._keys[request.queue]
        with self._reachable():
            return bool(self._withdraw([waiting, taken], [request.job_id]))

    def figures(self) -> dict[str, dict[str, int]]:
        """Return by queue how many jobs wait, run, are put off until later, or have failed within a week."""
        with self._reachable(), self._connection.pipeline(transaction=False) as pipeline:
            for waiting, taken, scheduled, started, failed, _ in self._keys.values():
                pipeline.llen(waiting)
                pipeline.llen(taken)
                for registry in (started, scheduled, failed):
                    pipeline.zcard(registry)
            numbers = iter(pipeline.execute())
        return {
            name: {
                "waiting": next(numbers) + next(numbers),
                "running": next(numbers),
                "later": next(numbers),
                "failed": next(numbers),
            }
            for name in self._keys
        }

    def ping(self) -> None:
        """Return when Redis answers."""
        with self._reachable():
            self._connection.ping()

    def maintain(self, *, now: float) -> None:
        """Queue what is due, and what dead workers left; `now` in Unix seconds. Any number of processes may do it."""
        with self._reachable():
            again = self._maintain(
                [key for keys in self._keys.values() for key in keys], [now, _STUCK_SECONDS, FAILED_SECONDS]
            )
        for job_id in again:
            _log.warning("job queued again", job_id=job_id.decode(), reason="its worker died")

    def _call(self, delivery: str, requests: Sequence[JobRequest]) -> tuple[list[str], list[Any]]:
        """Return the keys and arguments of the script that queues."""
        keys = [f"foresail:delivery:{delivery}"]
        arguments: list[Any] = [_DELIVERY_SECONDS if delivery else 0]
        for request in requests:
            waiting, taken, scheduled, _, failed, _ = self._keys[request.queue]
            keys += [waiting, taken, scheduled, failed]
            fields = _fields(self._queues[request.queue], request)
            arguments += [request.job_id, request.patience, len(fields), *fields]
        return [*keys, rq.Queue.redis_queues_keys], arguments

    @contextmanager
    def _reachable(self) -> Iterator[None]:
        """Turn Redis's errors into Temporary; one that does not answer is not asked by everybody at once."""
        now = time.monotonic()
        if now < self._silent_until:
            raise Temporary("Redis: it did not answer a moment ago")
        if self._silent_until:
            self._silent_until = now + _SILENCE
        try:
            yield
        except NoAnswerError as error:
            self._silent_until = time.monotonic() + _SILENCE
            raise Temporary(f"Redis: {error}") from error
        except RedisError as error:
            raise Temporary(f"Redis: {error}") from error
        self._silent_until = 0.0


def _fields(queue: rq.Queue, request: JobRequest) -> list[Any]:
    """Return the fields and values by which RQ keeps a job."""
    job = queue.create_job(
        str(request.task),
        args=(request.payload,),
        job_id=request.job_id,
        result_ttl=0,
        failure_ttl=FAILED_SECONDS,
        retry=Retry(max=request.retries),
        meta={"identity": request.identity},
        description=f"{request.task} {request.identity}",
    )
    job.enqueued_at = job.created_at
    fields = {**job.to_dict(), "lane": request.lane}
    return [word for field, value in fields.items() if value not in {None, ""} for word in (field, value)]


def _keys(queue: rq.Queue) -> tuple[str, ...]:
    """Return where a queue's jobs are: waiting, taken, scheduled, started, failed; and since when they are taken."""
    scheduled = ScheduledJobRegistry(queue=queue)  # type: ignore[no-untyped-call] # RQ leaves this constructor untyped
    started, failed = StartedJobRegistry(queue=queue), FailedJobRegistry(queue=queue)
    seen = f"foresail:taken:{queue.name}"
    return (queue.key, queue.intermediate_queue_key, scheduled.key, started.key, failed.key, seen)
