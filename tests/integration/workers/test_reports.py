"""The full report of a change: kept as far as there is room, and no reason to say nothing where it cannot be."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

from bot.model.changes import Change, ChangeState, Repository
from bot.preview.files import Kept
from bot.store.connection import connect
from bot.store.reports import Reports
from tests.integration.workers.desk import Desk
from tests.unit.preview.samples import application, report, resource
from workers.telling.reports import NOWHERE, keep, show

KEY = "k" * 32
CHANGE = Change(
    Repository("acme/shop", "https://github.example/acme/shop.git"),
    12,
    title="A change",
    author="ann",
    state=ChangeState.OPEN,
    draft=False,
    base_branch="main",
    base_sha="def",
    head_sha="abc",
    from_fork=False,
    url="https://github.example/acme/shop/pull/12",
)
TOLD = report(application(resource()))


def served(desk: Desk, url: str = "", room: int = 1 << 20) -> Any:
    """Return the desk's services with reports, by default in its own Redis."""
    reports = Reports(connect(url or desk.stage.redis.url), key=KEY, room=room, days=1)
    settings = desk.services.settings.model_copy(update={"url": "https://foresail.example/"})
    return replace(desk.services, reports=reports, settings=settings)


def test_a_report_is_where_the_link_leads_once_it_was_told(desk: Desk) -> None:
    services = served(desk)
    link = keep(services, CHANGE, TOLD, number=7)
    assert link.url == f"https://foresail.example/reports/{link.token}"
    assert keep(services, CHANGE, TOLD, number=8) == link
    assert keep(services, replace(CHANGE, head_sha="abd"), TOLD, number=9) != link
    assert services.reports.find(link.token) is None
    show(services, link.token, 8)
    kept = Kept.from_json(services.reports.find(link.token))
    assert (kept.report, kept.about.url) == (TOLD, CHANGE.url)


def test_what_is_too_large_is_kept_as_far_as_there_is_room(desk: Desk) -> None:
    noise = "\n".join(f"+{os.urandom(30).hex()}" for _ in range(3_000))
    services = served(desk, room=60_000)
    link = keep(services, CHANGE, report(application(resource(effect_diff=noise))), number=1)
    show(services, link.token, 1)
    (one,) = Kept.from_json(services.reports.find(link.token)).report.applications
    assert "more lines: the report is too large to keep them" in one.resources[0].effect_diff
    assert keep(served(desk, room=100), CHANGE, TOLD, number=2) == NOWHERE


def test_a_comment_goes_without_a_link_where_nothing_can_be_kept(desk: Desk) -> None:
    assert keep(served(desk, url="redis://127.0.0.1:1/0"), CHANGE, TOLD, number=1) == NOWHERE
    assert keep(desk.services, CHANGE, TOLD, number=1) == NOWHERE
    assert keep(served(desk), CHANGE, report(), number=1) == NOWHERE
