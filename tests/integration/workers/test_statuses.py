"""The status of a change follows its head, whichever job comes last."""

from __future__ import annotations

import pytest

from bot.errors import Temporary
from bot.model import jobs
from bot.model.changes import StatusState
from bot.model.reports import Outcome
from bot.sandbox.forge.faults import Fault
from tests.integration.workers.desk import Desk
from workers import preview, recover
from workers.telling.statuses import STARTED, context, is_known, tell

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


def _older(desk: Desk, sha: str, *, seconds: float) -> None:
    """Have it been longer ago that the status of a commit was said."""
    desk.repository.check_runs(sha)[-1].started_at -= seconds


def test_a_status_that_nobody_works_on_any_more_ends_in_words(desk: Desk) -> None:
    services, hosted = desk.services, desk.repository
    repository = services.forge.repository(hosted.full_name)
    hosted.push("one", {"deploy/one.yaml": "# 1"})
    change = services.forge.change(repository, hosted.open_pull_request(head="one", title="One").number)
    tell(services, change, STARTED)

    def recovered() -> str:
        desk.do(recover.run, jobs.recover(hosted.full_name))
        return hosted.statuses(change.head_sha)[context(services)].state

    assert recovered() == "pending"
    _older(desk, change.head_sha, seconds=services.settings.status_deadline + 1)
    assert recovered() == "pending", "the preview that recovery asked for is still to be made"
    services.queue.withdraw(jobs.preview(repository, change.number))
    assert recovered() == "error"
    assert "incident" in str(hosted.statuses(change.head_sha)[context(services)].description)


def test_a_status_that_waits_for_a_person_stays(desk: Desk) -> None:
    services, hosted = desk.services, desk.repository
    repository = services.forge.repository(hosted.full_name)
    hosted.push("two", {"deploy/two.yaml": "# 2"})
    change = services.forge.change(repository, hosted.open_pull_request(head="two", title="Two").number)
    tell(services, change, Outcome(StatusState.PENDING, "waits until somebody approves"))
    _older(desk, change.head_sha, seconds=services.settings.status_deadline + 1)

    desk.do(recover.run, jobs.recover(hosted.full_name))

    assert hosted.statuses(change.head_sha)[context(services)].state == "pending"


def test_what_a_label_has_taken_back_is_not_left_to_a_round_while_the_forge_is_away(desk: Desk) -> None:
    services, hosted = desk.services, desk.repository
    repository = services.forge.repository(hosted.full_name)
    hosted.push("main", {".foresail/config.yaml": "labels: {skip: [quiet]}\n"})
    hosted.push("three", {"deploy/three.yaml": "# 3"})
    change = hosted.open_pull_request(head="three", title="Three")
    marked, again = jobs.preview_marked(repository, change.number), jobs.preview_again(repository, [change.number])
    hosted.label(change.number, "quiet")
    desk.do(preview.again, marked)

    def told() -> str:
        return str(hosted.statuses(hosted.head("three"))[context(services)].description)

    assert "as its label quiet says" in told()
    hosted.unlabel(change.number, "quiet")
    faults = desk.stage.github.faults
    faults.add(f"GET /repos/*/pulls/{change.number}", kind=Fault.ERROR, times=100)
    desk.do(preview.again, again)
    with pytest.raises(Temporary):
        desk.do(preview.again, marked)
    faults.clear()
    desk.do(preview.again, marked)
    assert "quiet" not in told()
