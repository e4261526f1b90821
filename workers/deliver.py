"""Deliver: a commit reached a branch; start what it calls for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog

from bot.errors import Rejected
from bot.model.changes import CommitStatus, StatusState
from bot.model.jobs import generate, look_round, notify, preview
from bot.model.operations import Occasion, OperationState
from bot.model.reports import STATUS_LENGTH
from bot.prediction.trees import Sides
from bot.preview.inert import clipped
from bot.settings import Mode
from workers.changes.landscape import Landscape
from workers.changes.payloads import refreshes, repository_in
from workers.operating.configured import is_reconfigured, why_configured
from workers.operating.operations import Asked, last_sync_of
from workers.runtime import job_with_excuse
from workers.telling.expected import keep_expected

if TYPE_CHECKING:
    from bot.model.applications import Application
    from bot.model.changes import Change
    from bot.model.jobs import JobRequest
    from bot.model.resources import JsonObject
    from bot.prediction.selection import Selection
    from bot.preview.affected import Candidate
    from bot.services import Services
    from workers.changes.landscape import Clone

_log = structlog.get_logger()
GONE: Final = "the branch no longer has this commit"
"""Said of a commit that was pushed away before it was delivered."""
_MOST_PREVIEWS: Final = 50
"""Open changes, newest first, that are previewed again after their base has moved."""


def _excuse(services: Services, payload: JsonObject, words: str) -> None:
    status = CommitStatus(f"{services.settings.instance}/sync", StatusState.ERROR, clipped(words, STATUS_LENGTH))
    services.forge.set_statuses(repository_in(payload), str(payload["commit"]), [status])


@job_with_excuse(_excuse)
def run(services: Services, payload: JsonObject) -> JobRequest | None:
    """Start an operation of each application that the commit affects, and have the forge told what to expect."""
    repository, branch, commit = repository_in(payload), str(payload["branch"]), str(payload["commit"])
    if services.settings.mode is Mode.PREVIEW:
        return look_round(repository, branch=branch)
    with structlog.contextvars.bound_contextvars(repository=repository.full_name, branch=branch, commit=commit[:12]):
        try:
            landscape = Landscape.survey(services, repository)
            if branch not in landscape.tracked_branches():
                return None
            _refuse_gone(landscape, branch, commit)
            landscape = with_root(landscape, branch, commit)
            selection = affected_by(landscape, branch, commit=commit, before=str(payload["before"]))
        except Rejected as error:
            _log.warning("commit not delivered", reason=error.message)
            _excuse(services, payload, error.message)
            return None
        keep_expected(services, repository.full_name, commit, branch=branch, selection=selection)
        change = merged_change(services, landscape, commit)
        occasion = Occasion(
            repository.full_name,
            branch,
            commit,
            before=str(payload["before"]),
            change=str(change) if change else "",
            head=change.head_sha if change else "",
        )
        _start_all(landscape, selection, occasion)
        if is_reconfigured(landscape.mirror, str(payload["before"]), commit):
            services.queue.enqueue(*refreshes(landscape.applications))
        if selection.candidates:
            _preview_again(landscape, branch)
    return notify(repository.full_name, commit)


def _refuse_gone(landscape: Landscape, branch: str, commit: str) -> None:
    if not landscape.mirror.is_ancestor(commit, landscape.mirror.tip(branch)):
        raise Rejected(GONE)


def with_root(landscape: Landscape, branch: str, commit: str) -> Landscape:
    """Make sure that the repository's root application exists once the branch has its folder."""
    manifest = landscape.root_manifest()
    if manifest is None or not landscape.branch(branch).default or not landscape.declares_applications(commit):
        return landscape
    return landscape if manifest["metadata"]["name"] in landscape.known else landscape.with_applied(manifest)


def affected_by(landscape: Landscape, branch: str, *, commit: str, before: str) -> Selection:
    """Find the applications that a commit on a branch affects; without `before`, what its first parent held counts."""
    mirror = landscape.mirror
    known = before if before and mirror.has(before) else ""
    earlier = known or next(iter(mirror.first_parents(commit, most=2)[1:]), commit)
    sides = Sides(landscape.tree(earlier), landscape.tree(commit))
    return landscape.select(sides, landscape.branch(branch), generating=True)


def merged_change(services: Services, clone: Clone, commit: str) -> Change | None:
    """Return the change whose merge made the commit, None when none did."""
    found = services.forge.changes_of_commit(clone.repository, commit)
    return next((change for change in found if change.merge_sha == commit), None)


def _preview_again(landscape: Landscape, branch: str) -> None:
    """Have open changes of the branch previewed anew: what they were told was about another base."""
    changes = (change for change in landscape.services.forge.open_changes(landscape.repository))
    stale = [change for change in changes if change.base_branch == branch][:_MOST_PREVIEWS]
    landscape.services.queue.enqueue(*(preview(landscape.repository, change.number) for change in stale))


def _start_all(landscape: Landscape, selection: Selection, occasion: Occasion) -> None:
    """Have each application's operation started."""
    for candidate in selection.candidates:
        name = candidate.either.name
        requests = _start(landscape, candidate, occasion, declares_itself=name == selection.parents.get(name))
        landscape.services.queue.enqueue(*requests)


def _start(
    landscape: Landscape, candidate: Candidate, occasion: Occasion, *, declares_itself: bool
) -> list[JobRequest]:
    """Return what starts an application, unless its own definition is about to change: its parent's sync comes first.

    What does not sync by itself may be rolled out by its ApplicationSet.
    """
    current = landscape.known.get(candidate.head.name) if candidate.head is not None else None
    if candidate.head is None or current is None:
        return []
    if not declares_itself and current.spec.definition != candidate.head.spec.definition:
        return []
    if _is_beyond(landscape, current, branch=occasion.branch, commit=occasion.commit):
        return []
    _log.info("application affected", application=current.name)
    tree_id = landscape.mirror.tree_of(occasion.commit)
    waits = why_configured(landscape.services, landscape.mirror, tree_id, current.name)
    asked = Asked(current.name, occasion, configured=waits, after=last_sync_of(current))
    found = [asked.request.in_lane(current.lane)]
    return found if current.automated or not current.generator else [*found, generate(current.generator)]


def _is_beyond(landscape: Landscape, application: Application, *, branch: str, commit: str) -> bool:
    """Whether an application is at a later commit already: a job that was held up must not take it back."""
    state = OperationState.last_sync(application.status)
    mirror = landscape.mirror

    def is_beyond(revision: str) -> bool:
        if revision == commit or not mirror.has(revision) or not mirror.is_ancestor(commit, revision):
            return False
        return mirror.is_ancestor(revision, mirror.tip(branch))  # else somebody took the branch itself back

    return state is not None and any(map(is_beyond, state.operation.each_revision))
