"""Real worker processes on a real queue, and what they leave behind."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import redis

from bot.sandbox.installation import ROOT
from bot.sandbox.processes import Process
from bot.store.queue import Queue

KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: nowhere
clusters: [{name: nowhere, cluster: {server: "http://127.0.0.1:9"}}]
users: [{name: nobody, user: {}}]
contexts: [{name: nowhere, context: {cluster: nowhere, user: nobody}}]
"""


@dataclass
class Crew:
    """Workers of one Redis."""

    directory: Path
    redis_url: str
    connection: redis.Redis
    queue: Queue
    processes: list[Process] = field(default_factory=list)

    def start(self, *arguments: str) -> Process:
        """Start `python -m workers` with these arguments, by default one worker of the errands' queue."""
        kubeconfig = self.directory / "kubeconfig"
        kubeconfig.write_text(KUBECONFIG)
        settings = {
            "FORESAIL_REDIS_URL": self.redis_url,
            "FORESAIL_GITHUB_TOKEN": "s3cret-token",
            "FORESAIL_KUBECONFIG": str(kubeconfig),
            "FORESAIL_DATA_DIRECTORY": str(self.directory / "data"),
        }
        command = [sys.executable, "-m", "workers", *(arguments or ("run", "notify"))]
        log = self.directory / f"worker-{len(self.processes)}.log"
        process = Process.start(command, log=log, env={"PATH": os.environ["PATH"], **settings}, cwd=ROOT)
        self.processes.append(process)
        return process

    @property
    def gate(self) -> str:
        """What errands can be held by until it is opened."""
        return str(self.directory / "gate")

    def open_gate(self) -> None:
        """Let held errands go on."""
        Path(self.gate).touch()

    def until(self, true: Callable[[], object], *, seconds: float = 40.0) -> None:
        """Wait for something, keeping the queue as the controller does; fail with the workers' words."""
        deadline = time.monotonic() + seconds
        while not true():
            logs = "\n".join(process.tail() for process in self.processes)
            assert time.monotonic() < deadline, f"waited in vain; the workers say: {logs}"
            self.queue.maintain(now=time.time())
            time.sleep(0.05)

    def await_end(self, process: Process, *, seconds: float = 120.0) -> None:
        """Wait until a process ends by itself, and ask nothing of Redis meanwhile."""
        deadline = time.monotonic() + seconds
        while process.running:
            assert time.monotonic() < deadline, f"it did not end; it says: {process.tail()}"
            time.sleep(0.05)

    def await_words(self, process: Process, words: str, *, seconds: float = 120.0) -> None:
        """Wait until a process says something, and ask nothing of Redis meanwhile."""
        deadline = time.monotonic() + seconds
        while words not in process.tail():
            assert time.monotonic() < deadline, f"it did not say so; it says: {process.tail()}"
            time.sleep(0.05)

    def times(self, what: str) -> int:
        """Return how often something happened, such as `done:name`."""
        return self.connection.llen(what)

    def words(self, what: str) -> list[str]:
        """Return what was said, such as `excuses:name`."""
        return [one.decode() for one in cast("list[bytes]", self.connection.lrange(what, 0, -1))]

    def jobs(self) -> set[str]:
        """Return the keys of every job there is, in whatever state."""
        return {key.decode() for key in cast("list[bytes]", self.connection.keys("rq:job:*"))}

    def commands(self) -> int:
        """Return how often anybody has written to Redis until now; what a script calls is in its one."""
        return int(cast("dict[str, int]", self.connection.info("stats"))["total_reads_processed"])

    def due(self, job: str) -> float:
        """Return in how many seconds a job that was put off is to be done, by the clock of Redis."""
        seconds, microseconds = self.connection.time()
        score = self.connection.zscore("rq:scheduled:notify", job.removeprefix("rq:job:"))
        return float(cast("float", score)) - seconds - microseconds / 1e6

    def pids(self, what: str) -> set[int]:
        """Return which processes did something."""
        return {int(pid) for pid in self.words(what)}

    def stop(self) -> None:
        """End every process."""
        for process in self.processes:
            process.stop()
