"""Whether, and when, an operation that failed is tried again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from bot.engine.sync.plan import operation_id
from bot.engine.sync.retry import after_attempt, deadline, next_attempt, retry_at, wait
from bot.engine.sync.start import is_overtaken, reason_to_wait
from bot.model.applications import Application
from bot.model.operations import Operation, OperationState, Phase, ResultCode, TaskResult
from bot.model.resources import ResourceKey
from bot.model.retry import Retry

STARTED, ENDED = "2026-01-02T15:04:00Z", "2026-01-02T15:04:05Z"
RESULT = TaskResult(ResourceKey("", "ConfigMap", "shop", "a"), "v1", "Sync", Phase.FAILED, ResultCode.SYNC_FAILED)
COMMIT = "a" * 40


def state(phase: Phase = Phase.FAILED, *, count: int = 0, message: str = "no", **retry: Any) -> OperationState:
    operation = Operation(COMMIT, prune=True, retry=Retry(**retry))
    return OperationState(operation, phase, message, STARTED, (RESULT,), ENDED, count)


@pytest.mark.parametrize(
    ("retry", "seconds"),
    [
        ({}, [5, 10, 20, 40, 80, 160, 180, 180]),
        ({"duration": "30", "factor": 1}, [30, 30, 30]),
        ({"duration": "1m30s", "max_duration": "2m"}, [90, 120, 120]),
        ({"duration": "1s", "factor": 3, "max_duration": "0"}, [1, 3, 9, 27, 81, 243, 729]),
        ({"duration": "soon", "max_duration": "-1s"}, [5, 10, 20, 40, 80, 160, 180]),
        ({"factor": -2}, [5, 0, 0]),
        ({"duration": "0"}, [0, 0]),
    ],
)
def test_who_fails_again_is_tried_later(retry: dict[str, Any], seconds: list[float]) -> None:
    assert [wait(Retry(limit=9, **retry), number) for number in range(1, len(seconds) + 1)] == seconds


def test_a_record_that_counts_no_attempt_stops_nobody() -> None:
    assert wait(Retry(factor=0), 0) == wait(Retry(factor=0), 1)


def test_no_wait_is_beyond_what_a_date_can_hold() -> None:
    patient = Retry(limit=-1, duration="9999999h", factor=10**12, max_duration="0")
    assert wait(patient, 10**9) == wait(patient, 1) == 30 * 86_400


LATER = state(limit=2, count=1, duration="1h", max_duration="1h")


@pytest.mark.parametrize(
    ("ended", "phase", "message"),
    [
        (state(limit=2), Phase.RUNNING, "no. Retrying attempt #1 at 3:04PM UTC."),
        (state(Phase.ERROR, limit=2), Phase.RUNNING, "no. Retrying attempt #1 at 3:04PM UTC."),
        (LATER, Phase.RUNNING, "no. Retrying attempt #2 at 4:04PM UTC."),
        (state(limit=2, count=2), Phase.FAILED, "no (retried 2 times)."),
        (state(limit=-1, count=99), Phase.RUNNING, "no. Retrying attempt #100 at 3:07PM UTC."),
        (state(), Phase.FAILED, "no"),
        (state(Phase.SUCCEEDED, limit=2), Phase.SUCCEEDED, "no"),
        (state(limit=2, message="held: a person"), Phase.FAILED, "held: a person"),
    ],
)
def test_a_failure_is_tried_again_as_often_as_is_asked_for(ended: OperationState, phase: Phase, message: str) -> None:
    after = after_attempt(ended)
    assert (after.phase, after.message) == (phase, message)
    assert after.rests == (phase is Phase.RUNNING)
    assert after.retry_count == ended.retry_count + after.rests
    assert after.results == (RESULT,)


def test_it_rests_from_the_end_of_the_attempt_before() -> None:
    ended = datetime.fromisoformat(ENDED).timestamp()
    assert retry_at(after_attempt(state(limit=5))) == ended + 5
    assert retry_at(after_attempt(state(limit=5, count=2))) == ended + 20


def test_another_attempt_begins_anew_at_the_same_revision() -> None:
    begun = next_attempt(after_attempt(state(limit=2)))
    assert (begun.phase, begun.results, begun.finished_at, begun.retry_count) == (Phase.RUNNING, (), "", 1)
    assert begun.message == "Retrying operation. Attempt #1"
    assert begun.operation.revision == COMMIT
    assert not begun.rests


def test_another_attempt_is_made_at_the_newest_revision_where_that_is_asked_for() -> None:
    begun = next_attempt(after_attempt(state(limit=2, refresh=True)))
    assert begun.operation.revision == ""
    assert begun.message == "Retrying operation with latest revisions. Attempt #1"


def test_hooks_of_the_attempt_before_are_not_those_of_this_one() -> None:
    first = state(limit=2)
    assert operation_id(next_attempt(after_attempt(first))) != operation_id(first)


def test_each_attempt_may_take_as_long_as_the_first() -> None:
    started = datetime.fromisoformat(STARTED).timestamp()
    assert deadline(state(), limit=600) == started + 600
    assert deadline(state(count=2), limit=600) == started + 1800 + 5 + 10
    assert deadline(state(count=10**9), limit=1) > started + 10**9


def test_a_strategy_is_read_as_it_was_written() -> None:
    some = Retry(limit=3, duration="1s", factor=1, max_duration="10s", refresh=True)
    assert Retry.parse(some.to_wire()) == some
    assert Retry.parse(Retry().to_wire()) == Retry()
    assert Retry.parse({"limit": 2, "backoff": None}) == Retry(limit=2)
    assert Retry.parse({"limit": "2", "backoff": {"factor": True}}) == Retry()


def application(waiting: OperationState, definition: str = "") -> Application:
    spec = {"destination": {"name": "prod"}, "source": {"repoURL": "x"}, "syncPolicy": {"automated": {}}}
    status, operation = {"operationState": waiting.to_wire()}, waiting.operation.to_wire()
    operation["info"] = status["operationState"]["operation"]["info"] = [{"name": "definition", "value": definition}]
    return Application.parse(
        {"metadata": {"name": "shop"}, "spec": spec, "status": status, "operation": operation}, home="argocd"
    )


def test_what_rests_gives_way_to_another_revision_or_definition_and_to_nothing_else() -> None:
    resting = after_attempt(state(limit=2))
    assert is_overtaken(application(resting), revision="b" * 40)
    assert is_overtaken(application(resting, "another"), revision=COMMIT)
    assert not is_overtaken(application(resting), revision=COMMIT)
    assert not is_overtaken(application(next_attempt(resting)), revision="b" * 40)
    assert reason_to_wait(application(resting), revision="b" * 40) == ""
    assert reason_to_wait(application(resting), revision=COMMIT) == "waits for the operation at aaaaaaa to end"
