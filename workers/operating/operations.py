"""Start operations: written to the Application under optimistic locking, so that two workers cannot both start one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import structlog

from bot.cluster.applications import Conflict
from bot.engine.sync.start import reason_to_wait
from bot.errors import Rejected
from bot.model import jobs
from bot.model.jobs import advance, delete, generate, notify, refresh
from bot.model.operations import Occasion, Operation, OperationState, Phase, timestamp
from bot.model.retry import Retry
from bot.prediction.trees import has_several
from bot.settings import Mode
from workers.operating.revisions import fixed
from workers.operating.windows import why_not_now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bot.model.applications import Application
    from bot.model.jobs import JobRequest
    from bot.model.resources import JsonObject
    from bot.services import Services

_log = structlog.get_logger()
TRIES: Final = 5
"""Attempts at a write while somebody else keeps changing the Application."""


def waits_for_the_end(services: Services, name: str, commit: str) -> bool:
    """Have a commit that was fetched wait for the end of an application's operation; False when that has ended.

    Noted first and looked at after that, so that whoever ends the operation knows, or it is seen here.
    """
    services.memory.put_off(name, commit)
    application = services.applications.get(name)
    return application is not None and application.operation is not None


@dataclass(frozen=True, slots=True)
class Asked:
    """A sync of an application that is to start by itself."""

    name: str
    """The application's."""
    occasion: Occasion
    revisions: tuple[str, ...] = ()
    """Of its sources where they are known; the first step of the operation fixes them otherwise."""
    prune: bool | None = None
    """Given where its ApplicationSet rolls it out: whether the sync deletes; else the Application says."""
    configured: str = ""
    """Why its repository wants it to wait, where it does."""
    after: str | None = None
    """Its last sync when this was decided, see `last_sync_of`; None: whatever it was."""

    @classmethod
    def of(cls, payload: JsonObject) -> Asked:
        """Read back what was queued."""
        return cls(
            str(payload["application"]),
            Occasion.of(payload["info"]),
            tuple(map(str, payload["revisions"])),
            payload["prune"],
            str(payload["configured"]),
            payload["after"],
        )

    @property
    def request(self) -> JobRequest:
        """Ask for it."""
        return jobs.start(
            self.name,
            self.occasion.commit,
            self.occasion.to_info(),
            revisions=self.revisions,
            prune=self.prune,
            configured=self.configured,
            after=self.after,
        )

    @property
    def rolled_out(self) -> bool:
        """Whether its ApplicationSet says that it is its turn."""
        return self.prune is not None

    def operation(self, application: Application) -> Operation:
        """Return what is to be written to the Application as it is.

        At its end everybody is told whose commit comes after what was synced before, not after what was pushed before:
        commits that waited for another operation are brought along.
        """
        last, occasion = OperationState.last_sync(application.status), self.occasion
        if last is not None and last.operation.revision and not has_several(application.spec):
            occasion = replace(occasion, before=last.operation.revision)
        return Operation(
            self.occasion.commit,
            application.spec.prunes if self.prune is None else self.prune,
            replace(occasion, definition=application.spec.definition).to_info(),
            automated=True,
            revisions=self.revisions,
            retry=Retry.parse(application.spec.sync_policy.retry),
        )


def last_sync_of(application: Application) -> str:
    """Name the last sync of an application that has begun; empty where none has."""
    last = OperationState.last_sync(application.status)
    return "" if last is None else f"{last.operation.revision} since {last.started_at}"


def start(services: Services, asked: Asked) -> str:
    """Write an operation and have it carried out; return why not, nothing when it is written.

    Raises Conflict when the Application keeps changing under our hands.
    """
    for _ in range(TRIES):
        application = startable(services, asked)
        if isinstance(application, str):
            return application
        note_overtaken(services, application)
        written = {"operation": asked.operation(application).to_wire(), **_overtaken(services, application)}
        try:
            services.applications.update(application, written)
        except Conflict:
            continue
        started(services, asked, application)
        services.queue.enqueue(advance(asked.name).in_lane(application.lane))
        return ""
    raise Conflict(f"Application {asked.name} keeps changing", retry_after=0.1)


def startable(services: Services, asked: Asked) -> Application | str:
    """Return an Application on which an operation may be written now, else why none may.

    A commit that has to wait for the end of another operation is noted, so that this end brings it along. Where another
    sync has begun since this one was decided, and not one on the way there, that is decided anew: the job may have been
    held up, and its commit old.
    """
    if services.settings.mode is Mode.PREVIEW:
        return "this Foresail only previews: something else does the syncing"
    commit = asked.occasion.commit
    for _ in range(TRIES):
        application = services.applications.get(asked.name)
        if application is None:
            return "waits for the Application to be created"
        reason = reason_to_wait(
            application, revision=commit, revisions=asked.revisions, rolled_out=asked.rolled_out
        ) or why_not_now(services, application)
        reason = reason or asked.configured
        if application.deleting:
            services.queue.enqueue(delete(asked.name))  # a hook that failed may be a better one now
        if not reason and not _still_holds(services, asked, application):
            services.queue.enqueue(*_decided_anew(asked, application))
            return "was synced since this was decided"
        if not reason:
            return application
        if application.operation is None or waits_for_the_end(services, asked.name, commit):
            return reason
    raise Conflict(f"Application {asked.name} keeps changing", retry_after=0.1)


def _still_holds(services: Services, asked: Asked, application: Application) -> bool:
    """Whether nothing was synced since a sync was decided, or only what its commit comes after."""
    if asked.after in {None, last_sync_of(application)}:
        return True
    last = OperationState.last_sync(application.status)
    if last is None or not last.operation.revision or has_several(application.spec):
        return False
    trees, done = services.sources.trees, last.operation.revision
    try:
        services.sources.refuse_forbidden(application)
        source, operation = fixed(trees, application, asked.operation(application))
        mirror = trees.at(source, operation.revision, project=application.spec.project).mirror
        return mirror.has(done) and mirror.is_ancestor(done, operation.revision)
    except Rejected:
        return False


def _decided_anew(asked: Asked, application: Application) -> Iterator[JobRequest]:
    if asked.rolled_out and application.generator:
        yield generate(application.generator)
    else:
        yield refresh(asked.name).in_lane(application.lane)
    if asked.occasion.repository:  # which may have come along with what was synced, whoever asked for that
        yield notify(asked.occasion.repository, asked.occasion.commit)


def started(services: Services, asked: Asked, before: Application) -> None:
    """Tell that an operation was written to an Application, which was as `before`."""
    _tell_of_overtaken(services, before)
    occasion = asked.occasion
    _log.info("operation started", application=asked.name, revision=occasion.commit, change=occasion.change)


def change(services: Services, name: str, patch: Callable[[Application], JsonObject]) -> Application:
    """Write what `patch` makes of an Application as it is, decided anew whenever somebody else was faster.

    Raises Rejected when there is none, Conflict when it keeps changing, and whatever `patch` raises.
    """
    for _ in range(TRIES):
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


def note_overtaken(services: Services, application: Application) -> None:
    """Note that a commit whose operation gives way, if one rests, is to be told at the end of what brings it along."""
    state = OperationState.of_status(application.status)
    if state is not None and state.rests:
        services.memory.put_off(application.name)


def _tell_of_overtaken(services: Services, application: Application) -> None:
    """Have the commit told whose operation has given way."""
    state = OperationState.of_status(application.status)
    if state is None or not state.rests:
        return
    occasion = Occasion.of(state.operation.info)
    if occasion.repository:
        services.queue.enqueue(notify(occasion.repository, occasion.commit))
