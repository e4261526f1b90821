"""Approvals that dangers take, where a repository asks for them, and what a status says of them. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from bot.model.changes import StatusState
from bot.model.dangers import Demand, Severity
from bot.model.reports import STATUS_LENGTH, Outcome
from bot.preview.configuration import FILE
from bot.preview.inert import clipped

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from bot.model.reports import Report
    from bot.preview.configuration import Read

_NEVER: Final = "never"
_WHOM: Final = 50
"""Characters of a status that say of whom."""
_PLAN: Final = " · plan "


def takes_any(found: Read) -> bool:
    """Whether it matters anywhere who approves of a change."""
    return found.configuration.reviewers.approval != _NEVER or _is_unknown(found)


def demands(found: Read, severities: Collection[Severity]) -> tuple[Demand, ...]:
    """Return the approvals that a change with dangers of these severities takes, one for each severity."""
    asked = found.configuration.reviewers
    named = {Severity.CAUTION: asked.caution, Severity.WARNING: asked.warning}
    present = [one for one in named if one in severities]
    if _is_unknown(found):
        return tuple(Demand(one, unknown=f"{FILE} cannot be used: {found.problems[0]}") for one in present)
    if asked.approval == _NEVER:
        return ()
    order = list(named)
    least = order.index(Severity(asked.approval))
    return tuple(Demand(one, tuple(named[one])) for one in present if order.index(one) <= least)


def _is_unknown(found: Read) -> bool:
    return bool(found.problems) and found.approvals


def waiting(report: Report, words: str) -> Outcome:
    """Return what a status says while it waits for an approval, `words` being for whose."""
    told, mark, plan = report.outcome.description.partition(_PLAN)
    return Outcome(StatusState.PENDING, _within(f"{words}; {told}", f"{mark}{plan}"))


def whose(missing: Sequence[Demand], head_sha: str) -> str:
    """Return whose approval is waited for, fit for a status."""
    if unknown := next((one.unknown for one in missing if one.unknown), ""):
        return f"waits for an approval, and nobody knows whose: {unknown}"
    named = dict.fromkeys(one for demand in missing for one in demand.people)
    people = clipped(" or ".join(named), _WHOM) if named else "somebody else who may write"
    return f"waits for an approval of {head_sha[:7]} by {people}"


def approved(report: Report, by: Sequence[str]) -> Outcome:
    """Return what a status says once all has been approved that has to be."""
    told = report.outcome
    words, mark, plan = told.description.partition(_PLAN)
    end = f"; approved by {clipped(', '.join(by), _WHOM)}"
    return replace(told, description=_within(words, f"{end}{mark}{plan}"))


def _within(words: str, end: str) -> str:
    return f"{clipped(words, STATUS_LENGTH - len(end))}{end}"
