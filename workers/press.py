"""Press: what somebody asks for at a check. *Re-run* predicts again, a button is the command of its name.

Only the forge knows which changes a commit is the head of, or the merge: its checks name none for forks and merges.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from bot.errors import Rejected
from bot.model.changes import ChangeState
from bot.model.commands import LEAST, Verb
from bot.model.jobs import command_at, notify, preview
from workers.changes.payloads import repository_in
from workers.runtime import job

if TYPE_CHECKING:
    from bot.model.changes import Change, Repository
    from bot.model.jobs import JobRequest
    from bot.model.resources import JsonObject
    from bot.services import Services

_log = structlog.get_logger()


@job
def run(services: Services, payload: JsonObject) -> JobRequest | None:
    """Queue what is asked for; a button's permission is looked up where commands are carried out.

    Installations that share an App hear of each other's checks, at which nothing is asked of this one.
    """
    repository, commit, name = repository_in(payload), str(payload["head_sha"]), str(payload["name"])
    if name and not name.startswith(f"{services.settings.instance}/"):
        _log.info("nothing done at a check", commit=commit[:12], reason="it is not of this installation", check=name)
        return None
    try:
        found = services.forge.changes_of_commit(repository, commit)
        concerned = [one for one in found if _is_of(one, commit)]
        if payload["button"] is None:
            _again(services, repository, payload, concerned)
        else:
            line = _line(services, payload)
            services.queue.enqueue(*(command_at(payload, one.number, line) for one in concerned))
    except Rejected as error:
        _log.warning("nothing done at a check", commit=commit[:12], reason=error.message)
    return None


def _again(services: Services, repository: Repository, payload: JsonObject, concerned: list[Change]) -> None:
    author, commit = str(payload["author"]), str(payload["head_sha"])
    allowed = services.forge.permission(repository, author)
    if not allowed.includes(LEAST[Verb.PREVIEW]):
        raise Rejected(f"{author} may not have anything predicted again, with {allowed}")
    previews = [preview(repository, one.number) for one in concerned if one.state is ChangeState.OPEN]
    is_merged = len(previews) < len(concerned)
    if is_merged or str(payload["name"]).startswith(f"{services.settings.instance}/sync"):
        services.queue.enqueue(notify(repository.full_name, commit))
    services.queue.enqueue(*previews)


def _is_of(change: Change, commit: str) -> bool:
    """Whether a change stands at a commit: as its head while it is open, else as what merging it made."""
    return commit == (change.head_sha if change.state is ChangeState.OPEN else change.merge_sha)


def _line(services: Services, payload: JsonObject) -> str:
    """Write a button as the command that it stands for, about the one application whose check it is at."""
    settings, name = services.settings, str(payload["name"])
    before = f"{settings.instance}/sync/"
    application = name.removeprefix(before) if name.startswith(before) else ""
    return f"{settings.command_prefix} {payload['button']} {application}".rstrip()
