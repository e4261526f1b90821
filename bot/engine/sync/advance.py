"""One step of a sync operation, decided from its recorded results and the live objects.

Nothing is kept in memory between steps, so any worker can go on where another was killed. Differs from Argo CD in one
rule (argo-cd `gitops-engine/pkg/sync/sync_context.go`): the last wave is waited for as well, so an operation that
succeeded means *Synced and Healthy* (`docs/decisions/0003-an-operation-ends-when-healthy.md`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeAlias

from bot.engine.health import Assess, assess
from bot.engine.health.application import IGNORE_HEALTHCHECK
from bot.engine.order import SyncPhase
from bot.model.health import Health, HealthStatus
from bot.model.operations import Phase, ResultCode, TaskResult
from bot.model.resources import ResourceKey, annotations_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.engine.order import Task
    from bot.model.resources import JsonObject

UNCHANGED: Final = "unchanged"
"""Begins the message of an object that was as wanted already."""
SUCCEEDED: Final = "successfully synced (all tasks run)"
"""Argo CD's words; scripts compare them verbatim."""


@dataclass(frozen=True, slots=True)
class Run:
    """Carry out these tasks, in order, then record what became of each."""

    tasks: tuple[Task, ...]


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do until one of the live objects changes."""

    words: str


@dataclass(frozen=True, slots=True)
class Finish:
    """The operation is over."""

    phase: Phase
    words: str


Step: TypeAlias = Run | Wait | Finish


@dataclass(frozen=True, slots=True)
class Progress:
    """Results brought up to date with the live objects, and what to do next."""

    results: tuple[TaskResult, ...]
    step: Step


def advance(
    tasks: Sequence[Task],
    results: Sequence[TaskResult],
    live: Mapping[ResourceKey, JsonObject],
    *,
    overdue: str = "",
    assess: Assess = assess,
) -> Progress:
    """Bring `results` up to date and choose the next step.

    `tasks` stand in the order they run in, by phase and wave. `overdue` is non-empty, with words, once the operation's
    deadline has passed: what still runs then has failed. `assess` judges what is live.
    """
    current = tuple(observed(result, live, assess, overdue=overdue) for result in results)
    done = {(result.sync_phase, result.key) for result in current}
    running = [result for result in current if not result.phase.completed]
    failed = [result for result in current if result.phase in {Phase.FAILED, Phase.ERROR}]
    pending = [task for task in tasks if (task.phase, task.key) not in done]
    ordinary = [task for task in pending if task.phase is not SyncPhase.SYNC_FAIL]
    rescue = [task for task in pending if task.phase is SyncPhase.SYNC_FAIL]
    if failed:
        return Progress(current, _after_failure(failed, running=running, rescue=rescue))
    if running:
        rest = _rest_of_the_wave(tasks, ordinary, running)
        return Progress(current, Run(rest) if rest else Wait(_waiting_words(running)))
    if ordinary:
        return Progress(current, Run(_first_group(ordinary)))
    return Progress(current, _ending(current, live, assess, overdue=overdue))


def _rest_of_the_wave(
    tasks: Sequence[Task], pending: Sequence[Task], running: Sequence[TaskResult]
) -> tuple[Task, ...]:
    """Return what is left of a wave that was interrupted or waited for a deletion: what was deleted must not stay away.

    Its others may take long to be healthy, or never be.
    """
    keys = {(result.sync_phase, result.key) for result in running} if pending else set()
    begun = {(task.phase, task.wave) for task in tasks if (task.phase, task.key) in keys}
    return tuple(task for task in pending if (task.phase, task.wave) in begun)


def _ending(
    current: Sequence[TaskResult], live: Mapping[ResourceKey, JsonObject], assess: Assess, *, overdue: str
) -> Step:
    """Succeed when everything that was applied is healthy now, not only was when its wave went by."""
    for result in current:
        health = _health(live.get(result.key), assess) if result.code is ResultCode.SYNCED else None
        if health is not None and health.status in _UNSETTLED:
            words = f"{result.key}: {health.message or health.status}"
            return (
                Finish(Phase.FAILED, f"{overdue}: {words}")
                if overdue
                else Wait(f"waiting for healthy state of {words}")
            )
    return Finish(Phase.SUCCEEDED, SUCCEEDED)


def _after_failure(failed: list[TaskResult], *, running: list[TaskResult], rescue: list[Task]) -> Step:
    """Let SyncFail hooks run to their end, then fail; objects that are merely unhealthy yet are not waited for."""
    rescuing = [result for result in running if result.sync_phase == SyncPhase.SYNC_FAIL]
    if rescuing:
        return Wait(_waiting_words(rescuing))
    if rescue:
        return Run(_first_group(rescue))
    first = failed[0]
    more = f" [and {len(failed) - 1} more]" if len(failed) > 1 else ""
    return Finish(Phase.FAILED, f"{first.key}: {first.message}{more}")


def _first_group(pending: Sequence[Task]) -> tuple[Task, ...]:
    first = pending[0]
    return tuple(task for task in pending if (task.phase, task.wave) == (first.phase, first.wave))


def _waiting_words(running: Sequence[TaskResult]) -> str:
    first = running[0]
    more = f" [and {len(running) - 1} more]" if len(running) > 1 else ""
    if first.code is ResultCode.PRUNED:
        return f"waiting for deletion of {first.key}{more}"
    if first.hook:
        return f"waiting for completion of hook {first.key}{more}"
    because = f": {first.message}" if first.message else ""
    return f"waiting for healthy state of {first.key}{because}{more}"


def observed(
    result: TaskResult, live: Mapping[ResourceKey, JsonObject], assess: Assess, *, overdue: str = ""
) -> TaskResult:
    """Bring one running result up to date; others stay as they are."""
    if result.phase.completed:
        return result
    obj = live.get(result.key)
    seen = _deletion(result, obj) if result.code is ResultCode.PRUNED else _condition(result, obj, assess)
    if seen.phase.completed or not overdue:
        return seen
    return replace(seen, phase=Phase.FAILED, message=f"{overdue}: {seen.message or 'not healthy'}")


def _deletion(result: TaskResult, obj: JsonObject | None) -> TaskResult:
    if obj is None:
        return replace(result, phase=Phase.SUCCEEDED, message="pruned")
    return replace(result, message="is being deleted")


def _condition(result: TaskResult, obj: JsonObject | None, assess: Assess) -> TaskResult:
    if obj is None:
        return replace(result, phase=Phase.ERROR, message="is gone from the cluster though it was just applied")
    health = _health(obj, assess)
    outcome = _HOOK_OUTCOME if result.hook else _OUTCOME
    phase = outcome.get(health.status, Phase.RUNNING)
    if phase is Phase.FAILED and result.message.startswith(UNCHANGED):
        # It was like this before the sync touched anything, and may recover by what else the sync brings.
        return replace(result, phase=Phase.RUNNING, message=f"{UNCHANGED}, {health.message}")
    return replace(result, phase=phase, message=health.message or result.message)


def _health(obj: JsonObject | None, assess: Assess) -> HealthStatus:
    """Judge an object as far as a sync has to wait for it."""
    if obj is None or annotations_of(obj).get(IGNORE_HEALTHCHECK) == "true":
        return HealthStatus(Health.HEALTHY)
    return assess(obj) or HealthStatus(Health.HEALTHY)


_UNSETTLED: Final = frozenset({Health.PROGRESSING, Health.DEGRADED})
_OUTCOME: Final = {Health.HEALTHY: Phase.SUCCEEDED, Health.DEGRADED: Phase.FAILED}
_HOOK_OUTCOME: Final = {Health.HEALTHY: Phase.SUCCEEDED, Health.DEGRADED: Phase.FAILED, Health.UNKNOWN: Phase.FAILED}
