"""Revert: open a change that takes back in Git what an application did not get well with.

Nothing is remembered: the branch is named by what it takes back, so that the forge says whether it was proposed before
(docs/decisions/0021-updates-remember-nothing.md). Where that cannot be, the application is taken back and held.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Final, Self

import structlog

from bot.engine.sync.reverting import is_answered, told_patch
from bot.engine.sync.rollback import going_back
from bot.errors import Rejected, Temporary
from bot.forges.port import NotOurs, Opening
from bot.model.changes import ChangeState, repository_identity
from bot.model.health import Health, HealthStatus
from bot.model.jobs import notify
from bot.model.names import is_elsewhere
from bot.model.operations import Occasion, OperationState, timestamp
from bot.preview import reverting as words
from bot.preview.inert import clipped
from bot.repository.mirrors import Conflict
from bot.repository.publishing import Move, Signed, committed, first_beyond, parent_of
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
_MOST_OPEN: Final = 20
"""Reverts that are open in one repository."""
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


def excuse(services: Services, payload: JsonObject, why: str) -> None:
    """Take the application back where no change can be opened."""
    found = _due(services, payload)
    if found is not None and not is_answered(found[0].status, found[1].bad.revision):
        services.queue.enqueue(_pinned(services, *found, why))


@job_with_excuse(excuse)
def run(services: Services, payload: JsonObject) -> JobRequest | None:
    """Open the change, unless it is there already or the application is well by now."""
    found = _due(services, payload)
    if found is None:
        return None
    application, back = found
    with structlog.contextvars.bound_contextvars(application=application.name):
        try:
            reverting = _Reverting.of(services, application, back)
            change = reverting.proposed()
        except _RevertedBefore as error:
            _say(services, application, back, openly(application, error.message, "is itself a revert: look at it"))
        except Rejected as error:
            return _pinned(services, application, back, error.message)
        else:
            name = openly(application, str(change), "a change where it came from")
            _say(services, application, back, f"{name} {_STATES[change.state]}")
            _log.info("revert proposed", change=str(change), reason=back.why)
            reverting.tell(change)
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
    if (told := openly(application, why, "the log says why")) != why:
        _log.warning("revert not proposed", reason=why)
        why = told
    although = clipped(f"no change reverts it: {why.rstrip('.')}", _LONGEST)
    status = told_patch(application.status, back, although, now=timestamp())
    return take_back(services, application, back, status, although=although)


def openly(application: Application, words: str, otherwise: str) -> str:
    """Return words about one repository, where an application has no other: who reads of it there may not read this."""
    several = len({repository_identity(one.repo_url) for one in application.spec.effective_sources}) > 1
    return otherwise if several else words


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
        """Return the change that takes it back, opened if there never was one."""
        repository, branch = self.clone.repository, words.branch(self._instance, self.base, self._commits)
        if (known := self._known(branch)) is not None:
            return known
        with self.services.locks.hold(f"revert {repository.full_name}@{branch}", seconds=_OPENING):
            if (known := self._known(branch)) is not None:
                return known
            self._refuse_loop()
            self._refuse_flood()
            self._push(branch)
            return self.services.forge.proposals.open(repository, self._opening(branch))

    def tell(self, proposed: Change) -> None:
        """Tell the changes that brought it, once, where that can be: some take no comments any more."""
        forge, memory, repository = self.services.forge, self.services.memory, self.clone.repository
        mark = words.mark(self._instance, proposed.head_branch)
        done = f"{repository.full_name} {mark}"
        if proposed.state is not ChangeState.OPEN or memory.was_done(done):
            return
        remark = words.remark(self._instance, self.application.name, why=self.back.why, proposed=proposed)
        for change in {one.number: one for one in self._brought.values() if one is not None}.values():
            try:
                if not forge.own_comments(repository, change.number, marker=mark):
                    forge.add_comment(repository, change.number, remark)
            except Rejected as error:
                _log.warning("change not told of its revert", change=str(change), reason=error.message)
        memory.keep_done(done)

    @property
    def _instance(self) -> str:
        return self.services.settings.instance

    def _known(self, branch: str) -> Change | None:
        """Return the change that was opened before; Rejected where what is open holds something else."""
        earlier = self.services.forge.proposals.of_branch(self.clone.repository, branch)
        open_now = next((one for one in earlier if one.state is ChangeState.OPEN), None)
        if open_now is not None and not self._is_revert(open_now.head_sha):
            raise Rejected(f"somebody else has pushed to {branch}")
        return open_now or next(iter(earlier), None)

    def _is_revert(self, head: str) -> bool:
        """Whether a branch began with exactly what takes it back: names and messages anybody can have."""
        mirror, tip = self.clone.mirror, self.clone.mirror.tip(self.base)
        if not mirror.has(head):
            raise Temporary(f"{head[:7]} was pushed just now")
        first = first_beyond(mirror, head, tip)
        parent = parent_of(mirror, first)
        if not mirror.is_ancestor(self.bad, parent):
            return False
        return mirror.is_ancestor(parent, tip) and undone(mirror, parent, self._commits) == mirror.tree_of(first)

    @cached_property
    def _brought(self) -> dict[str, Change | None]:
        """By commit that is taken back, the newest first: the change that brought it."""
        repository, forge = self.clone.repository, self.services.forge
        found: dict[str, Change | None] = {}
        for commit in self._commits:
            changes = forge.changes_of_commit(repository, commit)
            found[commit] = next((one for one in changes if one.state is ChangeState.MERGED), None)
        return found

    @cached_property
    def _commits(self) -> tuple[str, ...]:
        """What is taken back, the newest first: what touched what the application reads."""
        mirror = self.clone.mirror
        line = mirror.first_parents(self.bad, most=_MOST_LOOKED_AT + 1)
        if self.good not in line:
            # Against its first parent a merge that turned the branch around would take back what was well before.
            few = len(line) <= _MOST_LOOKED_AT
            what = "the branch was turned around" if few else f"there are more than {_MOST_LOOKED_AT} commits"
            raise Rejected(f"{what} in between")
        line = line[: line.index(self.good) + 1]
        steps = zip(line, pairwise(map(self._reads, line)), strict=False)
        found = tuple(commit for commit, (now, before) in steps if now != before)
        if not found:
            raise Rejected("no commit in between has changed what it is rendered from")
        if len(found) > _MOST:
            raise Rejected(f"more than {_MOST} commits in between have changed what it is rendered from")
        return found

    def _reads(self, commit: str) -> list[str | None]:
        """Return what names all that the application reads here at a commit."""
        tree, sources = self.clone.tree(commit), self.application.spec.effective_sources
        here = [one for one in sources if repository_identity(one.repo_url) == self.clone.identity]
        return [self.services.sources.inputs(self.application, one, tree) for one in here]

    def _refuse_loop(self) -> None:
        """Raise where a revert of Foresail's would be reverted: what was before it is known to be no better."""
        if loop := words.why_a_loop(self._brought):
            raise _RevertedBefore(loop)

    def _refuse_flood(self) -> None:
        """Raise where so many are open that it is hardly the commits: what all need may be away."""
        ours = words.prefix(self._instance)
        found = self.services.forge.open_changes(self.clone.repository)
        if sum(not one.from_fork and one.head_branch.startswith(ours) for one in found) >= _MOST_OPEN:
            raise Rejected(f"{_MOST_OPEN} reverts are open already")

    def _push(self, branch: str) -> None:
        """Have the branch hold the revert; one that is there was left by whoever died before opening it."""
        mirror, repository = self.clone.mirror, self.clone.repository
        if there := mirror.branches().get(branch, ""):
            if not self._is_revert(there):
                raise Rejected(f"somebody else has pushed to {branch}")
            return
        tip = mirror.tip(self.base)
        tree = undone(mirror, tip, self._commits)
        if isinstance(tree, Conflict):
            raise Rejected(words.conflicting(tree.paths))
        if tree == mirror.tree_of(tip):
            raise Rejected(f"{self.base} does not have it any more")
        message = words.commit_message(self.application.name, self._commits)
        commit = committed(mirror, tip, tree, Signed(message, self._instance, f"{self._instance}@foresail.dev"))
        if not pushed(self.services, repository, mirror, Move(branch, commit, "")):
            raise Temporary(f"{branch} has just been made by somebody else")

    def _opening(self, branch: str) -> Opening:
        name = self.application.name
        body = words.body(name, why=self.back.why, good=self.good, commits=self._brought)
        return Opening(branch, self.base, words.title(name, self._commits), body)


def moved_in(application: Application, back: GoingBack) -> tuple[Source, str, str]:
    """Return the source that has moved, and from where to where; Rejected where that is not one repository.

    Rejected elsewhere, too: who writes an Application there need have no say in Git, and may write its record as well.
    """
    if is_elsewhere(application.name):
        raise Rejected(f"nothing is reverted for an Application of the namespace {application.namespace}")
    good, bad = (one.revisions or (one.revision,) for one in (back.operation, back.bad))
    moved = [one for one in zip(application.spec.effective_sources, good, bad, strict=False) if one[1] != one[2]]
    places = {(repository_identity(source.repo_url), source.target_revision, *ways) for source, *ways in moved}
    if len(places) != 1:
        raise Rejected("not one branch has moved, but several repositories or none")
    return moved[0]
