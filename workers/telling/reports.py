"""The full report of a change: kept before it is told, shown when it is, and linked to from the comment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from bot.errors import Temporary

if TYPE_CHECKING:
    from bot.model.changes import Change
    from bot.model.reports import Report
    from bot.preview.files import Kept
    from bot.services import Services
    from bot.store.reports import Reports

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Link:
    """Where the full report of a change at one head is; nowhere where it is not kept."""

    token: str = ""
    url: str = ""


NOWHERE = Link()


def keep(services: Services, change: Change, report: Report, *, number: int) -> Link:
    """Keep a report until it is told, and return where it will be then: for the same head always at the same place."""
    reports, settings = services.reports, services.settings
    if reports is None or not report.tells:
        return NOWHERE
    from bot.preview.files import Kept
    from bot.preview.page.page import About

    token = reports.token(f"{settings.instance} {change}@{change.head_sha}")
    kept = Kept(report, About(url=change.url, made=services.clock.now()))
    try:
        if _staged(reports, token, number, kept):
            return Link(token, f"{settings.url.rstrip('/')}/reports/{token}")
        _log.warning("full report not kept", reason="it is too large", objects=report.touched)
    except Temporary as error:  # a comment without a link is better than none; the next round makes up for it
        _log.warning("full report not kept", reason=error.message)
    return NOWHERE


def _staged(reports: Reports, token: str, number: int, kept: Kept) -> bool:
    """Keep as much of a report as there may be of one; False where that is nothing."""
    for shorter in kept.shorter():
        sealed = reports.sealed(token, shorter.to_json())
        if sealed is not None:
            reports.stage(token, number, sealed)
            return True
    return False


def show(services: Services, token: str, number: int) -> None:
    """Have the link open what was kept of this prediction."""
    if services.reports is not None and token and not services.reports.show(token, number):
        _log.warning("full report not shown", reason="it is gone from Redis")
