"""Refresh: see whether applications want something that was not synced yet, and start that."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import structlog

from bot.engine.sync.start import DONE, reason_to_wait
from bot.errors import Rejected, Temporary
from bot.model.changes import repository_identity
from bot.model.jobs import notify, refresh
from bot.model.operations import Occasion, OperationState, Phase, timestamp
from bot.prediction.desired import Tree
from bot.repository.revisions import beside
from bot.settings import Mode
from workers.operations import start
from workers.runtime import job

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.model.applications import Application, Source
    from bot.model.jobs import JobRequest
    from bot.model.resources import JsonObject
    from bot.repository.mirrors import Mirror
    from bot.services import Services

_log = structlog.get_logger()
_LOOK_BACK: Final = 50
"""Commits between two syncs that are told about the later one."""


@job
def run(services: Services, payload: JsonObject) -> JobRequest | None:
    """Start operations where Git or an application's definition has moved; tell the commits they caught up with."""
    names = [str(name) for name in payload["applications"]]
    if services.settings.mode is Mode.PREVIEW:
        return None
    look = _Round(services)
    for name in names:
        with structlog.contextvars.bound_contextvars(application=name):
            try:
                look.at(name)
            except Rejected as error:
                _log.warning("application not refreshed", reason=error.message)
            except Temporary as error:
                if len(names) == 1 or error is look.outage:
                    raise
                _log.warning("application refreshed later", reason=error.message)
                services.queue.enqueue(refresh(name))  # its own trouble must not hold up the others
    return None


@dataclass
class _Round:
    """One look at several applications: what they have in common is asked for once."""

    services: Services
    mirrors: dict[tuple[str, str], Mirror | Rejected] = field(default_factory=dict)
    """By URL, and what has to be there besides branches and tags; with the reason why there is none."""
    merges: dict[tuple[str, str], Occasion] = field(default_factory=dict)
    """By repository and commit: what the forge knows about it."""
    told: set[tuple[str, str]] = field(default_factory=set)
    """Repositories and commits that are told by now, if anybody waits for them."""
    outage: Temporary | None = None
    """Why what they have in common cannot be asked for now: the others need not try."""

    def at(self, name: str) -> None:
        """Look at one application; Rejected when nothing can be said about it."""
        application = self.services.applications.get(name)
        if application is None:
            return
        source = application.spec.effective_sources[0]
        tree, commit = self._newest(source)
        last = OperationState.of_status(application.status)
        self._tell_overtaken(last, tree)
        if application.operation is None and last is not None and not last.phase.completed:
            _end_abandoned(self.services, application, last)
            self.services.queue.enqueue(refresh(name))
            return
        if reason_to_wait(application, revision=commit).startswith(DONE) or application.operation is not None:
            return
        if _moved(self.services, application, last, (tree, commit)):
            occasion = self._occasion(source, commit, last)
            reason = start(self.services, name, occasion)
            _log.info("application moved", revision=commit, waits=reason)
            if occasion.repository:
                self.services.queue.enqueue(notify(occasion.repository, commit))

    def _newest(self, source: Source) -> tuple[Tree, str]:
        """Return the state of a source's repository at the tracked revision, with the commit."""
        mirror = self._mirror(source)
        commit = mirror.tracked(source)
        return Tree(repository_identity(source.repo_url), mirror, mirror.tree_of(commit), commit), commit

    def _mirror(self, source: Source) -> Mirror:
        url = source.repo_url
        key = (url, beside(source.target_revision))
        if key not in self.mirrors:
            try:
                with self._in_common():
                    auth = self.services.sources.auth_for(url)
                    self.mirrors[key] = self.services.mirrors.following(source, auth=auth)
            except Rejected as error:
                self.mirrors[key] = error
        found = self.mirrors[key]
        if isinstance(found, Rejected):
            raise found
        return found

    @contextmanager
    def _in_common(self) -> Iterator[None]:
        try:
            yield
        except Temporary as error:
            self.outage = error
            raise

    def _occasion(self, source: Source, commit: str, last: OperationState | None) -> Occasion:
        before = last.operation.revision if last is not None else ""
        host, _, full_name = repository_identity(source.repo_url).partition("/")
        own_host = repository_identity(self.services.settings.github_url).partition("/")[0].removeprefix("api.")
        if host != own_host:
            return Occasion("", source.target_revision, commit)
        if (full_name, commit) not in self.merges:
            with self._in_common():
                self.merges[full_name, commit] = self._merge(full_name, commit)
        return replace(self.merges[full_name, commit], branch=source.target_revision, before=before)

    def _merge(self, full_name: str, commit: str) -> Occasion:
        """Return what the forge knows about a commit."""
        repository = self.services.forge.repository(full_name)
        found = self.services.forge.changes_of_commit(repository, commit)
        change = next((one for one in found if one.merge_sha == commit), None)
        if change is None:
            return Occasion(repository.full_name, "", commit)
        return Occasion(repository.full_name, "", commit, change=str(change), head=change.head_sha)

    def _tell_overtaken(self, last: OperationState | None, tree: Tree) -> None:
        """Have the commits told that a completed sync brought along with its own."""
        if last is None or not last.phase.completed:
            return
        occasion = Occasion.of(last.operation.info)
        if not occasion.repository or not tree.mirror.has(last.operation.revision):
            return
        for commit in tree.mirror.first_parents(last.operation.revision, most=_LOOK_BACK):
            self._tell(occasion.repository, commit)
            if commit == occasion.before:
                return  # told too: this sync may have begun before the end of that one was

    def _tell(self, repository: str, commit: str) -> None:
        if (repository, commit) in self.told:
            return
        self.told.add((repository, commit))
        if self.services.memory.expected(repository, commit) is not None:
            self.services.queue.enqueue(notify(repository, commit))


def _end_abandoned(services: Services, application: Application, state: OperationState) -> None:
    """Write the end of an operation that somebody took away while it ran."""
    ended = replace(state, phase=Phase.FAILED, message="terminated by a person", finished_at=timestamp())
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
        services.sources.inputs(application, source, before) != services.sources.inputs(application, source, tree)
        for source in application.spec.effective_sources
        if repository_identity(source.repo_url) == tree.repository
    )
