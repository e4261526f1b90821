"""Try an operation again that has failed: its Application says when, and whoever comes first then begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from bot.engine.sync.retry import next_attempt, retry_at
from workers.operating.claims import CLAIM, Claim
from workers.operating.ending import make_rest_good

if TYPE_CHECKING:
    from bot.model.applications import Application
    from bot.model.operations import OperationState
    from bot.model.resources import JsonObject
    from bot.services import Services

_log = structlog.get_logger()


def begin(
    services: Services, application: Application, state: OperationState
) -> tuple[Application, OperationState] | None:
    """Begin the next attempt, as one write; None while it is too early.

    Raises Conflict where another begins it, or ends it.
    """
    if services.clock.now() < retry_at(state):
        make_rest_good(services, application, state)
        return None  # the controller asks again when it is time
    state = next_attempt(state)
    claim = Claim.mine(until=services.clock.now() + services.settings.claim_seconds)
    patch: JsonObject = {
        "metadata": {"annotations": {CLAIM: str(claim)}},
        "status": {"operationState": state.to_wire()},
    }
    if state.operation.retry.refresh:
        patch["operation"] = state.operation.to_wire()  # or its record would be taken for another's
    _log.info("operation tried again", attempt=state.retry_count)
    return services.applications.update(application, patch), state
