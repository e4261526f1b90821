"""End an operation: record it, and ask for what its end calls for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.cluster.applications import RecordTooLarge
from bot.engine.sync.rollback import AUTO_ROLLBACK
from bot.engine.sync.terminate import TERMINATED
from bot.engine.tracking import TRACKING_ID, TrackingId
from bot.errors import Rejected
from bot.model.jobs import compare, notify, refresh
from bot.model.measures import ended
from bot.model.names import name_of_instance
from bot.model.operations import Occasion, Operation, OperationState, Phase, timestamp
from bot.settings import Mode
from workers.operating.claims import CLAIM

if TYPE_CHECKING:
    from bot.model.applications import Application
    from bot.model.resources import JsonObject
    from bot.services import Services


def end(services: Services, name: str, phase: Phase, words: str) -> None:
    """Write the end of an operation that cannot go on, with what is recorded of it; where that has no room, without."""
    application = services.applications.get(name)
    operation = Operation.parse(application.operation or {}) if application else None
    if application is None or operation is None or services.settings.mode is Mode.PREVIEW:
        return
    finish(
        services,
        application,
        replace(state_of(application, operation, now=services.clock.now()), phase=phase, message=words),
    )


def finish(services: Services, application: Application, state: OperationState) -> None:
    """Write how an operation has ended, and nothing else of the status; as read, or Conflict."""
    state = replace(state, finished_at=timestamp(services.clock.now()))
    patch: JsonObject = {"metadata": {"annotations": {CLAIM: None}}}
    try:
        written = write_end(services, application, {**patch, "status": {"operationState": state.to_wire()}})
    except RecordTooLarge:
        state = replace(state, results=())
        written = write_end(services, application, {**patch, "status": {"operationState": state.to_wire()}})
    follow_up(services, written, state)


def write_end(services: Services, application: Application, patch: JsonObject) -> Application:
    """Write the end of an operation, noted before: killed after it, somebody else asks for what it calls for."""
    services.memory.begin_ending(application.name)
    return services.applications.update(application, {**patch, "operation": None})


def make_good(services: Services, application: Application) -> None:
    """Ask for what the end of an operation calls for, where whoever wrote that may have been killed before."""
    if not services.memory.is_ending(application.name):
        return
    state = OperationState.of_status(application.status)
    if state is None:
        follow_up_refusal(services, application.name)
    elif state.phase.completed:
        follow_up(services, application, state)


def state_of(application: Application, operation: Operation, *, now: float | None = None) -> OperationState:
    """Return the record of the running operation, or the beginning of one; another's record is none of it."""
    state = OperationState.of_status(application.status)
    if state is not None and not state.phase.completed and state.operation.is_record_of(operation):
        return state
    # What somebody else wrote says nothing of what the application asks for: carried out is what it asks for now.
    asked = replace(operation, info={"definition": application.spec.definition, **operation.info})
    asked = asked.after(OperationState.last_sync(application.status))
    return OperationState(asked, Phase.RUNNING, "started", started_at=timestamp(now))


def follow_up(services: Services, application: Application, state: OperationState) -> None:
    """Ask for what the end of an operation calls for: telling it, and seeing whether a newer revision waits."""
    services.metrics.count(*ended(application, state))
    _ask(services, application, state)
    services.memory.end_ending(application.name)


def follow_up_refusal(services: Services, name: str) -> None:
    """Ask for what it calls for that an operation was refused, whose record says nothing that we can read."""
    services.queue.enqueue(refresh(name))
    tell_awaiting(services, name)
    services.memory.end_ending(name)


def tell_awaiting(services: Services, name: str) -> None:
    """Have all commits told that were seen waiting for the end of an application's operation."""
    found = (one.rpartition("@") for one in services.memory.awaited(name))
    services.queue.enqueue(*(notify(repository, commit) for repository, _, commit in found))


def _ask(services: Services, application: Application, state: OperationState) -> None:
    waits = services.memory.take_put_off(application.name)
    if _asks_for_more(application, state):
        services.queue.enqueue(refresh(application.name))
    elif waits is not None:
        services.queue.enqueue(refresh(application.name, since=waits))
    if state.operation.is_partial or state.message == TERMINATED or _may_be_taken_back(application, state):
        services.queue.enqueue(compare(application.name).in_lane(application.lane))
    if state.operation.is_partial:  # which is nothing that a commit waits for
        return
    occasion = Occasion.of(state.operation.info)
    if occasion.repository:
        services.queue.enqueue(notify(occasion.repository, occasion.commit))
    tell_awaiting(services, application.name)
    parent = _parent_occasion(services, application)
    if parent is not None and parent.repository:
        services.queue.enqueue(notify(parent.repository, parent.commit))


def _may_be_taken_back(application: Application, state: OperationState) -> bool:
    return state.phase is Phase.FAILED and bool(application.annotation(AUTO_ROLLBACK))


def rest(services: Services, application: Application, state: OperationState, patch: JsonObject) -> Application:
    """Write that an operation waits, noted before, and have its commit told: killed in between, somebody else tells."""
    services.memory.note(_resting(application))
    application = services.applications.update(application, patch)
    _tell_rest(services, application, state)
    return application


def make_rest_good(services: Services, application: Application, state: OperationState) -> None:
    """Have the commit told that an operation waits, where whoever wrote that may have been killed before."""
    if services.memory.is_noted(_resting(application)):
        _tell_rest(services, application, state)


def _tell_rest(services: Services, application: Application, state: OperationState) -> None:
    occasion = Occasion.of(state.operation.info)
    if occasion.repository and not state.operation.is_partial:
        services.queue.enqueue(notify(occasion.repository, occasion.commit))
    services.memory.strike(_resting(application))


def _resting(application: Application) -> str:
    """Name that an application's operation waits, and that this is still to be told."""
    return f"{application.name} rests"


def _asks_for_more(application: Application, state: OperationState) -> bool:
    """Whether an application's own definition has changed since an operation began."""
    return state.operation.info.get("definition", "") != application.spec.definition


def _parent_occasion(services: Services, application: Application) -> Occasion | None:
    """Return for which commit the application that declares this one was last synced: it may wait for this end too."""
    tracked = TrackingId.parse(application.annotation(TRACKING_ID))
    if tracked is None or tracked.instance == application.instance:
        return None
    try:
        parent = services.applications.get(name_of_instance(tracked.instance))
    except Rejected:
        return None
    state = OperationState.last_sync(parent.status) if parent is not None else None
    return Occasion.of(state.operation.info) if state is not None else None
