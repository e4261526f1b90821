"""Approvals that the dangers of a change take: the forge is asked each time who has given one, and what they may."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

import structlog

from bot.errors import Rejected
from bot.model.changes import Permission, StatusState
from bot.model.jobs import ask_reviewers
from bot.preview import approvals
from workers.changes.said import said_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.model.changes import Change
    from bot.model.dangers import Demand
    from bot.model.reports import Outcome, Report
    from bot.services import Services

_log = structlog.get_logger()
_MOST: Final = 30
"""People with an approval, the latest first, whose permission is looked up: anybody may approve what they can see."""


def outcome(services: Services, change: Change, report: Report) -> Outcome:
    """Return what the status of a change says, by who approves of its head now; without demands no request."""
    told = report.outcome
    if not report.demands or told.state is not StatusState.SUCCESS:
        return told
    try:
        people = _able(services, change)
    except Rejected as error:
        _log.warning("approvals not read", reason=error.message, remedy=error.remedy)
        return approvals.waiting(report, f"approvals cannot be read: {error.message}")
    granted = [(one, [who for who in people if _may(services, change, one, who)]) for one in report.demands]
    missing = [one for one, by in granted if not by]
    if missing:
        return approvals.waiting(report, approvals.whose(missing, change.head_sha))
    return approvals.approved(report, tuple(dict.fromkeys(by[0] for _, by in granted)))


def may_count(services: Services, change: Change, who: str) -> bool:
    """Whether it may matter what somebody thinks of a change: they may write, and a danger would take an approval.

    On a public repository everybody has an opinion, and nobody there may have us predict for nothing.
    """
    allowed = services.forge.permission(change.repository, who)
    return allowed.includes(Permission.WRITE) and any(map(approvals.takes_any, said_of(services, change)))


def have_asked(services: Services, change: Change, people: Sequence[str]) -> None:
    """Queue that people are asked to review a change at its head, unless they were; a draft asks nobody yet."""
    if people and not change.draft and not services.memory.was_asked(asking(str(change), change.head_sha, people)):
        services.queue.enqueue(ask_reviewers(change.repository, change.number, head=change.head_sha, people=people))


def asking(change: str, head_sha: str, people: Sequence[str]) -> str:
    """Name a request for reviews by these people at a head."""
    return f"{change}@{head_sha} {hashlib.sha256(' '.join(people).encode()).hexdigest()[:16]}"


def _able(services: Services, change: Change) -> tuple[str, ...]:
    """Return who approves of the head, may write now, and has not written the change themselves."""
    given = services.forge.approvals(change.repository, change.number, change.head_sha)
    others = [one for one in given if one.lower() != change.author.lower()][:_MOST]
    return tuple(one for one in others if services.forge.permission(change.repository, one).includes(Permission.WRITE))


def _may(services: Services, change: Change, demand: Demand, who: str) -> bool:
    if demand.unknown:
        return False
    named = {one[1:].lower() for one in demand.people}
    teams = (one[1:] for one in demand.people if "/" in one)
    return not named or who.lower() in named or any(_is_in(services, change, one, who) for one in teams)


def _is_in(services: Services, change: Change, team: str, who: str) -> bool:
    """Whether somebody is in a team; not where nobody can tell."""
    try:
        return services.forge.is_in_team(change.repository, team, who)
    except Rejected as error:
        _log.warning("team not looked up", team=team, reason=error.message, remedy=error.remedy)
        return False
