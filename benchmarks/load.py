"""Webhook load: signed deliveries at a steady rate, each answer timed, each job looked for in the queue.

`python -m benchmarks.load` starts a web process and a Redis of its own and prints the figures as JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import hmac
import json
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final

import redis
import rq

from bot.model.changes import Repository
from bot.model.jobs import QUEUES, preview
from bot.sandbox.installation import Foresail
from bot.sandbox.redis import RedisServer
from bot.sandbox.toolchain import programs

SECRET: Final = "benchmark"  # noqa: S105 - signs deliveries to a server of our own
_REPOSITORY: Final = Repository("acme/shop", "https://github.example/acme/shop.git")
_BODY_BYTES: Final = 24_000
"""Size of a usual pull_request delivery from github.com."""
_CONNECTIONS: Final = 64
_ANSWER_SECONDS: Final = 10.0
"""GitHub gives up on an answer after this long."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What came of a load."""

    sent: int
    p50_ms: float
    p99_ms: float
    max_ms: float
    late_p99_ms: float
    """How late deliveries left: what a busy machine adds to the figures above on its own."""
    refused: int
    """Deliveries answered with something else than 202, or not at all."""
    lost: int
    """Deliveries whose job is not in the queue, whatever the answer was."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident memory of a process and its children, in MB."""

    processes: dict[int, float]
    total: float


def run(url: str, redis_url: str, *, rate: float, seconds: float) -> Figures:
    """Send `rate` deliveries a second and return how they fared; the queue is to be empty and without workers."""
    count = int(rate * seconds)
    port = int(url.rpartition(":")[2])
    load = _Load(port, rate=rate, count=count)
    seen = asyncio.run(load.run())
    times, late = sorted(milliseconds for _, milliseconds in seen), sorted(load.late_ms)
    refused = count - sum(1 for status, _ in seen if status == HTTPStatus.ACCEPTED)
    return Figures(
        sent=count,
        p50_ms=round(times[len(times) // 2], 2),
        p99_ms=round(times[int(len(times) * 0.99)], 2),
        max_ms=round(times[-1], 2),
        late_p99_ms=round(late[int(len(late) * 0.99)], 2),
        refused=refused,
        lost=_lost(redis_url, count),
    )


def resident(pid: int) -> Memory:
    """Return the resident memory (VmRSS) of a process and of those it started, in MB."""
    found = {pid: _resident(pid)}
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split():
        found |= resident(int(child)).processes
    return Memory(found, round(sum(found.values()), 1))


class _Load:
    """An open loop: each delivery leaves at its own time, however long the answers before it take."""

    def __init__(self, port: int, *, rate: float, count: int) -> None:
        self._port = port
        self._rate = rate
        self._count = count
        self.late_ms: list[float] = []
        self._idle: asyncio.LifoQueue[tuple[asyncio.StreamReader, asyncio.StreamWriter] | None] = asyncio.LifoQueue()

    async def run(self) -> list[tuple[int, float]]:
        requests = [_request(number) for number in range(1, self._count + 1)]
        for _ in range(_CONNECTIONS):
            self._idle.put_nowait(None)
        begin = time.perf_counter() + 0.5
        tasks = []
        for index, request in enumerate(requests):
            leaves = begin + index / self._rate
            await asyncio.sleep(leaves - time.perf_counter())
            self.late_ms.append((time.perf_counter() - leaves) * 1000)
            tasks.append(asyncio.create_task(self._deliver(request)))
        return list(await asyncio.gather(*tasks))

    async def _deliver(self, request: bytes) -> tuple[int, float]:
        """Return the status and the milliseconds it took, waiting for a connection included."""
        begin = time.perf_counter()
        status, connection = 0, await self._idle.get()
        if connection is not None and connection[0].at_eof():
            connection = None  # the server closed it while it was idle
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                connection = connection or await asyncio.open_connection("127.0.0.1", self._port)
                connection[1].write(request)
                status = await _answer(connection[0])
        except (OSError, EOFError, TimeoutError):
            connection = None
        self._idle.put_nowait(connection)
        return status, (time.perf_counter() - begin) * 1000


async def _answer(reader: asyncio.StreamReader) -> int:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
    await reader.readexactly(int(fields["content-length"]))
    return int(head.split(" ", 2)[1])


def _request(number: int) -> bytes:
    body = json.dumps(
        {
            "action": "synchronize",
            "number": number,
            "pull_request": {"number": number, "head": {"sha": f"{number:040x}"}, "body": "x" * _BODY_BYTES},
            "repository": {"full_name": _REPOSITORY.full_name, "clone_url": _REPOSITORY.clone_url}
            | {"default_branch": _REPOSITORY.default_branch},
        }
    ).encode()
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    head = (
        "POST /webhooks/github HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"X-GitHub-Event: pull_request\r\nX-GitHub-Delivery: load-{number}\r\n"
        f"X-Hub-Signature-256: sha256={signature}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _lost(redis_url: str, count: int) -> int:
    connection = redis.Redis.from_url(redis_url)
    waiting = {job_id for name in QUEUES for job_id in rq.Queue(name, connection=connection).get_job_ids()}
    wanted = {f"{preview(_REPOSITORY, number).job_id}-0" for number in range(1, count + 1)}
    return len(wanted - waiting)


def _resident(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:"))
    return round(int(kilobytes) / 1024, 1)


def main() -> int:
    """Run the load and print its figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    parser.add_argument("--rate", type=float, default=200.0, help="deliveries a second")
    parser.add_argument("--seconds", type=float, default=30.0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, RedisServer.start(programs().redis_server, Path(name)) as server:
        settings = {"FORESAIL_REDIS_URL": server.url, "FORESAIL_GITHUB_WEBHOOK_SECRET": SECRET}
        with Foresail.start(Path(name) / "foresail", settings, only=("web",)) as foresail:
            figures = run(foresail.url, server.url, rate=asked.rate, seconds=asked.seconds)
            memory = resident(foresail.pid("web"))
    sys.stdout.write(json.dumps(asdict(figures) | {"web_mb": memory.total, "processes_mb": memory.processes}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
