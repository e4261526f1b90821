"""What jobs are given: read back into our nouns, and put together so that one job does for many."""

from __future__ import annotations

from collections import defaultdict
from itertools import islice
from typing import TYPE_CHECKING, Final

from bot.model.changes import Repository
from bot.model.jobs import notify, refresh
from bot.model.operations import Occasion, Operation, OperationState

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bot.model.applications import Application
    from bot.model.jobs import JobRequest
    from bot.model.resources import JsonObject

_MOST_REFRESHED: Final = 500
"""Applications one job looks at: some seconds of a worker, and one fetch."""


def repository_in(payload: JsonObject) -> Repository:
    """Return the repository a job is about."""
    return Repository(**payload["repository"])


def refreshes(applications: Iterable[Application]) -> Iterator[JobRequest]:
    """Yield jobs that see whether applications are to be synced; those of one repository share a job and its fetch."""
    names: defaultdict[str, list[str]] = defaultdict(list)
    for application in applications:
        names[application.spec.effective_sources[0].repo_url].append(application.name)
    for together in names.values():
        yield from refreshes_of(together)


def refreshes_of(names: Iterable[str]) -> Iterator[JobRequest]:
    """Do the same for applications by name, together as they come; those of each namespace for themselves.

    A source that does not answer holds up what is looked at with it: whoever may write elsewhere holds up nobody else.
    """
    by_namespace: defaultdict[str, list[str]] = defaultdict(list)
    for name in names:
        by_namespace[name.rpartition("/")[0]].append(name)
    for together in by_namespace.values():
        rest = iter(together)
        while batch := list(islice(rest, _MOST_REFRESHED)):
            yield refresh(*batch)


def told_of_deleted(obj: JsonObject) -> Iterator[JobRequest]:
    """Yield what has the commit told that an Application which is gone was synced to: nobody else will."""
    status = obj.get("status")
    state = OperationState.last_sync(status if isinstance(status, dict) else None)
    operation = obj.get("operation")
    running = Operation.parse(operation) if isinstance(operation, dict) else None
    infos = [one.info for one in (running, state.operation if state is not None else None) if one is not None]
    for occasion in map(Occasion.of, infos):
        if occasion.repository:
            yield notify(occasion.repository, occasion.commit)
