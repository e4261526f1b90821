"""A worker: takes jobs from one queue and does them in this process; what it leaves undone, another one does.

RQ's own worker, except where that loses jobs: a job's end is recorded only while the job is still this worker's, signs
of life end before the job does, and only `Queue.maintain` queues again what dead workers left.
"""

from __future__ import annotations

import signal
import threading
import time
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, NoReturn, cast

import structlog
from redis.exceptions import ConnectionError as NoConnectionError
from redis.exceptions import RedisError, WatchError
from redis.exceptions import TimeoutError as NoAnswerError
from rq import Retry, SimpleWorker
from rq.exceptions import StopRequested
from rq.executions import Execution
from rq.job import JobStatus
from rq.job_lifecycle import record_job_failure
from rq.serializers import JSONSerializer
from rq.utils import get_version, now, utcformat
from rq.worker import WorkerStatus
from rq.worker_registration import clean_worker_registry

from bot.errors import Rejected
from bot.store import scripts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import redis
    from redis.client import Pipeline
    from rq import Queue
    from rq.job import Job

_log = structlog.get_logger()

_HEARTBEAT: Final = 2.0
"""Seconds between two signs of life while a job runs."""
_LIFE: Final = 10
"""Seconds without a sign of life after which a worker counts as dead and its job goes to another."""
_IDLE: Final = 25
"""RQ waits 15 s less for a job before it looks around again, and 5 s less for any answer of Redis."""
_REST: Final = 5
"""Seconds without a job after which a worker counts as at rest."""
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


def take_jobs(
    queue: str, connection: redis.Redis, *, burst: bool = False, at_rest: Callable[[], None] = lambda: None
) -> None:
    """Do the jobs of a queue until SIGTERM or SIGINT, then finish the one that runs; with `burst` until it is empty.

    `at_rest` is called once when no other has come for some seconds. A Redis that goes away is waited for. Raises
    Rejected for one that is too old.
    """
    try:
        while not _taken_while_reachable(queue, connection, burst=burst, at_rest=at_rest):
            time.sleep(_PAUSE)
    except StopRequested:
        return


