"""Operations that nobody can carry out, on an Application that cannot be read or of a kind we do not know: ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from bot.engine.sync.unknown import INVALID_SPEC, unknown_patch
from bot.errors import Rejected
from bot.model.applications import is_left_alone
from bot.model.jobs import notify
from bot.model.operations import UNSUPPORTED, Occasion, Operation, OperationState, Phase, timestamp
from bot.model.resources import annotations_of, metadata_of
from bot.settings import Mode
from workers.operating.claims import CLAIM
from workers.operating.ending import end, follow_up_refusal, tell_awaiting, write_end

if TYPE_CHECKING:
    from bot.model.applications import Application
    from bot.model.resources import JsonObject
    from bot.services import Services

_log = structlog.get_logger()


def end_unusable(services: Services, name: str) -> bool:
    """End what runs on an Application that cannot be parsed, in the parser's words; return whether it is such a one."""
    obj = services.applications.read(name)
    reason = _why_unusable(services, obj) if obj is not None else ""
    if obj is None or not reason:
        return False
    operation = obj.get("operation")
    if isinstance(operation, dict) and operation and services.settings.mode is not Mode.PREVIEW:
        _end(services, obj, Operation.parse(operation) or Operation("", prune=False), reason)
    elif services.memory.is_ending(name) and (state := OperationState.of_status(obj.get("status"))) is not None:
        _tell(services, name, state.operation)
    return True


def say_unusable(services: Services, name: str) -> None:
    """Say on an Application at rest that nobody can use why that is so; raises Rejected when it cannot be written."""
    obj = services.applications.read(name)
    reason = _why_unusable(services, obj) if obj is not None else ""
    if obj is None or not reason or obj.get("operation") or metadata_of(obj).get("deletionTimestamp"):
        return
    status = obj.get("status")
    patch = unknown_patch(status if isinstance(status, dict) else None, reason, kind=INVALID_SPEC, now=timestamp())
    if patch and not is_left_alone(annotations_of(obj)):
        services.applications.patch(obj, {"status": patch})
        _log.warning("application cannot be used", application=name, reason=reason)


def excuse(services: Services, payload: JsonObject, words: str) -> None:
    """End the operation of an application with why nobody carries it on."""
    name = str(payload["application"])
    if not end_unusable(services, name):
        end(services, name, Phase.ERROR, words)


def refuse(services: Services, application: Application) -> None:
    """End an operation that asks for more than we can do, or it would block every later one."""
    now = timestamp(services.clock.now())
    state = {
        "operation": application.operation,
        "phase": Phase.ERROR.value,
        "message": UNSUPPORTED,
        "startedAt": now,
        "finishedAt": now,
    }
    write_end(services, application, {"status": {"operationState": state}})
    follow_up_refusal(services, application.name)


def _why_unusable(services: Services, obj: JsonObject) -> str:
    try:
        services.applications.parsed(obj)
    except Rejected as error:
        return error.message
    return ""


def _end(services: Services, obj: JsonObject, operation: Operation, words: str) -> None:
    now = timestamp(services.clock.now())
    begun = OperationState.of_status(obj.get("status"))
    end: JsonObject = {"phase": Phase.ERROR.value, "message": words, "finishedAt": now}
    # What a record says of the running operation stays: a merge patch leaves alone what it does not mention.
    if begun is None or begun.phase.completed:
        end = OperationState(operation, Phase.ERROR, words, started_at=now, finished_at=now).to_wire()
    annotations = {"annotations": {CLAIM: None}}
    name = services.applications.homes.name_of(obj)
    services.memory.begin_ending(name)
    services.applications.patch(obj, {"metadata": annotations, "operation": None, "status": {"operationState": end}})
    _log.warning("operation of an unusable application ended", reason=words)
    _tell(services, name, operation)


def _tell(services: Services, name: str, operation: Operation) -> None:
    occasion = Occasion.of(operation.info)
    if occasion.repository:
        services.queue.enqueue(notify(occasion.repository, occasion.commit))
    tell_awaiting(services, name)
    services.memory.end_ending(name)
