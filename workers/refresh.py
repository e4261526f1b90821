"""Refresh: see whether applications want something that was not synced yet, and start that."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import structlog

from bot.engine.sync.start import DONE, reason_to_wait
from bot.errors import Rejected, Temporary
from bot.forges.port import NotOurs
from bot.model.applications import HARD, REFRESH
from bot.model.changes import repository_identity
from bot.model.jobs import compare, notify, refresh
from bot.model.operations import Occasion, OperationState, Phase
from bot.prediction.trees import has_several
from bot.settings import Mode
from workers.operating.claims import is_claimed
from workers.operating.configured import why_configured
from workers.operating.ending import finish, make_good
from workers.operating.operations import Asked, last_sync_of, waits_for_the_end
from workers.operating.revisions import synced
from workers.runtime import job

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bot.model.applications import Application, Source
    from bot.model.jobs import JobRequest
    from bot.model.resources import JsonObject
    from bot.prediction.trees import Look, Tree
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
    look = Round(services, services.sources.trees.look(since=str(payload.get("since") or "")))
    for name in names:
        with structlog.contextvars.bound_contextvars(application=name):
            try:
                look.at(name)
                look.answer(name)
            except Rejected as error:
                look.answer(name)
                _log.warning("application not refreshed", reason=error.message)
            except Temporary as error:
                if len(names) == 1 or error is look.outage:
                    raise
                _log.warning("application refreshed later", reason=error.message)
                services.queue.enqueue(refresh(name))  # its own trouble must not hold up the others
    return None


@dataclass
class Round:
    """One look at several applications: what they have in common is asked for once."""

    services: Services
    look: Look
    merges: dict[tuple[str, str], Occasion] = field(default_factory=dict)
    """By repository and commit: what the forge knows about it."""
    told: set[tuple[str, str]] = field(default_factory=set)
    """Repositories and commits that are told by now, if anybody waits for them."""
    asked: set[str] = field(default_factory=set)
    """Applications that somebody asks to be looked at, and waits for that."""
    prunes: Mapping[str, bool] = field(default_factory=dict)
    """Applications of which an ApplicationSet says that it is their turn, with whether their syncs delete."""
    outage: Temporary | None = None
    """Why what they have in common cannot be asked for now: the others need not try."""

    def at(self, name: str) -> None:
        """Look at one application; Rejected when nothing can be said about it."""
        application = self.services.applications.get(name)
        if application is None or application.left_alone:
            return
        if application.operation is None:
            make_good(self.services, application)
        if asked := application.annotation(REFRESH):
            self.asked.add(name)
            if asked == HARD:
                self.services.sources.forget()
        newest = [(source, self._newest(source, application)) for source in application.spec.effective_sources]
        state, last = (read(application.status) for read in (OperationState.of_status, OperationState.last_sync))
        self._tell_overtaken(last, [tree for _, tree in newest])
        if application.operation is None and state is not None and not state.phase.completed:
            self._end_taken_away(application, state)
            return
        moved = _moved(self.services, application, last, newest)
        rests = state is not None and state.rests
        if moved is not None and (application.operation is None or rests):
            self._start(application, last, moved, newest)
        elif moved is not None and not waits_for_the_end(self.services, name, moved[1].commit):
            self.services.queue.enqueue(refresh(name))

    def _end_taken_away(self, application: Application, state: OperationState) -> None:
        """Write the end of an operation that somebody took away while it ran, once nobody is at work on it any more."""
        if is_claimed(self.services, application):
            raise Temporary("whoever works on what was taken away has not noticed yet", retry_after=1.0)
        finish(self.services, application, replace(state, phase=Phase.FAILED, message="terminated by a person"))
        self.services.queue.enqueue(refresh(application.name))

    def is_outdated(self, application: Application) -> bool:
        """Whether an application wants something else than it was synced to, and only its turn is missing."""
        newest = [(source, self._newest(source, application)) for source in application.spec.effective_sources]
        moved = _moved(self.services, application, OperationState.last_sync(application.status), newest)
        if moved is None:
            return False
        revisions = _each(application, newest)
        free = replace(application, operation=None)
        return not reason_to_wait(free, revision=moved[1].commit, revisions=revisions, rolled_out=True)

    def answer(self, name: str) -> None:
        """Have an application compared, and whoever asked told by that, now that Git was looked at."""
        if name in self.asked:
            self.services.queue.enqueue(compare(name))

    def _start(
        self,
        application: Application,
        last: OperationState | None,
        moved: tuple[Source, Tree],
        newest: Sequence[tuple[Source, Tree]],
    ) -> None:
        """Start an operation at what a source has moved to, unless there is a reason to wait."""
        name, commit = application.name, moved[1].commit
        revisions = _each(application, newest)
        if reason_to_wait(application, revision=commit, revisions=revisions).startswith(DONE):
            if last is not None and not Occasion.of(last.operation.info).repository:  # a person synced it
                self._tell(repository_identity(moved[0].repo_url).partition("/")[2], commit)
            return
        occasion = self._occasion(moved[0], commit, _before(application, last, moved[0]))
        if last is not None:
            self.services.memory.put_off(name, commit)  # at the end, those are told that this brings along
        prune, waits = self.prunes.get(name), why_configured(self.services, moved[1].mirror, moved[1].tree_id, name)
        asked = Asked(name, occasion, revisions, prune, waits, after=last_sync_of(application))
        self.services.queue.enqueue(asked.request.in_lane(application.lane))
        _log.info("application moved", revision=commit)
        if occasion.repository:
            self.services.queue.enqueue(notify(occasion.repository, commit))

    def _newest(self, source: Source, application: Application) -> Tree:
        """Return the state of a source's repository at the tracked revision."""
        with self._in_common():
            return self.look.newest(source, project=application.spec.project)

    @contextmanager
    def _in_common(self) -> Iterator[None]:
        try:
            yield
        except Temporary as error:
            self.outage = error
            raise

    def _occasion(self, source: Source, commit: str, before: str) -> Occasion:
        site = f"{repository_identity(self.services.settings.forge_site)}/".replace("//", "/")
        identity = repository_identity(source.repo_url)
        full_name = identity.removeprefix(site)
        if source.is_packaged or full_name == identity:
            return Occasion("", source.target_revision, commit)
        if (full_name, commit) not in self.merges:
            with self._in_common():
                self.merges[full_name, commit] = self._merge(full_name, commit)
        return replace(self.merges[full_name, commit], branch=source.target_revision, before=before)

    def _merge(self, full_name: str, commit: str) -> Occasion:
        """Return what the forge knows about a commit."""
        try:
            repository = self.services.forge.repository(full_name)
        except NotOurs:
            return Occasion("", "", commit)  # read with other credentials, or from another server on the same host
        found = self.services.forge.changes_of_commit(repository, commit)
        change = next((one for one in found if one.merge_sha == commit), None)
        if change is None:
            return Occasion(repository.full_name, "", commit)
        return Occasion(repository.full_name, "", commit, change=str(change), head=change.head_sha)

    def _tell_overtaken(self, last: OperationState | None, trees: Sequence[Tree]) -> None:
        """Have the commits told that a completed sync brought along with its own."""
        if last is None or not last.phase.completed:
            return
        occasion = Occasion.of(last.operation.info)
        tree = next((one for one in trees if one.mirror.has(last.operation.revision)), None)
        if not occasion.repository or tree is None:
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