def _taken_while_reachable(queue: str, connection: redis.Redis, *, burst: bool, at_rest: Callable[[], None]) -> bool:
    """Do jobs; False when Redis went away, or the worker had to give up for another reason, which is logged."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    worker = None
    try:
        worker = _Worker(queue, connection, at_rest)  # first: it sets for how long a connection may wait for a job
        if get_version(connection) < _OLDEST_REDIS:
            raise Rejected("FORESAIL_REDIS_URL: this Redis is too old", remedy="Use Redis 6.2 or newer.")
        worker.work(burst=burst, logging_level="WARNING")
    except RedisError as error:
        _log.warning("worker waits for Redis", queue=queue, reason=str(error))
        return worker is not None and worker.is_asked_to_stop
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _stop)
    return burst or worker.is_asked_to_stop


def _stop(_number: int, _frame: object) -> NoReturn:
    raise StopRequested


class _Pulse:
    """A thread that gives signs of life for the job that runs, if any: one for all jobs, as starting one costs more."""

    def __init__(self, beat: Callable[[Job, Execution], None]) -> None:
        self._beat = beat
        self._lock = threading.Lock()
        self._running: tuple[Job, Execution] | None = None

    @contextmanager
    def beating(self) -> Iterator[None]:
        """Give them until the end of this."""
        over = threading.Event()
        thread = threading.Thread(target=self._run, args=(over,), name="heartbeat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def of(self, running: tuple[Job, Execution] | None) -> None:
        """Give them for another job, or for none; no other is under way when this returns."""
        with self._lock:
            self._running = running

    def _run(self, over: threading.Event) -> None:
        while not over.wait(_HEARTBEAT):
            with self._lock:
                if self._running is None:
                    continue
                try:
                    self._beat(*self._running)
                except Exception as error:  # noqa: BLE001 - without this thread each job would go to others, too
                    _log.warning("no sign of life given", reason=str(error))


class _Worker(SimpleWorker):
    """RQ's worker without forks, giving signs of life so often that a dead one is noticed within seconds.

    RQ's own asks Redis 18 times a job, half of what many jobs take. This one asks twice, to begin and to leave it.
    """

    max_connection_wait_time = 2.0

    def __init__(self, queue: str, connection: redis.Redis, at_rest: Callable[[], None]) -> None:
        super().__init__([queue], connection=connection, serializer=JSONSerializer, worker_ttl=_IDLE)
        self._take = connection.register_script(scripts.TAKE)
        self._leave = connection.register_script(scripts.LEAVE)
        self._started = self.queues[0].started_job_registry.key
        self._scheduled = self.queues[0].scheduled_job_registry.key
        self._pulse = _Pulse(self.maintain_heartbeats)
        self._at_rest = at_rest
        self._doing = ""
        """What its doing the job that it has begun last is called; empty once it has rested since."""
        self._seen_until = 0.0
        """Until when, on the monotonic clock, it need not give a sign of being there."""

    @property
    def is_asked_to_stop(self) -> bool:
        """Whether it ended because of a signal."""
        return self._shutdown_requested_date is not None

    def work(self, *arguments: Any, **named: Any) -> bool:
        """Do jobs as RQ does, giving signs of life."""
        with self._pulse.beating():
            return super().work(*arguments, **named)

    def dequeue_job_and_maintain_ttl(
        self,
        timeout: int | None,
        max_idle_time: int | None = None,  # noqa: ARG002 - RQ's signature
    ) -> tuple[Job, Queue] | None:
        """Begin the next job and return it; None when there is none and no `timeout` to wait, or when asked to stop."""
        pause = _PAUSE
        while not self._stop_requested:
            try:
                self.heartbeat()
                if (job := self._begun() or self._awaited(timeout)) is not None:
                    return job, self.queues[0]
            except (NoConnectionError, NoAnswerError) as error:
                self._state = WorkerStatus.IDLE
                _log.warning("worker waits for Redis", queue=self.queues[0].name, reason=str(error))
                time.sleep(pause)
                pause = min(2 * pause, self.max_connection_wait_time)
            else:
                if timeout is None:
                    break
        return None

    def _awaited(self, seconds: int | None) -> Job | None:
        """Wait for a job and begin it; None when none came."""
        if seconds is None or self._stop_requested:
            return None
        queue, patience = self.queues[0], min(seconds, _REST) if self._doing else seconds
        moved = self.connection.blmove(queue.key, queue.intermediate_queue_key, patience)
        if moved is not None:
            return self._begun(cast("bytes", moved))
        if self._doing:
            self._doing = ""
            self._at_rest()
        return None

    def _begun(self, moved: bytes = b"") -> Job | None:
        """Begin a job that was moved already, or the first that waits.

        From before Redis is asked on it counts as busy: then who asks it to stop has the job done first, not left.
        """
        queue, at, doing = self.queues[0], now(), uuid.uuid4().hex
        self._state = WorkerStatus.BUSY
        keys = [queue.key, queue.intermediate_queue_key, self._started]
        found = self._take(keys, [moved, self.name, doing, _LIFE, at.timestamp(), utcformat(at)])
        if not found:
            self._state = WorkerStatus.IDLE
            return None
        self._doing = doing
        name, fields = found
        job = self.job_class(name.decode(), connection=self.connection, serializer=self.serializer)
        job.restore(dict(zip(fields[::2], fields[1::2], strict=True)))
        return job

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Do one job, which was begun, in this process."""
        execution = Execution(self._doing, job.id, self.connection, worker_name=self.name)
        self._pulse.of((job, execution))
        try:
            self.perform_job(job, queue, execution)
        finally:
            self._pulse.of(None)
        self._state = WorkerStatus.IDLE

    def prepare_job_execution(self, job: Job, remove_from_intermediate_queue: bool = False) -> None:  # noqa: FBT001, FBT002 - RQ's signature
        """Leave out what was done when the job was begun."""

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        """Give a sign of being there, unless that was done a moment ago."""
        if pipeline is not None:
            super().heartbeat(timeout, pipeline)
        elif time.monotonic() >= self._seen_until:
            with self.connection.pipeline(transaction=False) as several:
                super().heartbeat(timeout, several)
                several.execute()
            self._seen_until = time.monotonic() + _HEARTBEAT

    def check_for_suspension(self, burst: bool) -> None:  # noqa: FBT001 - RQ's signature
        """Heed no suspension, as no other command that is given by way of Redis."""

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
        self._pulse.of(None)
        job.ended_at = now()

    def handle_job_success(
        self,
        job: Job,
        queue: Queue,  # noqa: ARG002 - RQ's signature
        started_job_registry: object,  # noqa: ARG002 - RQ's signature
        execution: Execution,
    ) -> None:
        """Forget the job, unless it is another worker's by now."""
        self._part(job, execution)

    def handle_job_retry(
        self,
        job: Job,
        queue: Queue,  # noqa: ARG002 - RQ's signature
        retry: Retry,
        started_job_registry: object,  # noqa: ARG002 - RQ's signature
        execution: Execution,
    ) -> None:
        """Put the job off, unless it is another worker's by now or an equal one is to be done anyway."""
        delay, tried = (retry.delay, retry.tried) if isinstance(retry, PutBack) else (0.0, True)
        self._part(job, execution, put_off=(delay, (job.number_of_retries or 0) + tried))

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
        """Log what nobody has logged yet.

        Raises RedisError: no job does, so that it is of leaving the job, which is done again as that of a dead worker.
        """
        if isinstance(exc_info[1], RedisError):
            raise exc_info[1]
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

    def _part(self, job: Job, execution: Execution, put_off: tuple[float, int] | None = None) -> None:
        """Be done with a job for good, or put it off: delay in seconds, and attempts so far."""
        keys = [self.queues[0].key, self._started, self._scheduled]
        self._leave(keys, [job.id, self.name, execution.id, *(put_off or ("", ""))])
