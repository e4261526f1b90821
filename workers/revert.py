"""Revert: open a change that takes back in Git what an application did not get well with.

Nothing is remembered: the branch is named by what it takes back, so that the forge says whether it was proposed before
(docs/decisions/0021-updates-remember-nothing.md). Where that cannot be, the application is taken back and held.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final, Self

import structlog

from bot.engine.sync.reverting import told_patch
from bot.engine.sync.rollback import going_back
from bot.errors import Rejected, Temporary
from bot.forges.port import NotOurs, Opening
from bot.model.changes import ChangeState, repository_identity
from bot.model.health import Health, HealthStatus
from bot.model.jobs import notify
from bot.model.operations import Occasion, OperationState, timestamp
from bot.preview import reverting as words
from bot.preview.inert import clipped
from bot.repository.mirrors import Conflict
from bot.repository.publishing import Move, Signed, committed, is_own, parent_of
from bot.repository.reverting import undone
from workers.changes.landscape import Clone
from workers.changes.pushing import pushed
from workers.operating.taking_back import take_back
from workers.operating.windows import hold_of
from workers.runtime import job_with_excuse

if TYPE_CHECKING:
    from bot.engine.sync.rollback import GoingBack
    from bot.model.applications import Application, Source
    from bot.model.changes import Change
    from bot.model.jobs import JobRequest
    from bot.model.resources import JsonObject
    from bot.services import Services

_log = structlog.get_logger()
_MOST_LOOKED_AT: Final = 200
"""Commits between the two syncs of an application."""
_MOST: Final = 20
"""Commits that one change reverts; each takes a request, as to which change brought it."""
_LONGEST: Final = 300
"""Characters of why nothing is reverted: files have long names."""
_OPENING: Final = 120.0
"""Seconds for which others leave it to whoever opens a change."""
_STATES: Final = {
    ChangeState.OPEN: "reverts it",
    ChangeState.MERGED: "reverts it, and is merged",
    ChangeState.CLOSED: "was to revert it, and is closed",
}


class _RevertedBefore(Rejected):
    """What turned out badly is a revert of ours."""


def _excuse(services: Services, payload: JsonObject, why: str) -> None:
    """Take the application back where no change can be opened."""
    found = _due(services, payload)
    if found is not None:
        services.queue.enqueue(_pinned(services, *found, why))


@job_with_excuse(_excuse)
def run(services: Services, payload: JsonObject) -> JobRequest | None:
    """Open the change, unless it is there already or the application is well by now."""
    found = _due(services, payload)
    if found is None:
        return None
    application, back = found
    with structlog.contextvars.bound_contextvars(application=application.name):
        try:
            change = _Reverting.of(services, application, back).proposed()
        except _RevertedBefore as error:
            _say(services, application, back, error.message)
        except Rejected as error:
            return _pinned(services, application, back, error.message)
        else:
            _say(services, application, back, f"{change} {_STATES[change.state]}")
            _log.info("revert proposed", change=str(change), reason=back.why)
    return None


def _say(services: Services, application: Application, back: GoingBack, what: str) -> None:
    if told := told_patch(application.status, back, what, now=timestamp()):
        services.applications.update(application, {"status": told})
    occasion = Occasion.of(back.bad.info)
    if occasion.repository:
        services.queue.enqueue(notify(occasion.repository, occasion.commit))


def _due(services: Services, payload: JsonObject) -> tuple[Application, GoingBack] | None:
    """Return what is to be taken back, as it was seen; None where something else was synced, or all is well."""
    try:
        application = services.applications.get(str(payload["application"]))
        if application is None or application.operation is not None or hold_of(services, application) is not None:
            return None
        last = OperationState.last_sync(application.status)
        if last is None or last.operation.revision != payload["revision"]:
            return None
        back = going_back(application, last, _health(application), now=float(payload["seen_at"]))
    except Rejected as error:
        _log.warning("nothing is taken back", reason=error.message)
        return None
    return None if back is None else (application, back)


def _health(application: Application) -> HealthStatus:
    said = (application.status or {}).get("health")
    found = said if isinstance(said, dict) else {}
    degraded = found.get("status") == Health.DEGRADED.value
    return HealthStatus(Health.DEGRADED if degraded else Health.UNKNOWN, str(found.get("message") or ""))


def _pinned(services: Services, application: Application, back: GoingBack, why: str) -> JobRequest:
    although = clipped(f"no change reverts it: {why.rstrip('.')}", _LONGEST)
    told = told_patch(application.status, back, although, now=timestamp())
    return take_back(services, application, back, told, although=although)


@dataclass(frozen=True)
class _Reverting:
    """What is to be taken back, where it came from."""

    services: Services
    application: Application
    back: GoingBack
    clone: Clone
    base: str
    """The branch."""
    good: str
    bad: str

    @classmethod
    def of(cls, services: Services, application: Application, back: GoingBack) -> Self:
        """Find what has moved; Rejected where that is not one branch of a forge's repository."""
        source, good, bad = moved_in(application, back)
        site = f"{repository_identity(services.settings.forge_site)}/".replace("//", "/")
        identity = repository_identity(source.repo_url)
        if source.is_packaged or not identity.startswith(site):
            raise Rejected("what has moved lies on no forge")
        try:
            repository = services.forge.repository(identity.removeprefix(site))
        except NotOurs as error:
            raise Rejected("what has moved lies in a repository that nothing may be written to") from error
        clone = Clone.fetched(services, repository)
        base = clone.mirror.followed_branch(source.target_revision)
        if not base or not clone.has_on([base], bad):
            raise Rejected("what has moved is on no branch that the application follows")
        if not clone.mirror.is_ancestor(good, bad):
            raise Rejected("the commit before is not one that it goes back to")
        return cls(services, application, back, clone, base, good, bad)

    def proposed(self) -> Change:
        """Return the change that takes it back, opened if there never was one; those that brought it are told."""
        repository, branch = self.clone.repository, words.branch(self._instance, self.base, [*self._commits])
        proposals = self.services.forge.proposals
        with self.services.locks.hold(f"revert {repository.full_name}@{branch}", seconds=_OPENING):
            earlier = proposals.of_branch(repository, branch)
            open_now = (one for one in earlier if one.state is ChangeState.OPEN)
            change = next(open_now, next(iter(earlier), None))
            if change is None:
                self._refuse_loop()
                self._push(branch)
                change = proposals.open(repository, self._opening(branch))
            if change.state is ChangeState.OPEN:
                self._tell(change)
        return change

    @property
    def _instance(self) -> str:
        return self.services.settings.instance

    @cached_property
    def _commits(self) -> dict[str, Change | None]:
        """By commit, the newest first, which touched what the application reads: the change that brought it."""
        repository, forge = self.clone.repository, self.services.forge
        found: dict[str, Change | None] = {}
        for commit in self._touching():
            changes = forge.changes_of_commit(repository, commit)
            found[commit] = next((one for one in changes if one.state is ChangeState.MERGED), None)
        return found

    def _touching(self) -> list[str]:
        mirror, found = self.clone.mirror, list[str]()
        line = mirror.first_parents(self.bad, most=_MOST_LOOKED_AT + 1)
        beyond = [one for one in line if not mirror.is_ancestor(one, self.good)]
        if len(beyond) > _MOST_LOOKED_AT:
            raise Rejected(f"there are more than {_MOST_LOOKED_AT} commits in between")
        for commit in beyond:
            if self._reads(commit) != self._reads(parent_of(mirror, commit)):
                found.append(commit)
        if not found:
            raise Rejected("no commit in between has changed what it is rendered from")
        if len(found) > _MOST:
            raise Rejected(f"more than {_MOST} commits in between have changed what it is rendered from")
        return found

    def _reads(self, commit: str) -> list[str | None]:
        """Return what names all that the application reads here at a commit."""
        if not commit:
            return []
        tree, sources = self.clone.tree(commit), self.application.spec.effective_sources
        here = [one for one in sources if repository_identity(one.repo_url) == self.clone.identity]
        return [self.services.sources.inputs(self.application, one, tree) for one in here]

    def _refuse_loop(self) -> None:
        """Raise where a revert of ours would be reverted: what was before it is known to be no better."""
        if loop := words.why_a_loop(self._instance, self._commits):
            raise _RevertedBefore(loop)

    def _push(self, branch: str) -> None:
        """Have the branch hold the revert; one of ours that is there was left by whoever died before opening it."""
        mirror, repository = self.clone.mirror, self.clone.repository
        there = mirror.branches().get(branch, "")
        if there:
            if not is_own(mirror, there):
                raise Rejected(f"somebody else has pushed to {branch}")
            return
        tip = mirror.tip(self.base)
        tree = undone(mirror, tip, [*self._commits])
        if isinstance(tree, Conflict):
            raise Rejected(words.conflicting(tree.paths))
        if tree == mirror.tree_of(tip):
            raise Rejected(f"{self.base} does not have it any more")
        message = words.commit_message(self.application.name, [*self._commits])
        commit = committed(mirror, tip, tree, Signed(message, self._instance, f"{self._instance}@foresail.dev"))
        if not pushed(self.services, repository, mirror, Move(branch, commit, "")):
            raise Temporary(f"{branch} has just been made by somebody else")

    def _opening(self, branch: str) -> Opening:
        name = self.application.name
        body = words.body(name, why=self.back.why, good=self.good, commits=self._commits)
        return Opening(branch, self.base, words.title(name, [*self._commits]), body)

    def _tell(self, proposed: Change) -> None:
        forge, repository = self.services.forge, self.clone.repository
        mark = words.mark(self._instance, proposed.head_branch)
        remark = words.remark(self._instance, self.application.name, why=self.back.why, proposed=proposed)
        for change in {one.number: one for one in self._commits.values() if one is not None}.values():
            if not forge.own_comments(repository, change.number, marker=mark):
                forge.add_comment(repository, change.number, remark)


def moved_in(application: Application, back: GoingBack) -> tuple[Source, str, str]:
    """Return the source that has moved, and from where to where; Rejected where that is not one repository."""
    good, bad = (one.revisions or (one.revision,) for one in (back.operation, back.bad))
    moved = [one for one in zip(application.spec.effective_sources, good, bad, strict=False) if one[1] != one[2]]
    places = {(repository_identity(source.repo_url), source.target_revision, *ways) for source, *ways in moved}
    if len(places) != 1:
        raise Rejected("not one branch has moved, but several repositories or none")
    return moved[0]
