"""Notify: tell the forge how far a commit has come, from nothing but Git and the Applications' own records."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import orjson
import structlog

from bot.errors import Rejected
from bot.model.changes import StatusState
from bot.model.operations import Occasion, OperationState
from bot.model.reports import DeliveryState, Epilogue
from bot.model.resources import ResourceKey
from bot.prediction.recorded import recorded
from bot.preview.delivery import delivery_of, statuses_of, without_its_application
from bot.preview.epilogue import with_epilogue
from bot.settings import Mode
from workers.comments import WRITING, first_comment
from workers.deliver import GONE, Expected, affected_by, keep_expected, merged_change
from workers.landscape import Landscape
from workers.runtime import job

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.model.applications import Application
    from bot.model.changes import Change
    from bot.model.jobs import JobRequest
    from bot.model.reports import Delivery
    from bot.model.resources import JsonObject
    from bot.services import Services

_log = structlog.get_logger()


@job
def run(services: Services, payload: JsonObject) -> JobRequest | None:
    """Bring the statuses of a commit and the epilogue of its change up to date."""
    commit = str(payload["commit"])
    if services.settings.mode is Mode.PREVIEW:
        return None
    with structlog.contextvars.bound_contextvars(repository=payload["repository"], commit=commit[:12]):
        try:
            repository = services.forge.repository(str(payload["repository"]))
            landscape = Landscape.survey(services, repository)
            if not landscape.mirror.has(commit):
                return None
            deliveries = _deliveries(landscape, commit)
            statuses = statuses_of(deliveries, instance=services.settings.instance)
            services.forge.set_statuses(repository, commit, statuses)
            change = merged_change(services, landscape, commit)
            if change is not None and deliveries:
                _write_epilogue(services, change, Epilogue(commit, tuple(deliveries)))
        except Rejected as error:
            _log.warning("commit not told", reason=error.message)
    return None


def _deliveries(landscape: Landscape, commit: str) -> list[Delivery]:
    by_name = {application.name: application for application in landscape.applications}

    gone = not landscape.is_on_a_branch(commit)

    def delivery(name: str) -> Delivery:
        application = by_name.get(name)
        own = delivery_of(name, application, commit=commit, covers=_coverage(landscape, application, commit))
        lost = gone and application is not None and not own.state.final
        return replace(own, state=DeliveryState.FAILED, words=GONE) if lost else own

    parents = dict(_expected(landscape, commit))

    def told(name: str, *below: str) -> Delivery:
        own, parent = delivery(name), parents.get(name, "")
        if own.state is not DeliveryState.QUEUED:
            return own
        above = told(parent, name, *below) if parent and parent not in {name, *below} else None
        if name in by_name and (above is None or above.state is not DeliveryState.FAILED):
            return own
        done = name not in by_name and _was_good(landscape, commit, name)
        return without_its_application(own, above, declared=_is_declared(landscape, name), done=done)

    return [told(name) for name in parents]


def _is_declared(landscape: Landscape, name: str) -> bool:
    """Whether some application records an Application of this name among its objects."""
    key = ResourceKey("argoproj.io", "Application", landscape.services.settings.control_namespace, name)
    return any(key in recorded(application) for application in landscape.applications)


def _was_good(landscape: Landscape, commit: str, name: str) -> bool:
    """Whether the forge was told already that a commit came to a good end in an application."""
    context = f"{landscape.services.settings.instance}/sync"
    known = landscape.services.forge.statuses(landscape.repository, commit)
    own = known.get(f"{context}/{name}") or known.get(context)
    return own is not None and own.state is StatusState.SUCCESS


def _coverage(landscape: Landscape, application: Application | None, commit: str) -> Callable[[str], bool]:
    """Return what tells whether an application at a revision is where the commit wants it."""
    mirror = landscape.mirror
    if application is not None and not landscape.follows_a_branch_with(commit, application):
        # The commit changed what it asks for and not what is there: it is done once that definition was synced.
        state = OperationState.of_status(application.status)
        synced = state is not None and state.operation.info.get("definition") == application.spec.definition
        return lambda _revision: synced
    return lambda revision: mirror.has(revision) and mirror.is_ancestor(commit, revision)


def _expected(landscape: Landscape, commit: str) -> Expected:
    """Return the applications that the commit is to be seen in; derived anew when nobody remembers."""
    kept = landscape.services.memory.expected(landscape.repository.full_name, commit)
    if kept is not None:
        return tuple((name, parent) for name, parent in orjson.loads(kept))
    occasion = _occasion(landscape, commit)
    branch = occasion.branch if occasion and occasion.branch else landscape.repository.default_branch
    before = occasion.before if occasion else ""
    selection = affected_by(landscape, branch, commit=commit, before=before)
    return keep_expected(landscape.services, landscape.repository.full_name, commit, selection)


def _occasion(landscape: Landscape, commit: str) -> Occasion | None:
    """Return what some Application recorded about the commit."""
    for application in landscape.applications:
        state = OperationState.of_status(application.status)
        if state is not None:
            occasion = Occasion.of(state.operation.info)
            if (occasion.repository, occasion.commit) == (landscape.repository.full_name, commit):
                return occasion
    return None


def _write_epilogue(services: Services, change: Change, epilogue: Epilogue) -> None:
    with services.locks.hold(f"comments of {change}", seconds=WRITING):
        comment = first_comment(services, change)
        if comment is not None:
            body = with_epilogue(comment.body, epilogue, limit=services.settings.comment_budget)
            services.forge.edit_comment(change.repository, comment, body)
