"""Jobs: what one process asks another to do, small enough to be kept as JSON in the queue."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum

from bot.model.resources import JsonObject


class Task(StrEnum):
    """Every job there is; the value is the dotted name a worker imports, so `web` needs no import of `workers`."""

    PREVIEW = "workers.preview.run"
    COMMAND = "workers.command.run"
    DELIVER = "workers.sync.deliver"
    ADVANCE = "workers.sync.advance"
    NOTIFY = "workers.notify.run"
    REFRESH = "workers.refresh.run"
    RECOVER = "workers.recover.run"


@dataclass(frozen=True, slots=True)
class JobRequest:
    """One job to be queued. Two requests with the same `identity` that both wait are one job."""

    task: Task
    payload: JsonObject
    identity: str
    """What the job is about, in words of any alphabet: `preview acme/shop#12`."""

    @property
    def queue(self) -> str:
        """Name of the queue: the middle part of the task's dotted name."""
        return self.task.split(".")[1]

    @property
    def job_id(self) -> str:
        """Return the identity as RQ accepts it (`[A-Za-z0-9_-]` only), made unambiguous by a digest."""
        digest = hashlib.sha256(f"{self.task}\0{self.identity}".encode()).hexdigest()[:12]
        return re.sub(r"[^A-Za-z0-9]+", "-", self.identity).strip("-")[:80] + "-" + digest
