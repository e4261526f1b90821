"""What a sync has to do, in order: derived anew at every step from Git, the cluster and the operation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from bot.engine.deletion import held_by, taken_along
from bot.engine.hooks import OPERATION_ANNOTATION, is_hook
from bot.engine.order import PRUNE_LAST, Task, order, phases_of
from bot.engine.writes import Pruning, Writes, approved
from bot.model.resources import JsonObject, ResourceKey, annotations_of, metadata_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.model.applications import Application, ApplicationSpec
    from bot.model.operations import Operation, OperationState

APPROVED: Final = "foresail.dev/approve"
"""On an Application: the revision for which a person allowed what was held."""

HOLD: Final = "foresail.dev/hold"
"""On an Application or its AppProject: `changed-plan` has a sync that would not do what its preview said wait."""
CHANGED_PLAN: Final = "changed-plan"
_MOST_NAMED: Final = 3


@dataclass(frozen=True, slots=True)
class SyncPlan:
    """The turns of one sync, and the objects that left Git but stay."""

    tasks: tuple[Task, ...]
    kept: tuple[tuple[ResourceKey, str], ...]
    """Objects that are not pruned, with Argo CD's words for why."""


def plan_sync(
    targets: Mapping[ResourceKey, JsonObject],
    extraneous: Iterable[JsonObject],
    *,
    state: OperationState,
    spec: ApplicationSpec,
) -> SyncPlan:
    """Order the targets and what is pruned of `extraneous`: live objects of this application that Git lacks.

    An operation that names its objects is about those alone, and runs no hook.
    """
    if state.operation.without_hooks:
        targets = {key: obj for key, obj in targets.items() if not is_hook(obj)}
    if state.operation.resources:
        is_about = state.operation.is_about
        targets = {key: obj for key, obj in targets.items() if is_about(key) and not is_hook(obj)}
        extraneous = [obj for obj in extraneous if is_about(ResourceKey.of(obj))]
    writes = Writes.of(spec)
    pruned: list[JsonObject] = []
    kept: list[tuple[ResourceKey, str]] = []
    for obj in extraneous:
        if writes.pruning(obj) is Pruning.KEPT:
            kept.append((ResourceKey.of(obj), "ignored (no prune)"))
        elif not state.operation.prune:
            kept.append((ResourceKey.of(obj), "ignored (requires pruning)"))
        else:
            pruned.append(obj)
    named = [_as_hook(obj, state) if is_hook(obj) else obj for obj in targets.values()]
    tasks = order(named, pruned=pruned, prune_last=spec.has_option(PRUNE_LAST))
    return SyncPlan(tuple(tasks), tuple(kept))


def not_there(operation: Operation, plan: SyncPlan) -> str:
    """Return why an operation that names its objects cannot be carried out, nothing when it can.

    What somebody has put back may have left Git since.
    """
    if operation.heals:
        return ""
    found = {task.key: "" for task in plan.tasks} | dict(plan.kept)
    for named in operation.resources:
        words = [one for key, one in found.items() if named in {key, replace(key, namespace="")}]
        if not words:
            return f"{named} is neither in Git nor among what the application has, or it is a hook"
        if all(words):
            return f"{named}: {words[0]}"
    return ""


def operation_id(state: OperationState) -> str:
    """Return what tells one attempt at an operation of an application from every other."""
    attempt = f"-{state.retry_count}" if state.retry_count else ""
    return f"{state.operation.revision[:12]}-{state.started_at}{attempt}"


def made_by(obj: JsonObject, state: OperationState) -> bool:
    """Whether a live hook was created by this operation."""
    return annotations_of(obj).get(OPERATION_ANNOTATION) == operation_id(state)


def mass_deletion(plan: SyncPlan, live: Mapping[ResourceKey, JsonObject], *, percent: int) -> str:
    """Return why a person has to look first, or nothing: the sync would delete too large a share of the application.

    An Application counts with the objects that it has, where they go with it, or stay.
    """
    managed = [task for task in plan.tasks if not is_hook(task.obj)]
    deletions = sum(1 + taken_along(task.obj) for task in managed if task.prune)
    objects = len(managed) + sum(held_by(live.get(task.key)) for task in managed)
    return deletes_too_much(deletions, objects, percent=percent)


def unconfirmed(tasks: Iterable[Task], application: Application, *, since: str) -> str:
    """Return for which deletion a wave waits until a person approves (`Prune=confirm`), all of it and without deadline.

    `since` is when the operation was started, RFC 3339: what was approved before counts for an earlier one.
    """
    writes = Writes.of(application.spec)
    waiting = [task.key for task in tasks if task.prune and writes.pruning(task.obj) is Pruning.CONFIRMED]
    if not waiting or approved(application, since=since):
        return ""
    first = waiting[0]
    more = f" and {len(waiting) - 1} more resources" if len(waiting) > 1 else ""
    return f"waiting for pruning confirmation of {first.group}/{first.kind}/{first.name}{more}"


def changed_plan(moved: Mapping[ResourceKey, tuple[str, ...]]) -> str:
    """Return why a person has to look first, or nothing: objects by what would be different about them."""
    if not moved:
        return ""
    named = [f"{key} ({', '.join(fields)})" for key, fields in sorted(moved.items())[:_MOST_NAMED]]
    more = f" and {len(moved) - _MOST_NAMED} more" if len(moved) > _MOST_NAMED else ""
    return f"the sync would not do what its preview said: {', '.join(named)}{more}"


def held(words: str, *, application_annotations: Mapping[str, str], revision: str) -> str:
    """Return the words of an operation that waits for a person, nothing once one has allowed it."""
    if not words or application_annotations.get(APPROVED) == revision:
        return ""
    return f"held: {words}; a person allows it by the annotation {APPROVED}: {revision}"


def deletes_too_much(deletions: int, objects: int, *, percent: int) -> str:
    """Return the words for a sync that deletes more than `percent` of all its objects, nothing for any other."""
    if deletions * 100 <= percent * objects:
        return ""
    return f"the sync would delete {deletions} of {objects} objects, more than {percent} %"


def _as_hook(obj: JsonObject, state: OperationState) -> JsonObject:
    """Mark a hook as this operation's, and name one that has only a `generateName`.

    The name is made from revision, phase and start as in Argo CD, so that a resumed operation finds what it created.
    """
    metadata = dict(metadata_of(obj))
    metadata["annotations"] = {**annotations_of(obj), OPERATION_ANNOTATION: operation_id(state)}
    if not metadata.get("name"):
        prefix = metadata.pop("generateName", "")
        phase = "-".join(str(phase) for phase in phases_of(obj)).lower()
        started = int(datetime.fromisoformat(state.started_at).timestamp())
        metadata["name"] = f"{prefix}{state.operation.revision[:7]}-{phase}-{started}"
    return {**obj, "metadata": metadata}