def _each(application: Application, newest: Sequence[tuple[Source, Tree]]) -> tuple[str, ...]:
    """Return the revision of each source where they are at several."""
    return tuple(tree.commit for _, tree in newest) if has_several(application.spec) else ()


def _moved(
    services: Services, application: Application, last: OperationState | None, newest: Sequence[tuple[Source, Tree]]
) -> tuple[Source, Tree] | None:
    """Return the first source of which the application wants something else than was synced last; None: no source."""
    if last is None or last.operation.info.get("definition", "") != application.spec.definition:
        return newest[0]
    before = [revision for _, revision in synced(application.spec, last.operation)]
    if len(before) != len(newest) or before == [tree.commit for _, tree in newest]:
        return newest[0]  # where all is as it was, only a released hold is started again: the rest has reasons to wait
    for (source, tree), revision in zip(newest, before, strict=True):
        if revision != tree.commit and _differs(services, application, revision, (source, tree)):
            return source, tree
    return None


def _differs(services: Services, application: Application, revision: str, newest: tuple[Source, Tree]) -> bool:
    source, tree = newest
    if not tree.mirror.has(revision):
        return True
    before = services.sources.trees.at(source, revision, project=application.spec.project)
    inputs = services.sources.inputs
    return inputs(application, source, before) != inputs(application, source, tree)


def _before(application: Application, last: OperationState | None, source: Source) -> str:
    """Return the revision that a source was synced to last; empty when nobody knows."""
    if last is None:
        return ""
    return next((one for of, one in synced(application.spec, last.operation) if of is source), last.operation.revision)
