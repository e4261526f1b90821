"""Refresh: see whether an application wants something that was not synced yet, and start that."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import structlog

from bot.engine.sync.start import DONE, reason_to_wait
from bot.errors import Rejected
from bot.model.changes import repository_identity
from bot.model.jobs import notify, refresh
from bot.model.operations import Occasion, OperationState, Phase
from bot.settings import Mode
from workers.operations import start
from workers.runtime import job

if TYPE_CHECKING:
    from bot.model.applications import Application, Source
    from bot.model.jobs import JobRequest
    from bot.model.resources import JsonObject
    from bot.prediction.desired import Tree
    from bot.services import Services

_log = structlog.get_logger()
_LOOK_BACK: Final = 50
"""Commits between two syncs that are told about the later one."""


@job
def run(services: Services, payload: JsonObject) -> JobRequest | None:
    """Start an operation when Git or the application's definition has moved; tell the commits it caught up with."""
    name = str(payload["application"])
    with structlog.contextvars.bound_contextvars(application=name):
        try:
            application = services.applications.get(name)
            if application is None or services.settings.mode is Mode.PREVIEW:
                return None
            source = application.spec.effective_sources[0]
            tree, commit = services.sources.newest(source)
        except Rejected as error:
            _log.warning("application not refreshed", reason=error.message)
            return None
        last = OperationState.of_status(application.status)
        _tell_overtaken(services, last, tree)
        if application.operation is None and last is not None and not last.phase.completed:
            _end_abandoned(services, application, last)
            return refresh(name)
        waits = reason_to_wait(application, revision=commit)
        if waits.startswith(DONE):
            return None
        if application.operation is None and _moved(services, application, last, (tree, commit)):
            occasion = _occasion(services, source, commit, last)
            reason = start(services, name, occasion)
            _log.info("application moved", revision=commit, waits=reason)
            if occasion.repository:
                return notify(occasion.repository, commit)
    return None


def _end_abandoned(services: Services, application: Application, state: OperationState) -> None:
    """Write the end of an operation that somebody took away while it ran."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    ended = replace(state, phase=Phase.FAILED, message="terminated by a person", finished_at=now)
    services.applications.update(application, {"status": {"operationState": ended.to_wire()}})
    occasion = Occasion.of(state.operation.info)
    if occasion.repository:
        services.queue.enqueue(notify(occasion.repository, occasion.commit))


def _moved(services: Services, application: Application, last: OperationState | None, newest: tuple[Tree, str]) -> bool:
    """Whether what the application wants differs from what it was last synced to."""
    tree, commit = newest
    if last is None or last.operation.info.get("definition", "") != application.spec.definition:
        return True
    revision = last.operation.revision
    if revision == commit:
        return True  # only a released hold is started again; anything else gives its reason to wait
    if not tree.mirror.has(revision):
        return True
    before = services.sources.tree_of(application.spec.effective_sources[0], revision)
    return any(
        services.sources.inputs(source, before) != services.sources.inputs(source, tree)
        for source in application.spec.effective_sources
        if repository_identity(source.repo_url) == tree.repository
    )


def _occasion(services: Services, source: Source, commit: str, last: OperationState | None) -> Occasion:
    identity = repository_identity(source.repo_url)
    full_name = identity.partition("/")[2]
    own_host = repository_identity(services.settings.github_url).partition("/")[0].removeprefix("api.")
    if identity.partition("/")[0] != own_host:
        return Occasion("", source.target_revision, commit)
    before = last.operation.revision if last is not None else ""
    repository = services.forge.repository(full_name)
    changes = [one for one in services.forge.changes_of_commit(repository, commit) if one.merge_sha == commit]
    change = changes[0] if changes else None
    return Occasion(
        repository.full_name,
        source.target_revision,
        commit,
        before=before,
        change=str(change) if change else "",
        head=change.head_sha if change else "",
    )


def _tell_overtaken(services: Services, last: OperationState | None, tree: Tree) -> None:
    """Have the commits told that a completed sync brought along with its own."""
    if last is None or not last.phase.completed:
        return
    occasion = Occasion.of(last.operation.info)
    if not occasion.repository or not tree.mirror.has(last.operation.revision):
        return
    for commit in tree.mirror.first_parents(last.operation.revision, most=_LOOK_BACK):
        if services.memory.expected(occasion.repository, commit) is not None:
            services.queue.enqueue(notify(occasion.repository, commit))
        if commit == occasion.before:
            return  # told too: this sync may have begun before the end of that one was
