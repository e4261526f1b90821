"""Jobs of the tests' own: each does what its payload says, and leaves in Redis what it did."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from bot.errors import Rejected, Temporary
from bot.model.jobs import JobRequest
from bot.store.connection import connect
from bot.store.worker import PutBack
from workers.runtime import job, job_with_excuse

if TYPE_CHECKING:
    from bot.model.jobs import Task
    from bot.model.resources import JsonObject
    from bot.services import Services

RUN: Final = f"{__name__}.run"
REST: Final = f"{__name__}.rest"
_LOOK: Final = 0.02


class Errand(JobRequest):
    """A request for one of these."""

    @property
    def queue(self) -> str:
        """Name of the queue it waits in."""
        return "notify"


def errand(name: str, **what: Any) -> Errand:
    """Ask for an errand.

    It may `hold` until that file is there, `die`, be put off as too `early`, fail as `error` says, and `then` ask for
    another one.
    """
    return Errand(cast("Task", RUN), {"name": name, **what}, name)


def nothing(name: str) -> Errand:
    """Ask for a job that has nothing to do."""
    return Errand(cast("Task", REST), {"name": name}, name)


@job
def rest(_services: Services, _payload: JsonObject) -> None:
    """Do nothing."""


def _excuse(services: Services, payload: JsonObject, words: str) -> None:
    connect(services.settings.redis_url).rpush(f"excuses:{payload['name']}", words)


@job_with_excuse(_excuse)
def run(services: Services, payload: JsonObject) -> JobRequest | PutBack | None:
    """Do what the payload says."""
    connection, name = connect(services.settings.redis_url), str(payload["name"])
    wanted = cast("bytes | None", connection.get(f"wanted:{name}"))
    connection.rpush(f"began:{name}", os.getpid())
    if "hold" in payload:
        _hold(Path(payload["hold"]))
    if payload.get("die"):
        os.kill(os.getpid(), signal.SIGKILL)
    if "error" in payload:
        raise _error(str(payload["error"]), float(payload.get("retry_after", 0.0)))
    if wanted is not None:
        connection.set(f"served:{name}", wanted)
    if "early" in payload:
        return PutBack(float(payload["early"]), tried=False)
    connection.rpush(f"done:{name}", os.getpid())
    return errand(str(payload["then"])) if "then" in payload else None


def _hold(gate: Path) -> None:
    while not gate.exists():
        threading.Event().wait(_LOOK)


def _error(kind: str, retry_after: float) -> Exception:
    errors = {
        "rejected": Rejected("the file is wrong", remedy="Mend it."),
        "temporary": Temporary("forge away", retry_after=retry_after),
    }
    return errors.get(kind) or ValueError("s3cret in a bug's words")
