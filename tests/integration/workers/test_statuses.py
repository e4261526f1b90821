"""The status of a change follows its head, whichever job comes last."""

from __future__ import annotations

from bot.model.changes import StatusState
from bot.model.reports import Outcome
from tests.integration.workers.desk import Desk
from workers.statuses import context, is_known, tell

PENDING = Outcome(StatusState.PENDING, "predicting")


def test_a_job_about_an_older_head_takes_back_its_own_status_and_not_the_newer_ones(desk: Desk) -> None:
    services, hosted = desk.services, desk.repository
    hosted.push("late", {"deploy/late.yaml": "# 1"})
    number = hosted.open_pull_request(head="late", title="Late").number
    repository = services.forge.repository(hosted.full_name)
    old = services.forge.change(repository, number)
    tell(services, old, PENDING)
    hosted.push("late", {"deploy/late.yaml": "# 2"})
    new = services.forge.change(repository, number)
    tell(services, new, PENDING)

    tell(services, old, PENDING)

    states = [hosted.statuses(one.head_sha)[context(services)].state for one in (old, new)]
    assert states == ["error", "pending"]
    assert is_known(services, new)
