"""What jobs are given: read back into our nouns, and put together so that one job does for many."""

from __future__ import annotations

from collections import defaultdict
from itertools import islice
from typing import TYPE_CHECKING, Final

from bot.model.changes import Repository
from bot.model.jobs import refresh

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
    """Do the same for applications by name, together as they come."""
    rest = iter(names)
    while batch := list(islice(rest, _MOST_REFRESHED)):
        yield refresh(*batch)
