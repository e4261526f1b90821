"""Notify: tell the forge how far a commit has come, from nothing but Git and the Applications' own records.

It is asked for with every step of every application, so it reads those alone that the commit is expected in.
"""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import structlog

from bot.cluster.applications import APPLICATION
from bot.errors import Rejected
from bot.model.changes import StatusState, repository_identity
from bot.model.deliveries import Delivery, DeliveryState, Epilogue
from bot.model.names import is_elsewhere, qualified
from bot.model.operations import Occasion, OperationState
from bot.prediction.recorded import recorded
from bot.preview.delivery import delivery_of, not_generated_yet, statuses_of, without_its_application
from bot.preview.epilogue import with_epilogue
from bot.settings import Mode
from bot.store.worker import PutBack
from workers.changes.landscape import Clone
from workers.deliver import GONE, affected_by, merged_change
from workers.operating.configured import why_configured
from workers.operating.windows import why_not_now
from workers.runtime import job
from workers.telling import deployments
from workers.telling.comments import WRITING, first_comment
from workers.telling.expected import Expected, keep_expected

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bot.model.applications import Application
    from bot.model.changes import Change, Repository
    from bot.model.resources import JsonObject
    from bot.services import Services
    from workers.changes.landscape import Landscape

_log = structlog.get_logger()
_PACE: Final = 0.02
"""Seconds between two looks at a commit, for each application it is expected in: a look reads them all, and each of
them asks for one. Looks that come sooner are one, when it is time."""
_LONGEST_PACE: Final = 30.0
_FEW: Final = 10
"""Applications up to which it is looked at whenever somebody asks."""
_FRESH: Final = 3.0
"""Seconds for which branches may be as they were, where they have the commit: each step of each application asks."""


@job
def run(services: Services, payload: JsonObject) -> PutBack | None:
    """Bring the statuses of a commit and the epilogue of its change up to date."""
    commit = str(payload["commit"])
    if services.settings.mode is Mode.PREVIEW:
        return None
    if early := _is_early(services, str(payload["repository"]), commit):
        return early
    with structlog.contextvars.bound_contextvars(repository=payload["repository"], commit=commit[:12]):
        try:
            repository = services.forge.repository(str(payload["repository"]))
            clone = _clone(services, repository, commit)
            if not clone.mirror.has(commit) or _is_only_proposed(clone, commit):
                return None
            deliveries = _looked_at(clone, commit)
            change = merged_change(services, clone, commit)
            statuses = statuses_of(deliveries, instance=services.settings.instance, by_hand=change is not None)
            services.forge.set_statuses(repository, commit, statuses)
            if change is not None and deliveries:
                _write_epilogue(services, change, Epilogue(commit, tuple(deliveries)))
            deployments.tell(services, repository, commit, deliveries, change)
        except Rejected as error:
            _log.warning("commit not told", reason=error.message)
    return None


def _looked_at(clone: Clone, commit: str) -> list[Delivery]:
    """Tell how far a commit has come, and have it told again at the end of every sync that it waits for.

    Noted first and looked at after that: an end that is not seen here finds the note. What has ended already may be
    seen here while the next sync is under way, which has the commit, too.
    """
    memory, told = clone.services.memory, f"{clone.repository.full_name}@{commit}"
    expected = expected_of(clone, commit).parents
    memory.await_ends(expected, told)
    deliveries = _deliveries(clone, commit)
    waiting = {one.application for one in deliveries if not one.state.final}
    memory.await_no_more(expected.keys() - waiting, told)
    return deliveries


def _is_early(services: Services, repository: str, commit: str) -> PutBack | None:
    """Return when to come back where many are looked at, and somebody has looked just now."""
    expected = Expected.recall(services, repository, commit)
    count = len(expected.parents) if expected is not None else 0
    pace = min(_LONGEST_PACE, _PACE * count)
    if count <= _FEW or services.memory.first_within(f"look at {repository}@{commit}", seconds=pace):
        return None
    return PutBack(pace, tried=False)


def _clone(services: Services, repository: Repository, commit: str) -> Clone:
    """Return a clone as it is where its branches have the commit, else as new as the server's.

    Another machine may have delivered the commit since this one fetched; to be here is not enough, as it may have been
    the head of a change.
    """
    clone = Clone.fetched(services, repository, fresh_for=_FRESH)
    expected = Expected.recall(services, repository.full_name, commit)
    branches = expected.branches if expected is not None else (repository.default_branch,)
    return clone if clone.has_on(branches, commit) else Clone.fetched(services, repository)


