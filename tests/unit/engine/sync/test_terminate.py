"""What becomes of hooks when a person ends an operation."""

from __future__ import annotations

from typing import Any

import pytest

from bot.engine.hooks import HOOK, HOOK_DELETE_POLICY, OPERATION_ANNOTATION
from bot.engine.order import SyncPhase, Task
from bot.engine.sync.plan import operation_id
from bot.engine.sync.terminate import Termination, terminate
from bot.model.operations import Operation, OperationState, Phase, ResultCode, TaskResult
from bot.model.resources import JsonObject, ResourceKey

KEY = ResourceKey("batch", "Job", "shop", "migrate")
HOOK_RESULT = TaskResult(KEY, "v1", "PreSync", Phase.RUNNING, None, "started", hook=True)
APPLIED = TaskResult(ResourceKey("", "ConfigMap", "shop", "a"), "v1", "Sync", Phase.RUNNING, ResultCode.SYNCED)


def state(*results: TaskResult) -> OperationState:
    return OperationState(Operation("a" * 40, prune=True), Phase.TERMINATING, "", "2026-01-02T03:04:05Z", results)


def job(*, done: str = "", policy: str = "", mark: str = "") -> JsonObject:
    annotations = {HOOK: "PreSync", HOOK_DELETE_POLICY: policy, OPERATION_ANNOTATION: mark}
    conditions = [{"type": done, "status": "True", "message": "exit 1"}] if done else []
    metadata = {"name": "migrate", "namespace": "shop", "annotations": annotations}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "status": {"conditions": conditions}}


def ended(live: JsonObject | None, *results: TaskResult, tasks: tuple[Task, ...] = ()) -> Termination:
    return terminate(tasks, state(*(results or (HOOK_RESULT,))), {} if live is None else {KEY: live})


@pytest.mark.parametrize(
    ("live", "phase", "message", "deleted"),
    [
        (job(), Phase.FAILED, "Terminated", True),
        (job(policy="HookSucceeded"), Phase.FAILED, "Terminated", True),
        (job(done="Complete"), Phase.SUCCEEDED, None, False),
        (job(done="Complete", policy="HookFailed"), Phase.SUCCEEDED, None, True),
        (job(done="Failed"), Phase.FAILED, "exit 1", False),
        (job(done="Failed", policy="HookFailed"), Phase.FAILED, "exit 1", True),
        (None, Phase.FAILED, "Terminated", False),
    ],
)
def test_a_hook_that_runs_is_deleted_and_one_that_just_ended_keeps_its_end(
    live: Any, phase: Phase, message: str | None, *, deleted: bool
) -> None:
    termination = ended(live)
    (result,) = termination.results
    assert result.phase is phase
    assert message is None or result.message == message
    assert termination.unwanted == ((live,) if deleted else ())


def test_what_was_applied_stays_and_is_not_waited_for() -> None:
    assert ended(None, APPLIED) == Termination((APPLIED,), ())


def test_a_hook_that_ended_before_is_left_as_it_is() -> None:
    done = TaskResult(KEY, "v1", "PreSync", Phase.SUCCEEDED, None, hook=True)
    assert ended(job(done="Complete", policy="HookFailed"), done) == Termination((done,), ())


def test_a_hook_that_a_killed_worker_did_not_record_is_ended_too() -> None:
    live = job(mark=operation_id(state()))
    termination = ended(live, APPLIED, tasks=(Task(SyncPhase.PRE_SYNC, 0, KEY, live),))
    assert [one.phase for one in termination.results] == [Phase.RUNNING, Phase.FAILED]
    assert termination.unwanted == (live,)


def test_a_hook_of_an_earlier_operation_is_left() -> None:
    live = job(mark="earlier")
    assert ended(live, APPLIED, tasks=(Task(SyncPhase.PRE_SYNC, 0, KEY, live),)).unwanted == ()
