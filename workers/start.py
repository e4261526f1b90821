"""Start: begin an operation and carry it as far as it goes without waiting.

The operation, the claim on it and that it has begun are one write to the Application, where nothing is in the way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from bot.cluster.applications import Conflict, RecordTooLarge
from bot.errors import Temporary
from bot.model.jobs import advance
from workers.advance import carry_on_new
from workers.operating.claims import is_claimed
from workers.operating.operations import TRIES, Asked, note_overtaken, start, startable, started
from workers.runtime import job_with_excuse

if TYPE_CHECKING:
    from bot.model.jobs import JobRequest
    from bot.model.resources import JsonObject
    from bot.services import Services

_log = structlog.get_logger()


def _excuse(services: Services, payload: JsonObject, words: str) -> None:
    """Leave it to whoever advances the operation to say on the Application what is wrong with it."""
    _log.warning("operation is written before it is begun", reason=words)
    _write(services, Asked.of(payload))


@job_with_excuse(_excuse)
def run(services: Services, payload: JsonObject) -> JobRequest | None:
    """Begin an operation, unless there is a reason to wait."""
    asked = Asked.of(payload)
    with structlog.contextvars.bound_contextvars(application=asked.name):
        try:
            reason = _begin(services, asked)
        except (Temporary, RecordTooLarge) as error:
            # Where it waits, or why it cannot go on, is said on the operation; so there has to be one.
            _log.info("operation is written before it is begun", reason=error.message)
            _write(services, asked)
        else:
            if reason:
                _log.info("operation not started", reason=reason)
            if reason and services.memory.is_ending(asked.name):  # by this very job, when its worker was killed
                services.queue.enqueue(advance(asked.name))
    return None


def _begin(services: Services, asked: Asked) -> str:
    for _ in range(TRIES):
        application = startable(services, asked)
        if isinstance(application, str):
            return application
        # A window may be in the way, or who works still on what somebody took away: it has to wait as written.
        if not application.automated or is_claimed(services, application):
            return start(services, asked)
        note_overtaken(services, application)
        if carry_on_new(services, application, asked.operation(application)):
            started(services, asked, application)
            return ""
    raise Conflict(f"Application {asked.name} keeps changing", retry_after=0.1)


def _write(services: Services, asked: Asked) -> None:
    start(services, asked)
    services.queue.enqueue(advance(asked.name))  # also where it was written before something went wrong
