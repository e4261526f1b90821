"""What becomes of an operation's hooks when a person ends it.

Source: argo-cd `gitops-engine/pkg/sync/sync_context.go` (`Terminate`, `terminateHooksPreemptively`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from bot.engine.health import Assess, assess
from bot.engine.hooks import HookDeletePolicy, delete_policies_of, is_hook
from bot.engine.sync.advance import observed
from bot.engine.sync.plan import made_by
from bot.model.operations import Phase, TaskResult

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from bot.engine.order import Task
    from bot.model.operations import OperationState
    from bot.model.resources import JsonObject, ResourceKey

TERMINATED: Final = "Operation terminated"
"""Argo CD's words; scripts compare them verbatim."""
_ENDED: Final = "Terminated"


@dataclass(frozen=True, slots=True)
class Termination:
    """How an operation ends that a person ended."""

    results: tuple[TaskResult, ...]
    unwanted: tuple[JsonObject, ...]
    """Live hooks that are to be deleted: those that still run, and those whose policy says so when a sync fails."""


def terminate(
    tasks: Iterable[Task], state: OperationState, live: Mapping[ResourceKey, JsonObject], *, assess: Assess = assess
) -> Termination:
    """End the hooks of an operation that run; what was applied stays as it is, and is not waited for.

    A hook that ended just now keeps its own end. One that a killed worker created and did not record is found by its
    mark.
    """
    results: list[TaskResult] = []
    unwanted: list[JsonObject] = []
    for result in (*state.results, *_unrecorded(tasks, state, live)):
        if not result.hook or result.phase.completed:
            results.append(result)
            continue
        current, seen = live.get(result.key), observed(result, live, assess)
        ended = current is not None and seen.phase.completed
        results.append(seen if ended else replace(result, phase=Phase.FAILED, message=_ENDED))
        if current is not None and (not ended or HookDeletePolicy.HOOK_FAILED in delete_policies_of(current)):
            unwanted.append(current)
    return Termination(tuple(results), tuple(unwanted))


def _unrecorded(
    tasks: Iterable[Task], state: OperationState, live: Mapping[ResourceKey, JsonObject]
) -> Iterator[TaskResult]:
    known = {result.key for result in state.results if result.hook}
    for task in tasks:
        current = live.get(task.key)
        if current is not None and task.key not in known and is_hook(task.obj) and made_by(current, state):
            known.add(task.key)
            version = str(task.obj.get("apiVersion", "")).rpartition("/")[2]
            yield TaskResult(task.key, version, str(task.phase), Phase.RUNNING, None, hook=True)
