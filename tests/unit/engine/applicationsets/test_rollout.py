"""Step by step: whose turn it is."""

from __future__ import annotations

import pytest

from bot.engine.applicationsets.definition import ApplicationSet, Step
from bot.engine.applicationsets.rollout import Member, advance, last_step, prunes, step_of, without_automation
from bot.errors import Rejected
from tests.unit.engine.applicationsets.world import applicationset

EARLY, LATE = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"
STEPS = """
strategy:
  type: RollingSync
  deletionOrder: Reverse
  rollingSync:
    steps:
    - matchExpressions: [{key: stage, operator: In, values: [dev]}]
    - matchExpressions: [{key: stage, operator: NotIn, values: [dev]}]
      maxUpdate: %s
"""


def steps(limit: str = "1") -> tuple[Step, ...]:
    return ApplicationSet.parse(applicationset("[]", more=STEPS % limit)).steps


def member(
    name: str, stage: str = "prod", *, outdated: bool = False, running: bool = False, well: bool = True
) -> Member:
    healthy = well and not outdated and not running
    return Member(name, {"stage": stage}, outdated=outdated, running=running, healthy=healthy)


def states(*members: Member, limit: str = "1", **before: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return where each Application stands, and which are to be started."""
    known = [{"application": name, "status": state} for name, state in before.items()]
    found = advance(steps(limit), members, known, now=EARLY)
    return {one["application"]: one["status"] for one in found.statuses}, found.starts


def test_the_first_step_begins_and_the_rest_waits() -> None:
    dev, a, b = member("dev", "dev", outdated=True), member("a", outdated=True), member("b", outdated=True)
    assert states(dev, a, b) == ({"dev": "Pending", "a": "Waiting", "b": "Waiting"}, ("dev",))


def test_a_step_begins_once_the_one_before_is_healthy() -> None:
    dev, a, b = member("dev", "dev"), member("a", outdated=True), member("b", outdated=True)
    assert states(dev, a, b, dev="Progressing") == ({"dev": "Healthy", "a": "Pending", "b": "Waiting"}, ("a",))


@pytest.mark.parametrize("before", ["Pending", "Progressing", "Healthy", ""])
def test_what_runs_or_is_not_well_holds_the_next_step(before: str) -> None:
    later = member("a", outdated=True)
    assert states(member("dev", "dev", running=True), later, dev=before)[1] == ()
    assert states(member("dev", "dev", well=False), later, dev=before)[1] == ()


def test_so_many_at_a_time_as_the_step_allows() -> None:
    three = [member(name, outdated=True) for name in ("a", "b", "c")]
    assert states(*three, limit="2")[1] == ("a", "b")
    assert states(*three, limit="50%")[1] == ("a",)
    assert states(*three, limit="10%")[1] == ("a",)
    assert states(*three, limit="0%")[1] == ()
    running = member("a", outdated=True, running=True)
    assert states(running, three[1], limit="1", a="Pending")[1] == ()


def test_one_whose_turn_was_written_down_and_not_taken_is_started_again() -> None:
    assert states(member("dev", "dev", outdated=True), dev="Pending") == ({"dev": "Pending"}, ("dev",))


def test_what_wants_something_new_waits_again() -> None:
    dev = member("dev", "dev", outdated=True)
    assert states(dev, member("a", outdated=True), a="Healthy")[0] == {"dev": "Pending", "a": "Waiting"}


def test_what_no_step_selects_is_nobodys_to_sync() -> None:
    only = steps()[:1]
    found = advance(only, [member("a", outdated=True)], None, now=EARLY)
    assert (found.starts, found.statuses[0]["step"]) == ((), "-1")
    assert step_of(only, {}) == -1


def test_a_status_that_stays_keeps_its_time() -> None:
    first = advance(steps(), [member("dev", "dev")], None, now=EARLY)
    assert first.complete
    assert advance(steps(), [member("dev", "dev")], list(first.statuses), now=LATE).statuses == first.statuses


def test_automation_is_taken_away_and_what_it_says_of_pruning_is_known() -> None:
    application = {"spec": {"syncPolicy": {"automated": {"prune": True}, "retry": {"limit": 1}}}}
    assert without_automation(application) == {"spec": {"syncPolicy": {"retry": {"limit": 1}}}}
    assert prunes(application)
    assert not prunes({"spec": {}})
    assert without_automation({"spec": {}}) == {"spec": {}}


def test_in_reverse_the_last_step_goes_first() -> None:
    dev, prod = ({"metadata": {"name": name, "labels": {"stage": name}}} for name in ("dev", "prod"))
    assert last_step(steps(), [dev, prod]) == [prod]
    assert last_step(steps(), [dev]) == [dev]
    assert last_step(steps(), []) == []


@pytest.mark.parametrize("limit", ["-1", "half", "'-5%'", "true", "'1000%'"])
def test_a_limit_that_is_none_is_refused(limit: str) -> None:
    with pytest.raises(Rejected, match="maxUpdate is neither a number nor a share"):
        steps(limit)
