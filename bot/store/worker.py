"""A worker: takes jobs from one queue and does them in this process; what it leaves undone, another one does.

RQ's own worker, except where that loses jobs: a job's end is recorded only while the job is still this worker's, signs
of life end before the job does, and only `Queue.maintain` queues again what dead workers left.
"""

from __future__ import annotations

import signal
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, NoReturn

import structlog
from redis.exceptions import RedisError, WatchError
from rq import Retry, SimpleWorker
from rq.exceptions import StopRequested
from rq.executions import ExecutionRegistry
from rq.job import JobStatus
from rq.job_lifecycle import record_job_failure
from rq.serializers import JSONSerializer
from rq.utils import get_version, now
from rq.worker import WorkerStatus
from rq.worker_registration import clean_worker_registry

from bot.errors import Rejected
from bot.store import scripts

if TYPE_CHECKING:
    from collections.abc import Iterator

    import redis
    from rq import Queue
    from rq.executions import Execution
    from rq.job import Job

_log = structlog.get_logger()

_HEARTBEAT: Final = 2.0
"""Seconds between two signs of life while a job runs."""
_LIFE: Final = 10
"""Seconds without a sign of life after which a worker counts as dead and its job goes to another."""
_IDLE: Final = 25
"""RQ waits 15 s less for a job before it looks around again, and 5 s less for any answer of Redis."""
_PAUSE: Final = 1.0
"""Seconds between two attempts to reach a Redis that is away."""
_OLDEST_REDIS: Final = (6, 2, 0)
"""The first with BLMOVE; with an older one RQ takes jobs in a way that loses them with the worker."""


class PutBack(Retry):
    """What a job returns to be done again after `delay` seconds; `tried`: it was tried now, and that failed."""

    def __init__(self, delay: float, *, tried: bool = True) -> None:
        super().__init__(max=1)
        self.delay = delay
        self.tried = tried


class Failed(Exception):  # noqa: N818 - says what happened to the job
    """A job failed, and that is logged and told already; the queue only has to keep it."""


def take_jobs(queue: str, connection: redis.Redis, *, burst: bool = False) -> None:
    """Do the jobs of a queue until SIGTERM or SIGINT, then finish the one that runs; with `burst` until it is empty.

    A Redis that goes away is waited for. Raises Rejected for one that is too old.
    """
    try:
        while not _taken_while_reachable(queue, connection, burst=burst):
            time.sleep(_PAUSE)
    except StopRequested:
        return


