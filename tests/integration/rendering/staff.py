"""Real `repository` processes on a real queue, and somebody who asks them."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import redis

from bot.rendering.queued import Patience, Queued
from bot.rendering.shared import Shared
from bot.repository.render import Renderer
from bot.sandbox.installation import ROOT
from bot.sandbox.processes import Process
from bot.sandbox.toolchain import Programs
from bot.store.queue import Queue
from tests.integration.rendering.conftest import SECRET, shelf_of


@dataclass
class Staff:
    """Renderers of one Redis that have a folder in common with who asks them."""

    root: Path
    redis_url: str
    connection: redis.Redis
    programs: Programs
    processes: list[Process] = field(default_factory=list)

    def start(self, *, kustomize: Path | None = None, queues: tuple[str, ...] = ("render",)) -> Process:
        """Start one, with nothing in its environment but what it needs."""
        settings = {
            "FORESAIL_REDIS_URL": self.redis_url,
            "FORESAIL_CACHE_KEY": SECRET,
            "FORESAIL_CACHE_MEGABYTES": "1",
            "FORESAIL_DATA_DIRECTORY": str(self.root),
            "FORESAIL_KUSTOMIZE": str(kustomize or self.programs.kustomize),
            "FORESAIL_HELM": str(self.programs.helm),
            "FORESAIL_RENDER_TIMEOUT": "30",
            "TMPDIR": str(self.root),
        }
        command = [sys.executable, "-m", "workers", "run", *queues]
        log = self.root / f"renderer-{len(self.processes)}.log"
        process = Process.start(command, log=log, env={"PATH": os.environ["PATH"], **settings}, cwd=ROOT)
        self.processes.append(process)
        return process

    def asking(self, here: Renderer, *, untaken: float = 60.0, begun: float = 60.0) -> Queued:
        """Return somebody who asks, and renders `here` what nobody else does."""
        shelf = shelf_of(self.connection, self.programs, room=1 << 20)
        patience = Patience(begun=begun, untaken=untaken)
        return Queued(shelf, Queue(self.connection), here=Shared(here, shelf), root=self.root, patience=patience)

    def until(self, true: Callable[[], object], *, seconds: float = 60.0) -> None:
        """Wait for something, keeping the queue as the controller does; fail with the processes' words."""
        deadline = time.monotonic() + seconds
        queue = Queue(self.connection)
        while not true():
            logs = "\n".join(process.tail() for process in self.processes)
            assert time.monotonic() < deadline, f"waited in vain; the renderers say: {logs}"
            queue.maintain(now=time.time())
            time.sleep(0.05)

    def waiting(self) -> int:
        """Return how many jobs nobody has taken."""
        return self.connection.llen("rq:queue:render")

    def begun(self) -> int:
        """Return how many jobs somebody has begun: one that is taken and no more is not counted against its worker."""
        return [self.connection.hget(job, "status") for job in self.jobs()].count(b"started")

    def jobs(self) -> list[bytes]:
        """Return the keys of every job there is."""
        return cast("list[bytes]", self.connection.keys("rq:job:*"))

    def hold(self, process: Process) -> None:
        """Have a process's child do nothing any more."""
        for pid in children(process.pid):
            os.kill(pid, signal.SIGSTOP)

    def homes(self) -> list[Path]:
        """Return the folders that children work in."""
        return list(self.root.glob("foresail-render-*"))

    def stop(self) -> None:
        """End every process."""
        for process in self.processes:
            process.stop()


def children(pid: int) -> set[int]:
    """Return what a process has started that still runs, by the kernel's list."""
    tasks = Path(f"/proc/{pid}/task")
    lists = [task / "children" for task in tasks.iterdir()] if tasks.exists() else []
    return {int(child) for one in lists for child in one.read_text().split()}
