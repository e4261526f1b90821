"""Commands: what somebody asks for in a comment or at a check, by what they may do on the forge when it runs.

Each is acknowledged by a reaction, carried out once, and answered below; who asked for what stands in that answer, in
the log, and in the operations that were started.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias

import orjson
import structlog

from bot.errors import Rejected
from bot.forges.port import Reaction
from bot.model.answers import Answer, Record
from bot.model.changes import ChangeState
from bot.model.commands import LEAST, MOST, Command, Verb
from bot.model.jobs import answer as answering
from bot.model.jobs import preview
from bot.model.operations import timestamp
from bot.preview.asked import recorded
from workers.changes.asked import Asked
from workers.changes.forks import approve_head
from workers.commands import by_hand
from workers.commands.answers import diff, explain, preview_again, show_help
from workers.commands.holding import hold, release
from workers.commands.rules import demand
from workers.runtime import job_with_excuse
from workers.telling import conversation

if TYPE_CHECKING:
    from bot.model.changes import Permission
    from bot.model.jobs import JobRequest
    from bot.model.resources import JsonObject
    from bot.services import Services

_log = structlog.get_logger()

_ONE_REFUSAL: Final = 3600.0
"""Seconds in which one thumb down is enough for somebody without a part in a repository.

Each is a write, of which a forge takes some hundred an hour: a stranger who goes on would keep all others waiting.
"""
_Handler: TypeAlias = Callable[[Asked, Command], Answer]


def _approve(asked: Asked, command: Command) -> Answer:
    """Let go on what waits for a person: the preview of a change from a fork, or the sync of a merged one."""
    merged = asked.change.state is ChangeState.MERGED
    return by_hand.approve_held(asked, command) if merged else approve_head(asked, command)


_HANDLERS: Final[Mapping[Verb, _Handler]] = MappingProxyType(
    {
        Verb.PREVIEW: preview_again,
        Verb.DIFF: diff,
        Verb.EXPLAIN: explain,
        Verb.APPROVE: _approve,
        Verb.SYNC: by_hand.sync,
        Verb.HOLD: hold,
        Verb.RELEASE: release,
        Verb.CANCEL: by_hand.cancel,
        Verb.RETRY: by_hand.retry,
        Verb.ROLLBACK: by_hand.rollback,
        Verb.HELP: show_help,
    }
)


def _excuse(services: Services, payload: JsonObject, words: str) -> None:
    asked = Asked.of(services, payload)
    told = [Answer(done=False, words=words)] * len(asked.commands)
    conversation.tell(services, asked.repository, asked.number, _recorded(asked, told))
    _react(asked, Reaction.REFUSED)


@job_with_excuse(_excuse)
def run(services: Services, payload: JsonObject) -> JobRequest | None:
    """Carry out the commands of a comment; whoever may not even ask for help gets a thumb down and no word."""
    asked = Asked.of(services, payload)
    with structlog.contextvars.bound_contextvars(change=asked.repository.change(asked.number)):
        allowed = services.forge.permission(asked.repository, asked.author)
        if not allowed.includes(LEAST[Verb.HELP]):
            _log.warning("command refused", author=asked.author, permission=allowed)
            if services.memory.first_within(
                f"refusal of {asked.author} in {asked.repository.full_name}", seconds=_ONE_REFUSAL
            ):
                _react(asked, Reaction.REFUSED)
            return None
        _react(asked, Reaction.SEEN)
        if any(command.verb is Verb.DIFF for command in asked.commands):
            return answering(payload)
        _carry_out(asked, allowed)
    return None


@job_with_excuse(_excuse)
def answer(services: Services, payload: JsonObject) -> JobRequest | None:
    """Do the same where it takes a prediction; the permission is looked up again, as it is later by now."""
    asked = Asked.of(services, payload)
    with structlog.contextvars.bound_contextvars(change=asked.repository.change(asked.number)):
        _carry_out(asked, services.forge.permission(asked.repository, asked.author))
    return None


def _carry_out(asked: Asked, allowed: Permission) -> None:
    answers = [_once(asked, allowed, line) for line in range(len(asked.commands))]
    services = asked.services
    if any(one.words or one.details for one in answers):
        conversation.tell(services, asked.repository, asked.number, _recorded(asked, answers))
    _react(asked, Reaction.DONE if all(one.done for one in answers) else Reaction.REFUSED)
    if any(one.previews for one in answers):
        services.queue.enqueue(preview(asked.repository, asked.number))


def _once(asked: Asked, allowed: Permission, line: int) -> Answer:
    """Carry out a command, unless that was done before and only could not be told."""
    name = f"{asked.repository.change(asked.number)} {asked.comment_id} {line}"
    kept = asked.services.memory.answer(name)
    if kept is not None:
        return Answer(**orjson.loads(kept))
    found = _answer(asked, allowed, line)
    asked.services.memory.keep_answer(name, orjson.dumps(found))
    command = asked.commands[line]
    told = {"command": command.text, "author": asked.author, "permission": allowed, "comment": asked.comment_id}
    _log.info("command", **told, head=asked.change.head_sha, done=found.done, words=found.words)
    return found


def _answer(asked: Asked, allowed: Permission, line: int) -> Answer:
    command = asked.commands[line]
    try:
        handler = _handler(asked, allowed, line)
        asked.demand_the_commit()
        return handler(asked, command)
    except Rejected as error:
        return Answer(done=False, words=f"{error.message}. {error.remedy}".rstrip())


def _handler(asked: Asked, allowed: Permission, line: int) -> _Handler:
    """Return what carries out a command; Rejected for one that there is not, or that its author may not give."""
    verb = asked.commands[line].verb
    if line >= MOST:
        raise Rejected(f"one comment may hold {MOST} commands", remedy="Write the others into another.")
    if verb is None:
        raise Rejected(f"there is no command {asked.commands[line].name}", remedy=f"There is: {', '.join(Verb)}.")
    if not allowed.includes(LEAST[verb]):
        words = f"{verb} takes the permission {LEAST[verb]} in {asked.repository.full_name}"
        raise Rejected(f"{words}, and {asked.author} has {allowed}")
    if verb is not Verb.HELP:
        demand(asked, verb, allowed=allowed)
    return _HANDLERS[verb]


def _recorded(asked: Asked, answers: list[Answer]) -> list[tuple[Record, Answer]]:
    at, head = timestamp(), asked.change.head_sha
    return [
        (
            recorded(
                Record(
                    comment_id=asked.comment_id,
                    line=line,
                    at=at,
                    author=asked.author,
                    text=asked.commands[line].text,
                    head=head,
                    done=answer.done,
                    words=answer.words,
                    approves=answer.approves,
                )
            ),
            answer,
        )
        for line, answer in enumerate(answers)
    ]


def _react(asked: Asked, reaction: Reaction) -> None:
    """React, unless the comment is gone by now, or there never was one."""
    if asked.comment_id < 0:
        return
    try:
        asked.services.forge.react(asked.repository, asked.number, asked.comment_id, reaction)
    except Rejected as error:
        _log.info("no reaction", reason=error.message)
