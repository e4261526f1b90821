"""Ask people and teams, on the forge, to review a change in which there is a danger: once for each head."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from bot.errors import Rejected
from bot.model.changes import ChangeState
from workers.changes.approvals import asking
from workers.changes.payloads import repository_in
from workers.runtime import job

if TYPE_CHECKING:
    from bot.model.jobs import JobRequest
    from bot.model.resources import JsonObject
    from bot.services import Services

_log = structlog.get_logger()


@job
def run(services: Services, payload: JsonObject) -> JobRequest | None:
    """Ask those who are named, unless the change has moved on or they were asked."""
    repository, number, head = repository_in(payload), int(payload["number"]), str(payload["head"])
    people = [str(one) for one in payload["people"]]
    name = asking(repository.change(number), head, people)
    change = services.forge.change(repository, number)
    if change.state is not ChangeState.OPEN or change.head_sha != head or services.memory.was_asked(name):
        return None
    with structlog.contextvars.bound_contextvars(change=str(change), head=head[:12]):
        try:
            refused = services.forge.ask_for_reviews(repository, number, [one.removeprefix("@") for one in people])
            _log.info("reviews asked for", people=people, refused=refused)
        except Rejected as error:  # they are mentioned in the comment all the same
            _log.warning("reviews not asked for", reason=error.message, remedy=error.remedy)
    services.memory.keep_asked(name)
    return None