class _Commit:
    """A commit in a clone, of which the same is asked for one application after the other."""

    def __init__(self, clone: Clone, sha: str) -> None:
        self.clone = clone
        self.sha = sha
        self.is_on = functools.cache(self._is_on)
        self.is_in = functools.cache(self._is_in)
        self.is_here = functools.cache(clone.mirror.has)

    def _is_on(self, branches: frozenset[str]) -> bool:
        """Whether one of the branches has it."""
        return self.clone.has_on(branches, self.sha)

    def _is_in(self, revision: str) -> bool:
        """Whether a revision that is here has it."""
        return self.is_here(revision) and self.clone.mirror.is_ancestor(self.sha, revision)


def _deliveries(clone: Clone, sha: str) -> list[Delivery]:
    expected = expected_of(clone, sha)
    commit, parents = _Commit(clone, sha), expected.parents
    inventory = clone.services.applications.named(parents)
    by_name = {one.name: one for one in inventory.applications}
    unusable = {one.name: one.message for one in inventory.problems}
    followed = (branch for application in by_name.values() for branch in clone.branches_of(application))
    gone = not commit.is_on(frozenset({*expected.branches, *followed})) and not _pinned(by_name.values(), sha)
    declared = functools.cache(lambda: _declared(clone.services))

    def delivery(name: str) -> Delivery:
        if name in unusable:
            state = DeliveryState.SUPERSEDED if _was_good(clone, sha, name) else DeliveryState.FAILED
            return Delivery(name, "", state, " ".join(unusable[name].split()))
        application = by_name.get(name)
        coverage = _coverage(commit, application, expected.definitions.get(name, ""))
        closed = _closed(clone, sha, application) if application is not None else ""
        own = delivery_of(name, application, commit=sha, covers=coverage, closed=closed)
        # Here, nobody needs to be told in which repository a change is.
        own = replace(own, words=own.words.replace(f" {clone.repository.change(0)[:-1]}", f" {clone.repository.mark}"))
        lost = gone and application is not None and not own.state.final
        return replace(own, state=DeliveryState.FAILED, words=GONE) if lost else own

    def told(name: str, *below: str) -> Delivery:
        own, parent = delivery(name), parents.get(name, "")
        if own.state is not DeliveryState.QUEUED:
            return own
        above = told(parent, name, *below) if parent and parent not in {name, *below} else None
        if name in by_name and (above is None or above.state is not DeliveryState.FAILED):
            return own
        done = name not in by_name and _was_good(clone, sha, name)
        if name not in by_name and not done and (generator := expected.generators.get(name)):
            return not_generated_yet(own, generator, clone.services.applicationsets.get(generator))
        return without_its_application(own, above, declared=name in declared(), done=done)

    return [told(name) for name in parents]


def _closed(clone: Clone, sha: str, application: Application) -> str:
    """Return why a commit does not come to an application by itself now, empty where it does."""
    if not application.automated:
        return ""
    waits = why_not_now(clone.services, application)
    return waits or why_configured(clone.services, clone.mirror, clone.mirror.tree_of(sha), application.name)


def _declared(services: Services) -> frozenset[str]:
    """Return the names of all Applications that some application records among its objects; this reads all."""
    home = services.settings.control_namespace
    kept = (key for application in services.applications.all().applications for key in recorded(application))
    declared = (key for key in kept if (key.group, key.kind) == (APPLICATION.group, APPLICATION.kind))
    return frozenset(qualified(key.namespace, key.name, home=home) for key in declared)


def _was_good(clone: Clone, commit: str, name: str) -> bool:
    """Whether the forge was told already that a commit came to a good end in an application."""
    context = f"{clone.services.settings.instance}/sync"
    known = clone.services.forge.statuses(clone.repository, commit)
    own = known.get(f"{context}/{name}") or known.get(context)
    return own is not None and own.state is StatusState.SUCCESS


