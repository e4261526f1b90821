"""The status of a change follows its head, whichever job comes last."""

from __future__ import annotations

import inspect
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from bot.errors import Temporary
from bot.model import jobs
from bot.model.changes import StatusState
from bot.model.reports import Outcome
from bot.sandbox.forge.faults import Fault
from bot.store.connection import connect
from tests.functional.conftest import config_map
from tests.integration.workers.desk import Desk
from workers import check, preview, recover
from workers.changes.approvals import may_count
from workers.telling.statuses import STARTED, TURN, context, is_known, saying, tell

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


def _asked(desk: Desk, since: int) -> list[str]:
    """Return what the forge was asked for since, by what a path ends with below the repository."""
    told = desk.stage.github.requests[since:]
    return [f"{one.method} {one.template.partition('{repo}')[2]}" for one in told if "{repo}" in one.template]


def test_a_preview_reads_nothing_twice_but_whether_the_change_has_moved_on(desk: Desk) -> None:
    services, hosted = desk.services, desk.repository
    hosted.push("counted", {"deploy/counted.yaml": config_map("counted", COLOUR="blue")})
    number = hosted.open_pull_request(head="counted", title="Counted").number
    repository, since = services.forge.repository(hosted.full_name), len(desk.stage.github.requests)
    desk.declare("counted")
    desk.do(preview.run, jobs.preview(repository, number))
    asked = _asked(desk, since)
    assert hosted.statuses(hosted.head("counted"))[context(services)].state == "success"
    change, runs = "GET /pulls/{pull_number}", "GET /commits/{ref}/check-runs"
    reads = [one for one in asked if one.startswith("GET")]
    siblings, others = "GET /commits/{commit_sha}/pulls", "GET /commits/{ref}/status"
    comments = "GET /issues/{issue_number}/comments"
    assert reads == [change, siblings, runs, others, change, comments]
    writes = ["POST /check-runs", "POST /issues/{issue_number}/comments", "PATCH /check-runs/{check_run_id}"]
    assert [one for one in asked if one not in reads] == writes


def test_what_is_known_of_a_status_is_read_again_once_somebody_else_has_spoken(desk: Desk) -> None:
    services, hosted = desk.services, desk.repository
    hosted.push("spoken", {"deploy/spoken.yaml": "# 1"})
    number = hosted.open_pull_request(head="spoken", title="Spoken").number
    change = services.forge.change(services.forge.repository(hosted.full_name), number)
    began = tell(services, change, STARTED)
    tell(services, change, Outcome(StatusState.FAILURE, "said by another worker"))  # which ends the run
    since = len(desk.stage.github.requests)
    tell(services, change, Outcome(StatusState.SUCCESS, "good"), before=began)
    assert _asked(desk, since) == ["GET /commits/{ref}/check-runs", "POST /check-runs"]
    assert hosted.statuses(change.head_sha)[context(services)].state == "success"


def test_who_speaks_after_its_hold_is_over_has_to_say_it_again_and_nobody_knows_anything(
    desk: Desk,
) -> None:
    services, hosted = desk.services, desk.repository
    hosted.push("late-word", {"deploy/word.yaml": "# 1"})
    number = hosted.open_pull_request(head="late-word", title="Late word").number
    change = services.forge.change(services.forge.repository(hosted.full_name), number)
    first = tell(services, change, STARTED)
    held = desk.stage.github.faults.hold("PATCH /repos/*/check-runs/*")
    with ThreadPoolExecutor(1) as another:
        slow = another.submit(tell, services, change, Outcome(StatusState.PENDING, "slow"), before=first)
        assert held.reached.wait(30.0)
        name = saying(change.repository, change.head_sha)
        connect(desk.stage.redis.url).delete(f"foresail:lock:{name}")  # the hold is over
        quicker = tell(services, change, Outcome(StatusState.PENDING, "somebody quicker"))
        held.go_on.set()
        with pytest.raises(Temporary, match="while this took too long"):
            slow.result()
    since = len(desk.stage.github.requests)
    tell(services, change, Outcome(StatusState.SUCCESS, "good"), before=quicker)
    assert "GET /commits/{ref}/check-runs" in _asked(desk, since)


def test_what_was_said_of_another_base_does_not_stand_while_its_preview_waits_for_a_turn(desk: Desk) -> None:
    services, hosted = desk.services, desk.repository
    hosted.point("release", hosted.head())
    hosted.push("moves", {"deploy/moves.yaml": config_map("moves", COLOUR="blue")})
    number = hosted.open_pull_request(head="moves", title="Moves").number
    repository = services.forge.repository(hosted.full_name)
    desk.do(preview.run, jobs.preview(repository, number))
    head = services.forge.change(repository, number).head_sha
    assert hosted.statuses(head)[context(services)].state == "success"

    hosted.retarget(number, "release")
    request = jobs.preview(repository, number, retargeted=True)
    assert inspect.unwrap(preview.run)(services, request.payload) == jobs.preview(repository, number)
    said = hosted.statuses(head)[context(services)]
    assert (said.state, said.description) == ("pending", STARTED.description)


def test_what_passes_for_a_merge_train_says_nothing_of_the_head_of_a_change(desk: Desk) -> None:
    services, hosted = desk.services, desk.repository
    hosted.push("refs/merge-requests/1/train", {"deploy/train.yaml": config_map("train", COLOUR="blue")})
    number = hosted.open_pull_request(head="refs/merge-requests/1/train", title="Not reviewed").number
    repository = services.forge.repository(hosted.full_name)
    change, waits = services.forge.change(repository, number), Outcome(StatusState.PENDING, "waits for an approval")
    tell(services, change, waits)
    group = jobs.check(repository, base_branch="main", base="", head=change.head_sha)
    desk.do(check.run, group)
    desk.do(check.gone, jobs.check_gone(repository, change.head_sha))
    said = hosted.statuses(change.head_sha)[context(services)]
    assert (said.state, said.description) == ("pending", waits.description)
    assert services.queue.has(jobs.preview(repository, number))


def _older(desk: Desk, sha: str, *, seconds: float) -> None:
    """Have it been longer ago that the status of a commit was said."""
    desk.repository.check_runs(sha)[-1].started_at -= seconds


@pytest.mark.parametrize("began", [STARTED, Outcome(StatusState.PENDING, f"{TURN}, about 18:00 UTC")])
def test_a_status_that_nobody_works_on_any_more_ends_in_words(desk: Desk, began: Outcome) -> None:
    services, hosted = desk.services, desk.repository
    repository = services.forge.repository(hosted.full_name)
    hosted.push("one", {"deploy/one.yaml": "# 1"})
    change = services.forge.change(repository, hosted.open_pull_request(head="one", title="One").number)
    tell(services, change, began)

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


def test_a_review_has_nothing_predicted_where_it_cannot_count(desk: Desk) -> None:
    services, hosted = desk.services, desk.repository
    hosted.push("reviewed", {"deploy/reviewed.yaml": "# 1"})
    number = hosted.open_pull_request(head="reviewed", title="Reviewed").number
    change = services.forge.change(services.forge.repository(hosted.full_name), number)
    hosted.grant("ana", "write")
    hosted.grant("mallory", "read")
    counts = partial(may_count, services, change)
    assert not counts("ana"), "nothing takes an approval"
    hosted.push("main", {".foresail/config.yaml": "reviewers: {approval: caution}\n"})
    assert [counts(one) for one in ("ana", "mallory")] == [True, False]
    desk.do(preview.again, jobs.preview_reviewed(change.repository, number, "mallory"))
    assert hosted.statuses(change.head_sha) == {}


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
