"""Start operations: written to the Application under optimistic locking, so that two workers cannot both start one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import structlog

from bot.cluster.applications import Conflict
from bot.engine.sync.start import reason_to_wait
from bot.errors import Rejected
from bot.model.jobs import advance, delete, notify
from bot.model.operations import Occasion, Operation, OperationState, Phase, timestamp
from bot.model.retry import Retry
from bot.settings import Mode
from workers.operating.windows import why_not_now

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.model.applications import Application
    from bot.model.resources import JsonObject
    from bot.services import Services

_log = structlog.get_logger()
_TRIES: Final = 5


def waits_for_the_end(services: Services, name: str, commit: str) -> bool:
    """Have a commit that was fetched wait for the end of an application's operation; False when that has ended.

    Noted first and looked at after that, so that whoever ends the operation knows, or it is seen here.
    """
    services.memory.put_off(name, commit)
    application = services.applications.get(name)
    return application is not None and application.operation is not None


def start(  # noqa: PLR0913 - each is a matter of its own
    services: Services,
    name: str,
    occasion: Occasion,
    *,
    revisions: tuple[str, ...] = (),
    prune: bool | None = None,
    configured: str = "",
) -> str:
    """Start an operation of the application at the occasion's commit; return why not, nothing when it is started.

    `configured` is why its repository wants it to wait, where it does.

    `revisions` are those of its sources where they are known; the first job of the operation fixes them otherwise.
    `prune` is given where its ApplicationSet rolls it out: whether the sync deletes; else the Application says.

    Raises Conflict when the Application keeps changing under our hands.
    """
    if services.settings.mode is Mode.PREVIEW:
        return "this Foresail only previews: something else does the syncing"
    for _ in range(_TRIES):
        application = services.applications.get(name)
        if application is None:
            return "waits for the Application to be created"
        rolled_out = prune is not None
        reason = reason_to_wait(application, revision=occasion.commit, revisions=revisions, rolled_out=rolled_out)
        reason = reason or why_not_now(services, application) or configured
        if application.deleting:
            services.queue.enqueue(delete(name))  # a hook that failed may be a better one now
        if reason and (application.operation is None or waits_for_the_end(services, name, occasion.commit)):
            return reason
        if reason:
            continue
        info = replace(occasion, definition=application.spec.definition).to_info()
        retry = Retry.parse(application.spec.sync_policy.retry)
        prunes = application.spec.prunes if prune is None else prune
        operation = Operation(occasion.commit, prunes, info, automated=True, revisions=revisions, retry=retry)
        try:
            services.applications.update(
                application, {"operation": operation.to_wire(), **_overtaken(services, application)}
            )
        except Conflict:
            continue
        _tell_of_overtaken(services, application)
        _log.info("operation started", application=name, revision=occasion.commit, change=occasion.change)
        services.queue.enqueue(advance(name))
        return ""
    raise Conflict(f"Application {name} keeps changing", retry_after=0.1)


def change(services: Services, name: str, patch: Callable[[Application], JsonObject]) -> Application:
    """Write what `patch` makes of an Application as it is, decided anew whenever somebody else was faster.

    Raises Rejected when there is none, Conflict when it keeps changing, and whatever `patch` raises.
    """
    for _ in range(_TRIES):
        application = services.applications.get(name)
        if application is None:
            raise Rejected(f"there is no Application {name}")
        try:
            return services.applications.update(application, patch(application))
        except Conflict:
            continue
    raise Conflict(f"Application {name} keeps changing", retry_after=0.1)


def _overtaken(services: Services, application: Application) -> JsonObject:
    """Return the end of an operation that rested, nothing where there is none."""
    state = OperationState.of_status(application.status)
    if state is None or not state.rests:
        return {}
    words, now = "gave way to what is wanted now", timestamp(services.clock.now())
    ended = replace(state, phase=Phase.FAILED, message=words, finished_at=now)
    return {"status": {"operationState": ended.to_wire()}}


def _tell_of_overtaken(services: Services, application: Application) -> None:
    """Have the commit told whose operation has given way, now and at the end of the one that brings it along."""
    state = OperationState.of_status(application.status)
    if state is None or not state.rests:
        return
    services.memory.put_off(application.name)
    occasion = Occasion.of(state.operation.info)
    if occasion.repository:
        services.queue.enqueue(notify(occasion.repository, occasion.commit))