def _coverage(commit: _Commit, application: Application | None, wanted: str) -> Callable[[str], bool]:
    """Return what tells whether an application at a revision is where the commit wants it.

    `wanted` is what it asks for with the commit, empty when nobody knows.
    """
    clone = commit.clone
    state = OperationState.last_sync(application.status) if application is not None else None
    synced = state.operation.info.get("definition") if state is not None else None
    defined = application is not None and synced == application.spec.definition
    if application is not None and not commit.is_on(frozenset(clone.branches_of(application))):
        # The commit changed what it asks for and not what is there: it is done once that definition was synced.
        return lambda _revision: defined

    def covers(revision: str) -> bool:
        if commit.is_in(revision):
            return True
        if application is None or not defined or synced != wanted or not commit.is_here(revision):
            return False
        return _is_alike(clone, application, revision, commit.sha)

    return covers


def _is_alike(clone: Clone, application: Application, earlier: str, later: str) -> bool:
    """Whether an application is rendered from the same at two commits: nobody syncs it anew for the later one then."""
    if not clone.mirror.is_ancestor(earlier, later):
        return False
    before, after, inputs = clone.tree(earlier), clone.tree(later), clone.services.sources.inputs
    here = [one for one in application.spec.effective_sources if repository_identity(one.repo_url) == clone.identity]
    return all(inputs(application, one, before) == inputs(application, one, after) for one in here)


def expected_of(clone: Clone, commit: str) -> Expected:
    """Return the applications that the commit is to be seen in; derived anew when nobody remembers."""
    kept = Expected.recall(clone.services, clone.repository.full_name, commit)
    if kept is not None:
        return kept
    landscape = clone.landscape()
    occasion = _occasion(landscape, commit)
    branch = occasion.branch if occasion and occasion.branch else landscape.repository.default_branch
    pinned = _pinned(landscape.applications, commit)
    if pinned and not clone.has_on([branch, landscape.repository.default_branch], commit):
        # Nothing is kept: should a branch come to have the commit, its delivery says what else is expected.
        return Expected((), dict.fromkeys(pinned, ""), {})
    before = occasion.before if occasion else ""
    selection = affected_by(landscape, branch, commit=commit, before=before)
    return keep_expected(clone.services, clone.repository.full_name, commit, branch=branch, selection=selection)


def _is_only_proposed(clone: Clone, commit: str) -> bool:
    """Whether a commit is the head of somebody's change, and nothing that anybody was brought.

    Any Application may name it as what it was synced for: it would be read before anybody has approved of that, and its
    change be told of a failure.
    """
    services, repository = clone.services, clone.repository
    if Expected.recall(services, repository.full_name, commit) is not None:
        return False
    found = services.forge.changes_of_commit(repository, commit)
    if not found or any(one.merge_sha == commit for one in found):
        return False
    landscape = clone.landscape()
    branches = {repository.default_branch, *landscape.tracked_branches()}
    return not clone.has_on(branches, commit) and not _pinned(landscape.applications, commit)


def _pinned(applications: Iterable[Application], commit: str) -> list[str]:
    """Return the names of those that ask for exactly this commit, as a change's own environment does."""
    return [
        one.name
        for one in applications
        if any(source.target_revision == commit for source in one.spec.effective_sources)
    ]


def _occasion(landscape: Landscape, commit: str) -> Occasion | None:
    """Return what some Application recorded about the commit.

    Whoever may write an Application may write that, too: a tenant's counts where none of the control namespace says
    anything, as far as Git bears it out, and the one that reaches back farthest of several.
    """
    found: Occasion | None = None
    for application in landscape.applications:
        state = OperationState.last_sync(application.status)
        if state is None:
            continue
        occasion = Occasion.of(state.operation.info)
        if (occasion.repository, occasion.commit) != (landscape.repository.full_name, commit):
            continue
        if not is_elsewhere(application.name):
            return occasion
        further = found is None or not found.before or landscape.mirror.is_ancestor(occasion.before, found.before)
        if further and _is_borne_out(landscape, occasion):
            found = occasion
    return found


def _is_borne_out(clone: Clone, occasion: Occasion) -> bool:
    """Whether Git says that the branch has the commit, and had what is said to have been there before."""
    before, commit = occasion.before, occasion.commit
    follows = not before or (before != commit and clone.mirror.is_ancestor(before, commit))
    return follows and clone.has_on([occasion.branch], commit)


def _write_epilogue(services: Services, change: Change, epilogue: Epilogue) -> None:
    with services.locks.hold(f"comments of {change}", seconds=WRITING):
        comment = first_comment(services, change)
        if comment is not None:
            body = with_epilogue(comment.body, epilogue, limit=services.settings.comment_budget)
            services.forge.edit_comment(change.repository, change.number, comment, body)
