"""Recover: find everything that was missed, from what the forge, Git and the clusters say now."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

import structlog

from bot.engine.sync.reverting import is_due
from bot.errors import Rejected
from bot.model.changes import CommitStatus, StatusState, repository_identity
from bot.model.jobs import advance, compare, deliver, notify, preview, recover
from bot.preview.shared import is_shared
from bot.settings import Mode
from workers.changes.landscape import Landscape
from workers.changes.payloads import refreshes
from workers.runtime import job
from workers.telling.comments import own_comments
from workers.telling.statuses import context, end_if_stuck, is_known

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.model.applications import Application
    from bot.model.changes import Change, Repository
    from bot.model.jobs import JobRequest
    from bot.model.resources import JsonObject
    from bot.preview.markdown import Marker
    from bot.services import Services

_log = structlog.get_logger()
_LOOK_BACK: Final = 10
"""Commits of a tracked branch that are looked at; an older one whose story was lost stays as it is."""


@job
def run(services: Services, payload: JsonObject) -> JobRequest | None:
    """Queue a job for each open change, branch and application of a repository that is not where it should be.

    Without a repository there is a job for each: one that cannot be reached now does not hold the others up.
    """
    full_name = str(payload["repository"])
    if not full_name:
        _recover_everything(services)
        return None
    try:
        _recover(services, services.forge.repository(full_name))
    except Rejected as error:
        _log.warning("repository not recovered", repository=full_name, reason=error.message)
    return None


def _recover_everything(services: Services) -> None:
    repositories = list(services.forge.repositories())
    services.queue.enqueue(*(recover(repository.full_name) for repository in repositories))
    for one in services.pace.figures():
        _log.info("forge account", **asdict(one))
    if services.settings.mode is Mode.FULL:
        own = {repository_identity(repository.clone_url) for repository in repositories}
        applications = services.applications.all().applications
        _look_at(services, (one for one in applications if own.isdisjoint(_repositories_of(one))))


def _recover(services: Services, repository: Repository) -> None:
    changes = list(services.forge.open_changes(repository))
    services.memory.touching.keep_only(repository.full_name, map(str, changes))
    heads = Counter(change.head_sha for change in changes)
    for change in changes:
        _make_up(services, change, alone=heads[change.head_sha] == 1)
    if services.settings.mode is Mode.PREVIEW:
        return
    landscape = Landscape.survey(services, repository)
    for branch in landscape.tracked_branches():
        _recover_branch(landscape, branch)
    _look_at(services, (one for one in landscape.applications if landscape.identity in _repositories_of(one)))


def _look_at(services: Services, applications: Iterable[Application]) -> None:
    """Have operations go on that run, and others begin that are due."""
    resting = []
    for application in applications:
        if application.operation is None:
            resting.append(application)
            if is_due(application.status):  # else nobody looks at it again before something of it moves
                services.queue.enqueue(compare(application.name).in_lane(application.lane))
        else:
            services.memory.put_off(application.name)  # whoever waits for its end may be forgotten
            services.queue.enqueue(advance(application.name).in_lane(application.lane))
    services.queue.enqueue(*refreshes(resting))


def _repositories_of(application: Application) -> frozenset[str]:
    return frozenset(repository_identity(source.repo_url) for source in application.spec.effective_sources)


def _make_up(services: Services, change: Change, *, alone: bool) -> None:
    """Have a change previewed that is not told what it should be, unless that has been tried for too long."""
    status = services.forge.statuses(change.repository, change.head_sha).get(context(services))
    if status is not None and end_if_stuck(services, change, status, now=services.clock.now()):
        return
    if _is_untold(services, change, status, alone=alone):
        services.queue.enqueue(preview(change.repository, change.number))


def _is_untold(services: Services, change: Change, status: CommitStatus | None, *, alone: bool) -> bool:
    """Whether the head of a change has no final status of its own, or a comment speaks of another head."""
    if status is None or status.state is StatusState.PENDING:
        return True
    if (is_shared(status.description) or not alone) and not is_known(services, change):
        return True
    return any(mark.head_sha != change.head_sha for mark in _marks(services, change))


def _marks(services: Services, change: Change) -> list[Marker]:
    from bot.preview.markdown import read_marker

    return [mark for one in own_comments(services, change) if (mark := read_marker(one.body)) is not None]


def _recover_branch(landscape: Landscape, branch: str) -> None:
    """Deliver the branch's newest commit if nobody has, and have those told whose story has no end."""
    services, repository = landscape.services, landscape.repository
    context = f"{services.settings.instance}/sync"
    try:
        newest = landscape.mirror.tip(branch)
    except Rejected:
        return  # an application follows a branch that is not there; its own status says so
    commits = landscape.mirror.first_parents(newest, most=_LOOK_BACK)
    told = {commit: services.forge.statuses(repository, commit).get(context) for commit in commits}
    ended = [commit for commit, status in told.items() if status and status.state is not StatusState.PENDING]
    if newest not in ended:
        # Everything since the last commit whose story has an end may have been missed, not only the newest commit.
        before = next(iter(ended), "")
        services.queue.enqueue(deliver(repository, branch=branch, before=before, commit=newest))
    elif services.settings.deployments:
        # Its statuses have an end, and do not say how its deployments stand.
        services.queue.enqueue(notify(repository.full_name, newest))
    for commit, status in told.items():
        if commit != newest and status is not None and commit not in ended:
            services.queue.enqueue(notify(repository.full_name, commit))
