"""Rounds: have open changes previewed again, in case the world has moved since they were told something."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

import structlog

from bot.errors import Rejected
from bot.model.changes import repository_identity
from bot.model.jobs import look_round, preview_again
from workers.changes.payloads import repository_in
from workers.runtime import job

if TYPE_CHECKING:
    from bot.model.changes import Change, Repository
    from bot.model.jobs import JobRequest
    from bot.model.resources import JsonObject
    from bot.services import Services

_log = structlog.get_logger()
_MOST: Final = 50
"""Open changes of a repository, newest first, that are previewed again in one round."""


@job
def run(services: Services, payload: JsonObject) -> JobRequest | None:
    """Queue another preview of a repository's open changes; without a repository, a job for each that is in use.

    Costs one request to the forge for each 100 repositories, and one for each repository.
    """
    try:
        if payload["repository"] is not None:
            repository = repository_in(payload)
            return _again(services, repository, str(payload["branch"])) if _is_used(services, repository) else None
        used = [one for one in services.forge.repositories() if _is_used(services, one)]
        services.queue.enqueue(*map(look_round, used))
    except Rejected as error:
        _log.warning("round not made", reason=error.message)
    return None


def _again(services: Services, repository: Repository, branch: str) -> JobRequest | None:
    wanted = (
        change.number
        for change in services.forge.open_changes(repository)
        if branch in {"", change.base_branch} and (not change.from_fork or _is_told(services, change))
    )
    numbers = list(islice(wanted, _MOST))
    return preview_again(repository, numbers) if numbers else None


def _is_told(services: Services, change: Change) -> bool:
    """Whether a change from a fork was previewed once: of the others it would only be found again that they wait."""
    return services.memory.told(str(change)) is not None


def _is_used(services: Services, repository: Repository) -> bool:
    """Whether some Application uses a repository, as far as anybody knows."""
    entry = services.memory.index.of(repository_identity(repository.clone_url))
    return entry is None or bool(entry.applications)
