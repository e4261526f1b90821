"""The next step of an operation."""

from __future__ import annotations

from typing import Any

from bot.engine.order import SyncPhase, Task
from bot.engine.sync.advance import SUCCEEDED, Finish, Run, Step, Wait, advance
from bot.model.operations import Phase, ResultCode, TaskResult
from bot.model.resources import JsonObject, ResourceKey


def key(name: str, kind: str = "ConfigMap") -> ResourceKey:
    return ResourceKey("batch" if kind == "Job" else "", kind, "shop", name)


def task(name: str, *, phase: SyncPhase = SyncPhase.SYNC, wave: int = 0, kind: str = "ConfigMap") -> Task:
    return Task(phase, wave, key(name, kind), {})


def result(
    name: str, state: Phase = Phase.RUNNING, *, kind: str = "ConfigMap", phase: SyncPhase = SyncPhase.SYNC, **more: Any
) -> TaskResult:
    fields: dict[str, Any] = {"code": ResultCode.SYNCED, "message": "configured"}
    return TaskResult(key(name, kind), "v1", str(phase), state, **fields | more)


def job(*, done: str = "") -> JsonObject:
    conditions = [{"type": done, "status": "True", "message": "exit 1"}] if done else []
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {}, "status": {"conditions": conditions}}


def config_map() -> JsonObject:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {}}


def ran(step: Step) -> list[str]:
    assert isinstance(step, Run)
    return [each.key.name for each in step.tasks]


def test_the_first_wave_of_the_first_phase_runs_first() -> None:
    hook = task("hook", phase=SyncPhase.PRE_SYNC)
    tasks = [hook, task("a"), task("b"), task("late", wave=1)]

    assert ran(advance(tasks, [], {}).step) == ["hook"]
    done = [result("hook", Phase.SUCCEEDED, phase=SyncPhase.PRE_SYNC)]
    assert ran(advance(tasks, done, {}).step) == ["a", "b"]


def test_a_wave_runs_on_where_a_worker_was_killed() -> None:
    assert ran(advance([task("a"), task("b")], [result("a")], {key("a"): config_map()}).step) == ["b"]


def test_what_is_left_of_a_wave_does_not_wait_for_its_others_to_be_healthy() -> None:
    tasks = [task("a", kind="Job"), task("deleted"), task("late", wave=1)]

    assert ran(advance(tasks, [result("a", kind="Job")], {key("a", "Job"): job()}).step) == ["deleted"]


def test_the_next_wave_waits_until_what_was_applied_is_healthy() -> None:
    tasks, applied = [task("a", kind="Job"), task("late", wave=1)], [result("a", kind="Job")]

    waiting = advance(tasks, applied, {key("a", "Job"): job()})
    assert isinstance(waiting.step, Wait)
    assert waiting.step.words.startswith("waiting for healthy state of Job shop/a")
    assert ran(advance(tasks, applied, {key("a", "Job"): job(done="Complete")}).step) == ["late"]


def test_the_last_wave_is_waited_for_as_well() -> None:
    tasks, applied = [task("a", kind="Job")], [result("a", kind="Job")]

    assert isinstance(advance(tasks, applied, {key("a", "Job"): job()}).step, Wait)
    finished = advance(tasks, applied, {key("a", "Job"): job(done="Complete")})
    assert finished.step == Finish(Phase.SUCCEEDED, SUCCEEDED)
    assert [each.phase for each in finished.results] == [Phase.SUCCEEDED]


def test_an_object_without_a_health_rule_is_healthy_once_it_is_there() -> None:
    assert advance([task("a")], [result("a")], {key("a"): config_map()}).step == Finish(Phase.SUCCEEDED, SUCCEEDED)


def test_nothing_to_do_is_done() -> None:
    assert advance([], [], {}).step == Finish(Phase.SUCCEEDED, SUCCEEDED)


def test_a_failed_object_ends_the_operation_with_its_message() -> None:
    failed = advance(
        [task("a", kind="Job"), task("b", wave=1)], [result("a", kind="Job")], {key("a", "Job"): job(done="Failed")}
    )

    assert failed.step == Finish(Phase.FAILED, "Job shop/a: exit 1")


def test_an_object_that_vanishes_is_an_error() -> None:
    assert advance([task("a")], [result("a")], {}).step == Finish(
        Phase.FAILED, "ConfigMap shop/a: is gone from the cluster though it was just applied"
    )


def test_several_failures_are_counted() -> None:
    failed = [result(name, Phase.FAILED, message="no") for name in "abc"]

    assert advance([], failed, {}).step == Finish(Phase.FAILED, "ConfigMap shop/a: no [and 2 more]")


def test_after_a_failure_nothing_else_is_applied_but_the_hooks_for_it() -> None:
    rescue = task("rescue", phase=SyncPhase.SYNC_FAIL, kind="Job")
    tasks, failed = [task("a"), task("b", wave=1), rescue], result("a", Phase.FAILED, message="no")
    assert ran(advance(tasks, [failed], {}).step) == ["rescue"]

    running = result("rescue", kind="Job", phase=SyncPhase.SYNC_FAIL, hook=True)
    waiting = advance(tasks, [failed, running], {key("rescue", "Job"): job()})
    assert waiting.step == Wait("waiting for completion of hook Job shop/rescue")
    ended = advance(tasks, [failed, running], {key("rescue", "Job"): job(done="Complete")})
    assert ended.step == Finish(Phase.FAILED, "ConfigMap shop/a: no")


def test_without_a_failure_the_hooks_for_it_do_not_run() -> None:
    assert advance([task("rescue", phase=SyncPhase.SYNC_FAIL)], [], {}).step == Finish(Phase.SUCCEEDED, SUCCEEDED)


def test_a_pruned_object_is_waited_for_until_it_is_gone() -> None:
    pruned = [result("a", code=ResultCode.PRUNED)]

    assert advance([], pruned, {key("a"): config_map()}).step == Wait("waiting for deletion of ConfigMap shop/a")
    assert advance([], pruned, {}).step == Finish(Phase.SUCCEEDED, SUCCEEDED)


def test_a_hook_of_unknown_health_has_failed() -> None:
    unknown = {"apiVersion": "v1", "kind": "Pod", "metadata": {}, "status": {"phase": "Unknown"}}
    step = advance([], [result("a", kind="Pod", hook=True)], {key("a", "Pod"): unknown}).step

    assert isinstance(step, Finish)
    assert step.phase is Phase.FAILED


def test_what_still_runs_at_the_deadline_has_failed() -> None:
    running = [result("a", code=ResultCode.PRUNED), result("b", kind="Job")]
    live = {key("a"): config_map(), key("b", "Job"): job()}
    seen = advance([], running, live, overdue="not healthy within 600 s").results

    assert [each.phase for each in seen] == [Phase.FAILED, Phase.FAILED]
    assert seen[0].message == "not healthy within 600 s: is being deleted"


def test_what_is_healthy_at_the_deadline_has_not_failed() -> None:
    live = {key("b", "Job"): job(done="Complete")}

    assert advance([], [result("b", kind="Job")], live, overdue="late").step == Finish(Phase.SUCCEEDED, SUCCEEDED)


def test_what_is_over_is_not_judged_again() -> None:
    done = [result("a", Phase.SUCCEEDED)]

    assert advance([task("a")], done, {}).results == tuple(done)
