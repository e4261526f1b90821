"""Changes from forks: nothing of one is rendered until somebody who may write has approved that very commit.

Who has approved what stands in the answer on the change itself, so that nothing else has to be kept. A label stands for
the command. What counts is the head at the time of it, as the forge proves that, and not the delivery that tells of it,
which may be lost, late, or told again.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import structlog

from bot.errors import Rejected
from bot.model.answers import Answer
from bot.model.changes import Permission, StatusState
from bot.model.jobs import command_by_label
from bot.model.reports import STATUS_LENGTH, Outcome
from bot.preview.configuration import approving_label
from bot.preview.forks import approval_comment
from bot.preview.inert import clipped
from workers.changes.said import said_of
from workers.telling.comments import Page, publish, still_open
from workers.telling.conversation import records
from workers.telling.statuses import tell

if TYPE_CHECKING:
    from bot.forges.port import Labelled
    from bot.model.changes import Change
    from bot.model.commands import Command
    from bot.services import Services
    from workers.changes.asked import Asked

_log = structlog.get_logger()
_WHOLE: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


def is_approved(services: Services, change: Change) -> bool:
    """Whether somebody has approved a change's head who may write now; one request, and one for each who has."""
    granted = records(services, change.repository, change.number)
    people = sorted({one.author for one in granted if one.approves == change.head_sha})
    return any(services.forge.permission(change.repository, one).includes(Permission.WRITE) for one in people)


def demand_approval(services: Services, change: Change) -> None:
    """Raise Rejected for a change from a fork whose head nobody has approved."""
    if change.from_fork and not is_approved(services, change):
        words = f"this change is from a fork, and nobody has approved {change.head_sha[:7]} yet"
        raise Rejected(words, remedy=f"Look at it, then: {_line(services, change)}")


def wait_for_approval(services: Services, change: Change) -> None:
    """Say in status and comment, once a head, what is waited for; ask for what somebody has approved by a label."""
    label = approving_label(said_of(services, change), change.labels) if change.labels else ""
    put = _put(services, change, label) if label else None
    counts = put is not None and put.head_sha == change.head_sha
    _say_what_is_waited_for(services, change, idle_label="" if counts else label)
    if put is not None and counts:
        _approve_by_label(services, change, put, label)


def _put(services: Services, change: Change, label: str) -> Labelled | None:
    try:
        return services.forge.labelled(change.repository, change.number, label)
    except Rejected as error:  # there is another way to approve, which people have to be told
        _log.warning("label not looked up", label=label, reason=error.message, remedy=error.remedy)
        return None


def _approve_by_label(services: Services, change: Change, put: Labelled, label: str) -> None:
    """Have the command carried out that a label stands for, unless it was answered: it may have been refused."""
    if all(one.comment_id != -put.id for one in records(services, change.repository, change.number)):
        line = f"{_line(services, change)} by label {' '.join(label.split())}"
        asked = command_by_label(change.repository, change.number, event=put.id, author=put.author, line=line)
        services.queue.enqueue(asked)


def _say_what_is_waited_for(services: Services, change: Change, *, idle_label: str) -> None:
    words = f"from a fork: waits until somebody with write permission approves {change.head_sha[:7]}"
    tell(services, change, Outcome(StatusState.PENDING, clipped(words, STATUS_LENGTH)))
    body = approval_comment(services.settings.instance, _line(services, change), idle_label=idle_label)
    with still_open(services, change):
        publish(services, change, [body], page=Page(only_over_earlier=False, unless_told=True, mark=lambda _: ""))
    _log.info("approval waited for")


def approve_head(asked: Asked, command: Command) -> Answer:
    """Have a change from a fork rendered at the commit that is named, or that was its head when it was asked for."""
    services, change = asked.services, asked.open_change
    if not change.from_fork:
        words = f"{change.repository.mark}{change.number} is not from a fork: its preview waits for nobody"
        raise Rejected(words, remedy="Where its status waits for an approval, approve the change itself on the forge.")
    line = _line(services, change)
    named = command.words[0].lower() if command.words else ""
    if named and not _WHOLE.fullmatch(named):
        # Anybody can make a commit whose id begins like another's.
        raise Rejected("only a commit's whole id can be approved", remedy=f"Look at it, then: {line}")
    seen = named or services.forge.head_when(asked.repository, asked.number, asked.comment_id)
    if not seen:
        words = "somebody has pushed since you asked, or may have: nobody can tell which commit you have seen"
        raise Rejected(words, remedy=f"Look at {change.head_sha[:7]}, then: {line}")
    if seen != change.head_sha:
        words = f"the change has moved on from {seen[:7]} to {change.head_sha[:7]}"
        raise Rejected(words, remedy=f"Look at that, then: {line}")
    return Answer(done=True, words=f"{seen[:7]} may be rendered, and is previewed now", approves=seen, previews=True)


def _line(services: Services, change: Change) -> str:
    return f"{services.settings.command_prefix} approve {change.head_sha}"
