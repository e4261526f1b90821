"""A queue on a Redis of its own, and what is in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import pytest
import redis

from bot.model.changes import Repository
from bot.model.jobs import JobRequest, preview
from bot.store.connection import connect
from bot.store.queue import Queue

SHOP = Repository("acme/shop", "https://github.example/acme/shop.git")


def change(number: int) -> JobRequest:
    """Ask for a preview."""
    return preview(SHOP, number)


@dataclass
class Bench:
    """The queue and a look behind it."""

    connection: redis.Redis
    queue: Queue

    @property
    def waiting(self) -> list[str]:
        """Ids of the jobs a worker would take, in order."""
        return self._list("rq:queue:preview")

    @property
    def syncs(self) -> list[str]:
        """Ids of the jobs of syncs that a worker would take, in order."""
        return self._list("rq:queue:sync")

    @property
    def taken(self) -> list[str]:
        """Ids of the jobs a worker has taken and not begun."""
        return self._list("rq:queue:preview:intermediate")

    def take(self) -> str:
        """Take a job as a worker does, and go no further."""
        job_id = self.connection.lmove("rq:queue:preview", "rq:queue:preview:intermediate")
        return cast("bytes", job_id).decode()

    def begin(self, *, alive: bool = True) -> str:
        """Take and begin a job as a worker does; one that is not alive gives no sign of life after that."""
        job_id = self.take()
        self.connection.lrem("rq:queue:preview:intermediate", 1, job_id)
        self.set(job_id, status="started", worker_name="somebody")
        self.connection.zadd("rq:wip:preview", {f"{job_id}:1": 0})
        if alive:
            self.connection.hset(f"rq:execution:{job_id}:1", "id", "1")
        return job_id

    def put_off(self, due: float, queue: str = "preview") -> str:
        """Leave the first job to be done later."""
        job_id = cast("bytes", self.connection.lpop(f"rq:queue:{queue}")).decode()
        self.set(job_id, status="scheduled")
        self.connection.zadd(f"rq:scheduled:{queue}", {job_id: due})
        return job_id

    def set(self, job_id: str, **fields: str | int) -> None:
        self.connection.hset(f"rq:job:{job_id}", mapping=fields)  # type: ignore[arg-type] # redis-py wants unions

    def field(self, job_id: str, name: str) -> str:
        return (cast("bytes | None", self.connection.hget(f"rq:job:{job_id}", name)) or b"").decode()

    def _list(self, key: str) -> list[str]:
        return [one.decode() for one in cast("list[bytes]", self.connection.lrange(key, 0, -1))]


@pytest.fixture
def bench(redis_url: str) -> Iterator[Bench]:
    connection = connect(redis_url)
    yield Bench(connection, Queue(connection))
    connection.close()
