"""What a repository's configuration makes of a report."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from bot.model.dangers import Severity
from bot.preview.approvals import demands
from bot.preview.configuration import FILE, is_automated, reviewers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.model.reports import Report
    from bot.preview.configuration import Read

_NAMED: Final = 5
"""Applications that are named."""


def configured(report: Report, found: Read, *, now: float, syncs: bool = True) -> Report:
    """Return a report as its repository wants it told; `now` in Unix seconds, `syncs` whether it is us who syncs."""
    configuration = found.configuration
    applications = tuple(
        replace(one, automated=one.automated and (not syncs or is_automated(found, one.name, now=now)))
        for one in report.applications
    )
    look = configuration.comments
    # What nobody can tell before the merge may be anything, and whoever proposes a change decides what that is.
    severities = report.severities | ({Severity.CAUTION} if report.unpredicted else frozenset())
    return replace(
        report,
        applications=applications,
        folded=look.collapse,
        shows_drift=look.drift,
        shows_images=look.images,
        reviewers=reviewers(configuration, severities),
        demands=demands(found, severities),
    )


def not_used(found: Read, branch: str) -> Iterator[str]:
    """Say what is wrong with the file of a branch, if anything is."""
    yield from (f"{FILE} of {branch} is not used, and defaults hold: {one}" for one in found.problems)


def not_previewed(names: Sequence[str]) -> Iterator[str]:
    """Say which applications are left out, if any are."""
    if names:
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        verb = "is" if len(names) == 1 else "are"
        yield f"touched and not previewed, as {FILE} says, {verb} {', '.join(sorted(names)[:_NAMED])}{more}"
