"""Commands: what somebody asks for in a comment, allowed by what they may do on the forge when it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog

from bot.errors import Rejected
from bot.forges.port import Reaction
from bot.model.changes import Permission
from bot.model.jobs import COMMAND_PREFIX, preview
from workers.payloads import repository_in
from workers.runtime import job

if TYPE_CHECKING:
    from bot.model.jobs import JobRequest
    from bot.model.resources import JsonObject
    from bot.services import Services

_log = structlog.get_logger()

HELP: Final = """\
| command | does |
|---|---|
| `/foresail preview` | predicts again what merging changes |
| `/foresail help` | shows this table |
"""


@job
def run(services: Services, payload: JsonObject) -> JobRequest | None:
    """Do what the first line of a comment asks for; whoever may not gets a thumb down."""
    repository, number = repository_in(payload), int(payload["number"])
    comment_id, author = int(payload["comment_id"]), str(payload["author"])
    words = str(payload["body"]).strip().partition("\n")[0].split()
    if not words or words[0] != COMMAND_PREFIX:
        return None
    command = words[1] if len(words) > 1 else "help"
    try:
        if not services.forge.permission(repository, author).includes(Permission.WRITE):
            services.forge.react(repository, number, comment_id, Reaction.REFUSED)
            return None
        services.forge.react(repository, number, comment_id, Reaction.SEEN)
        _log.info("command", command=command, author=author, change=f"{repository.full_name}#{number}")
        if command == "preview":
            return preview(repository, number)
        services.forge.add_comment(repository, number, HELP)
    except Rejected as error:
        _log.warning("command not done", reason=error.message)
    return None
