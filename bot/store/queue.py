"""The queue: RQ on Redis, made to lose nothing when a worker dies and to keep equal waiting jobs once.

RQ alone takes a job from several queues in a way that loses it when the worker is killed at that moment, so every
worker listens to one queue (`docs/decisions/0004-one-queue-a-worker.md`).
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, Any, Final

import rq
from redis.exceptions import RedisError
from rq import Retry
from rq.exceptions import DuplicateJobError, NoSuchJobError
from rq.intermediate_queue import IntermediateQueue
from rq.job import Job, JobStatus
from rq.registry import ScheduledJobRegistry, StartedJobRegistry
from rq.serializers import JSONSerializer

from bot.errors import Temporary
from bot.model.jobs import QUEUES

if TYPE_CHECKING:
    from collections.abc import Iterator

    import redis

    from bot.model.jobs import JobRequest

JOB_LIMIT: Final = 600
"""Seconds a job may run; every call inside has a shorter limit of its own."""
_ABANDONED_RETRIES: Final = 20
"""How often a job whose worker died is given to another."""
_FAILED_DAYS: Final = 7 * 24 * 3600
_DELIVERY_SECONDS: Final = 3600
_STUCK_SECONDS: Final = 5.0
"""Seconds between a worker taking a job and saying so; one that was killed in between never will."""


class Queue:
    """Jobs to be done; safe to use from threads. Every call raises Temporary while Redis is away."""

    def __init__(self, connection: redis.Redis) -> None:
        self._connection = connection
        self._queues = {
            name: rq.Queue(name, connection=connection, serializer=JSONSerializer, default_timeout=JOB_LIMIT)
            for name in QUEUES
        }

    def enqueue(self, request: JobRequest, *, delay: float = 0.0) -> None:
        """Queue a job, after `delay` seconds if any; nothing happens when an equal one waits already.

        A job that runs already may have read the world before what this request is about: then one more is queued.
        """
        with _reachable():
            for slot in count():
                if self._placed(request, f"{request.job_id}-{slot}", delay=delay):
                    return

    def _placed(self, request: JobRequest, job_id: str, *, delay: float) -> bool:
        """Whether the job is in the queue now, under this id; the id may be taken by one that is running."""
        queue = self._queues[request.queue]
        options: dict[str, Any] = {
            "args": (request.payload,),
            "job_id": job_id,
            "unique": True,
            "result_ttl": 0,
            "failure_ttl": _FAILED_DAYS,
            "retry": Retry(max=_ABANDONED_RETRIES),
            "meta": {"identity": request.identity},
            "description": f"{request.task} {request.identity}",
        }
        try:
            if delay > 0:
                queue.enqueue_in(timedelta(seconds=delay), str(request.task), **options)
            else:
                queue.enqueue_call(str(request.task), **options)
        except DuplicateJobError:
            return self._covered(job_id, delayed=delay > 0)
        return True

    def _covered(self, job_id: str, *, delayed: bool) -> bool:
        """Whether the job of this id will still do what a new one would; one that is over makes room."""
        try:
            job = Job.fetch(job_id, connection=self._connection, serializer=JSONSerializer)
            status = job.get_status(refresh=False)
        except NoSuchJobError:
            return False
        if status in {JobStatus.FAILED, JobStatus.FINISHED, JobStatus.STOPPED, JobStatus.CANCELED}:
            job.delete()
            return False
        return status == JobStatus.QUEUED or (delayed and status == JobStatus.SCHEDULED)

    def ping(self) -> None:
        """Return when Redis answers."""
        with _reachable():
            self._connection.ping()

    def is_known(self, delivery: str) -> bool:
        """Whether a webhook delivery was queued within the last hour."""
        with _reachable():
            return bool(self._connection.exists(_delivery_key(delivery)))

    def remember(self, delivery: str) -> None:
        """Note that a delivery is queued; only after it is, so that one that failed may come again."""
        with _reachable():
            self._connection.set(_delivery_key(delivery), b"1", ex=_DELIVERY_SECONDS)

    def maintain(self, *, now: float) -> None:
        """Queue what is due, and what dead workers left; `now` in Unix seconds."""
        with _reachable():
            for queue in self._queues.values():
                self._queue_due(queue, now)
                StartedJobRegistry(queue=queue).cleanup(now)
                self._free_stuck(queue, now)

    def _queue_due(self, queue: rq.Queue, now: float) -> None:
        registry = ScheduledJobRegistry(queue=queue)  # type: ignore[no-untyped-call] # RQ leaves this constructor untyped
        for job_id in registry.get_jobs_to_schedule(int(now)):
            try:
                job = Job.fetch(job_id, connection=self._connection, serializer=JSONSerializer)
            except NoSuchJobError:
                registry.remove(job_id)
                continue
            with self._connection.pipeline() as pipeline:
                registry.remove(job, pipeline=pipeline)
                queue.enqueue_job(job, pipeline=pipeline)
                pipeline.execute()

    def _free_stuck(self, queue: rq.Queue, now: float) -> None:
        """Put back jobs that a worker took and never began."""
        between = IntermediateQueue(queue.key, self._connection)
        started = {job_id for job_id, _ in StartedJobRegistry(queue=queue).get_job_and_execution_ids(cleanup=False)}
        for job_id in between.get_job_ids():
            seen = between.get_first_seen(job_id)
            if job_id in started or between.set_first_seen(job_id) or seen is None:
                continue
            if now - seen.timestamp() >= _STUCK_SECONDS:
                with self._connection.pipeline() as pipeline:
                    pipeline.lrem(between.key, 1, job_id)
                    pipeline.delete(between.get_first_seen_key(job_id))
                    pipeline.rpush(queue.key, job_id)
                    pipeline.execute()


@contextmanager
def _reachable() -> Iterator[None]:
    try:
        yield
    except RedisError as error:
        raise Temporary(f"Redis: {error}") from error


def _delivery_key(delivery: str) -> str:
    return f"foresail:delivery:{delivery}"
