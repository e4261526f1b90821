"""What is said at the lines of a file: each object that fails, endangers something or breaks a rule. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.engine.diff.lines import visible
from bot.model.checks import MOST_ANNOTATIONS, Annotation, Level
from bot.model.dangers import Severity
from bot.model.policies import PolicySeverity
from bot.model.reports import Action, counted
from bot.preview.inert import clipped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bot.model.reports import Report, ResourceReport
    from bot.model.resources import ResourceKey

_LONGEST: Final = 1000
"""Characters of one message; GitHub takes 64 kB of all together."""
_TITLE: Final = 255


@dataclass(frozen=True, slots=True)
class Remark:
    """What is to be said about one object of one application."""

    application: str
    key: ResourceKey
    level: Level
    message: str


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of a file as the head of a change has it, the first and the last."""

    path: str
    first: int
    last: int


def remarks(report: Report) -> tuple[Remark, ...]:
    """Return what is to be said at lines, if anybody knows them; a note needs no place."""
    return tuple(
        Remark(application.name, resource.key, level, visible(message))
        for application in report.applications
        for resource in application.resources
        for level, message in _said(resource)
    )


def noted(placed: Iterable[tuple[Remark, Lines]]) -> tuple[Annotation, ...]:
    """Return what is said, the worst first, at most as much as a forge takes at once.

    What several applications have from the same lines is said once.
    """
    together: dict[tuple[Lines, Level, ResourceKey, str], list[str]] = defaultdict(list)
    for remark, lines in placed:
        together[lines, remark.level, remark.key, remark.message].append(remark.application)
    found = [
        Annotation(lines.path, lines.first, lines.last, level, _title(key, names), message)
        for (lines, level, key, message), names in together.items()
    ]
    found.sort(key=lambda one: (list(Level).index(one.level), one.path, one.first, one.title))
    return tuple(found[:MOST_ANNOTATIONS])


def _said(resource: ResourceReport) -> Iterator[tuple[Level, str]]:
    if resource.failure and resource.action is not Action.NOTHING:
        yield Level.FAILURE, f"is predicted to fail: {_short(resource.failure)}"
    for finding in resource.findings:
        denied = finding.severity is PolicySeverity.DENY
        verb = "violates" if denied else "is warned of by"
        yield (Level.FAILURE if denied else Level.WARNING), f"{verb} policy {finding.policy}: {_short(finding.message)}"
    for danger in resource.dangers:
        if danger.severity is not Severity.NOTE:
            about = f"{danger.subject} " if danger.subject else ""
            yield Level.WARNING, f"{about}{_short(danger.words)} ({danger.id})"


def _short(words: str) -> str:
    return clipped(words.strip(), _LONGEST)


def _title(key: ResourceKey, applications: list[str]) -> str:
    more = f" and {counted(len(applications) - 1, 'more application')}" if len(applications) > 1 else ""
    return visible(clipped(f"{key} ({applications[0]}{more})", _TITLE))