def _taken_while_reachable(queue: str, connection: redis.Redis, *, burst: bool) -> bool:
    """Do jobs; False when Redis went away, or the worker had to give up for another reason, which is logged."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    try:
        worker = _Worker(queue, connection)  # first: it sets for how long a connection may wait for a job
        if get_version(connection) < _OLDEST_REDIS:
            raise Rejected("FORESAIL_REDIS_URL: this Redis is too old", remedy="Use Redis 6.2 or newer.")
        worker.work(burst=burst, logging_level="WARNING")
    except RedisError as error:
        _log.warning("worker waits for Redis", queue=queue, reason=str(error))
        return False
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _stop)
    return burst or worker.is_asked_to_stop


def _stop(_number: int, _frame: object) -> NoReturn:
    raise StopRequested


class _Worker(SimpleWorker):
    """RQ's worker without forks, giving signs of life so often that a dead one is noticed within seconds."""

    max_connection_wait_time = 2.0

    def __init__(self, queue: str, connection: redis.Redis) -> None:
        super().__init__([queue], connection=connection, serializer=JSONSerializer, worker_ttl=_IDLE)
        self._leave = connection.register_script(scripts.LEAVE)
        self._over = threading.Event()
        self._beats = threading.Thread()

    @property
    def is_asked_to_stop(self) -> bool:
        """Whether it ended because of a signal."""
        return self._shutdown_requested_date is not None

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Do one job in this process."""
        execution = self.prepare_execution(job)
        with self._alive(job, execution):
            self.perform_job(job, queue, execution)
        self.set_state(WorkerStatus.IDLE)

    def get_heartbeat_ttl(self, job: Job, working_time: float = 0.0) -> int:  # noqa: ARG002 - RQ's signature
        """Return for how many seconds one sign of life counts."""
        return _LIFE

    def maintain_heartbeats(self, job: Job, execution: Execution) -> None:
        """Give a sign of life. The job itself is not written to: it may be gone, and must not come back half."""
        with self.connection.pipeline() as pipeline:
            self.heartbeat(pipeline=pipeline)
            execution.heartbeat(job.started_job_registry, _LIFE, pipeline=pipeline)
            pipeline.execute()

    def handle_execution_ended(self, job: Job, queue: Queue, heartbeat_ttl: int) -> None:  # noqa: ARG002 - RQ's signature
        """Note that the job's function has returned."""
        self._end_signs_of_life()
        job.ended_at = now()

    def handle_job_success(
        self,
        job: Job,
        queue: Queue,
        started_job_registry: object,  # noqa: ARG002 - RQ's signature
        execution: Execution,
    ) -> None:
        """Forget the job, unless it is another worker's by now."""
        self._part(job, queue, execution)

    def handle_job_retry(
        self,
        job: Job,
        queue: Queue,
        retry: Retry,
        started_job_registry: object,  # noqa: ARG002 - RQ's signature
        execution: Execution,
    ) -> None:
        """Put the job off, unless it is another worker's by now or an equal one is to be done anyway."""
        delay, tried = (retry.delay, retry.tried) if isinstance(retry, PutBack) else (0.0, True)
        self._part(job, queue, execution, put_off=(delay, (job.number_of_retries or 0) + tried))

    def handle_job_failure(
        self,
        job: Job,
        queue: Queue,  # noqa: ARG002 - RQ's signature
        started_job_registry: object = None,  # noqa: ARG002 - RQ's signature
        exc_string: str = "",
        execution: Execution | None = None,
    ) -> None:
        """Keep the job among the failed ones, unless it is another worker's by now; it is not tried again."""
        while True:
            with self.connection.pipeline() as pipeline:
                pipeline.watch(job.key)  # type: ignore[no-untyped-call] # redis-py leaves it untyped
                found = pipeline.hmget(job.key, ["status", "worker_name"])
                pipeline.multi()
                self.cleanup_execution(job, pipeline=pipeline, execution=execution)
                if found == [JobStatus.STARTED.value.encode(), self.name.encode()]:
                    record_job_failure(job, exc_string, pipeline)
                try:
                    pipeline.execute()
                except WatchError:
                    continue
                return

    def handle_exception(self, job: Job, *exc_info: Any) -> None:
        """Log what nobody has logged yet."""
        if not isinstance(exc_info[1], Failed):
            _log.error("job failed", job_id=job.id, exc_info=exc_info)

    def run_maintenance_tasks(self) -> None:
        """Forget workers that are gone; everything else is `Queue.maintain`'s."""
        for queue in self.queues:
            clean_worker_registry(queue)
        self.last_cleaned_at = now()  # type: ignore[assignment] # RQ declares it as nothing but None

    def subscribe(self) -> None:
        """Listen to no commands: whoever may write to Redis cannot stop or kill workers by that."""

    def set_shutdown_requested_date(self) -> None:
        """Keep a request to stop to ourselves: it comes by a signal, in the middle of anything, even without Redis."""

    def request_force_stop(self, signum: int, frame: object) -> None:
        """Finish the job even when asked twice: who cannot wait kills this process, and another does the job."""

    def _part(self, job: Job, queue: Queue, execution: Execution, put_off: tuple[float, int] | None = None) -> None:
        """Be done with a job for good, or put it off: delay in seconds, and attempts so far."""
        keys = [queue.key, queue.intermediate_queue_key, queue.scheduled_job_registry.key]
        with self.connection.pipeline() as pipeline:
            self.cleanup_execution(job, pipeline=pipeline, execution=execution)
            pipeline.delete(ExecutionRegistry(job.id, self.connection).key)
            self._leave(keys, [job.id, self.name, *(put_off or ("", ""))], client=pipeline)
            pipeline.execute()

    @contextmanager
    def _alive(self, job: Job, execution: Execution) -> Iterator[None]:
        self._over = threading.Event()
        self._beats = threading.Thread(target=self._beat, args=(job, execution), name="heartbeat", daemon=True)
        self._beats.start()
        try:
            yield
        finally:
            self._end_signs_of_life()

    def _end_signs_of_life(self) -> None:
        """Stop the heartbeats; none is under way when this returns."""
        self._over.set()
        self._beats.join()

    def _beat(self, job: Job, execution: Execution) -> None:
        over = self._over
        while not over.wait(_HEARTBEAT):
            try:
                self.maintain_heartbeats(job, execution)
            except RedisError as error:  # a Redis that is away must not end the job
                _log.warning("no sign of life given", reason=str(error))
