"""What an Application's status says while an operation runs and after it, in Argo CD's shape.

Source: https://github.com/argoproj/argo-cd/blob/master/pkg/apis/application/v1alpha1/types.go (ApplicationStatus)
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import orjson

from bot.engine.conditions import conditions_of
from bot.engine.exclusions import EXCLUDED
from bot.engine.family import ORPHANED
from bot.engine.health import Assess, assess
from bot.engine.health.application import aggregate, judge
from bot.engine.hooks import is_hook, is_skipped, unknown_hook
from bot.engine.writes import ignores_extraneous
from bot.model.operations import OperationState, Phase
from bot.model.resources import ResourceKey

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.engine.sync.plan import SyncPlan
    from bot.model.applications import Application
    from bot.model.health import HealthStatus
    from bot.model.operations import Operation, TaskResult
    from bot.model.resources import JsonObject

_HISTORY: Final = 10
"""Argo CD's default for `revisionHistoryLimit`."""
UNKNOWN_HOOK: Final = "UnknownHookWarning"
"""Type of the condition about an object that is declared a hook and never runs; Argo CD has none for it."""
_MOST_WARNINGS: Final = 20
_ROOM: Final = 1_200_000
"""Bytes from which on a status is kept short. etcd takes 1.5 MiB an object, and the rest of it needs room as well."""
_FEW_WORDS: Final = 120
"""Characters of one object's message in a status that is kept short."""


@dataclass(frozen=True)
class Scene:
    """Everything a status is written from."""

    application: Application
    targets: Mapping[ResourceKey, JsonObject]
    live: Mapping[ResourceKey, JsonObject]
    plan: SyncPlan
    excluded: tuple[str, ...] = ()
    """What is declared and left alone, in words."""
    assess: Assess = assess
    """Judges what is live."""

    @cached_property
    def managed(self) -> dict[ResourceKey, JsonObject]:
        """The targets that are neither hooks nor skipped."""
        return {key: obj for key, obj in self.targets.items() if not is_hook(obj) and not is_skipped(obj)}

    @cached_property
    def health(self) -> HealthStatus:
        """How the application is, of all that it wants."""
        pairs = ((target, self.live.get(key)) for key, target in self.managed.items())
        members = (judge(target=target, live=live, assess=self.assess) for target, live in pairs)
        return aggregate(member for member in members if member is not None)


def status_patch(scene: Scene, state: OperationState, *, now: str) -> JsonObject:
    """Return the fields of `.status` that follow from the scene; a merge patch.

    Where there are too many objects to name each twice, once has to do: those of an operation that runs in its results
    as far as it has come, those of one that has ended in `resources`, and in its results what is worth a word.
    """
    if state.operation.is_partial:  # the rest of the application was not looked at: comparing it says how it is
        return {"operationState": state.to_wire()}
    patch = _full_patch(scene, state, now=now)
    whole = {**(scene.application.status or {}), **patch}
    return patch if len(orjson.dumps(whole)) < _ROOM else {**patch, **_shortened(patch, scene, state)}


def comparison_patch(scene: Scene, synced: frozenset[ResourceKey], operation: Operation, *, now: str) -> JsonObject:
    """Return what of `.status` a comparison finds otherwise than it is recorded; nothing where all is as it was.

    `synced` are the targets that are live as Git has them; `scene.plan` says what Git lacks. `operation` is the last.
    """
    recorded = scene.application.status or {}
    behind = any(key not in synced for key in scene.managed) or any(_counts(scene, key) for key in _lacking(scene))
    health = scene.health
    found: JsonObject = {
        "sync": {
            "status": "OutOfSync" if behind else "Synced",
            **operation.revisions_to_wire(),
            "comparedTo": _compared_to(scene.application) | _ignored(scene.application),
        },
        "health": {"status": health.status.value, "message": health.message or None},
        "resources": [*_managed_entries(scene, synced), *_left_entries(scene)],
    }
    if len(orjson.dumps({**recorded, **found})) >= _ROOM:
        found["resources"] = list(map(_without_words, found["resources"]))
    moved = {name: value for name, value in found.items() if not _is_recorded(value, recorded.get(name))}
    return moved and {**moved, "reconciledAt": now}


def _is_recorded(value: Any, recorded: Any) -> bool:
    """Whether a merge patch would leave a value as it is."""
    if isinstance(value, dict) and isinstance(recorded, dict):
        return all(_is_recorded(one, recorded.get(name)) for name, one in value.items())
    return bool(value == recorded)


def _full_patch(scene: Scene, state: OperationState, *, now: str) -> JsonObject:
    synced = state.phase is Phase.SUCCEEDED and not any(_counts(scene, key) for key, _ in scene.plan.kept)
    health = scene.health
    patch: JsonObject = {
        "operationState": state.to_wire(),
        "sync": {
            "status": "Synced" if synced else "OutOfSync",
            **state.operation.revisions_to_wire(),
            "comparedTo": _compared_to(scene.application) | _ignored(scene.application),
        },
        "health": {"status": health.status.value, "message": health.message or None},
        "conditions": [*_of_others(scene.application), *_warnings(scene, now=now)],
        "reconciledAt": now,
    }
    if state.attempted:  # also before another attempt, which forgets these results
        applied = frozenset(result.key for result in state.results if result.phase is not Phase.FAILED)
        patch["resources"] = [*_managed_entries(scene, applied), *_left_entries(scene)]
    elif unrecorded := _written_by_an_unended(scene, state):
        patch["resources"] = [*_recorded(scene), *unrecorded]
    if state.phase is Phase.SUCCEEDED:
        patch["history"] = _history(scene.application, state, now=now)
    return patch


def _counts(scene: Scene, key: ResourceKey) -> bool:
    """Whether an object that Git lacks makes the application out of sync."""
    return key not in scene.live or not ignores_extraneous(scene.live[key])


def _recorded(scene: Scene) -> list[Any]:
    listed = (scene.application.status or {}).get("resources")
    return listed if isinstance(listed, list) else []


def _written_by_an_unended(scene: Scene, state: OperationState) -> list[JsonObject]:
    """Return what stands in the results alone of an operation that never ended: this one's take their place."""
    before = OperationState.of_status(scene.application.status)
    if state.results or before is None or before.attempted:
        return []
    named = set(map(_key, _recorded(scene)))
    keys = (one.key for one in before.results if not one.hook and one.key not in named)
    return [_entry(key, scene.live[key]) for key in keys if key in scene.live]


def _shortened(patch: JsonObject, scene: Scene, state: OperationState) -> JsonObject:
    ended = state.attempted
    results = [_in_few_words(result) for result in state.results if not ended or _is_worth_a_word(result)]
    named = {result.key for result in results}
    current = map(_without_words, patch["resources"]) if ended else patch.get("resources", _recorded(scene))
    return {
        "operationState": replace(state, results=tuple(results)).to_wire(),
        "resources": [entry for entry in current if ended or _key(entry) not in named],
    }


def _in_few_words(result: TaskResult) -> TaskResult:
    return replace(result, message="" if result.phase is Phase.SUCCEEDED else result.message[:_FEW_WORDS])


def _is_worth_a_word(result: TaskResult) -> bool:
    return result.hook or result.phase is not Phase.SUCCEEDED or bool(result.differences)


def _without_words(entry: JsonObject) -> JsonObject:
    return {**entry, "health": {"status": entry["health"]["status"]}} if "health" in entry else entry


def _key(entry: Any) -> ResourceKey | None:
    if not isinstance(entry, dict):
        return None
    return ResourceKey(*(str(entry.get(name) or "") for name in ("group", "kind", "namespace", "name")))


def _warnings(scene: Scene, *, now: str) -> list[JsonObject]:
    """Return a condition for each hook that never runs: it is left out of everything else, as with Argo CD."""
    words = (f"{key} {words}" for key, obj in scene.targets.items() if (words := unknown_hook(obj)))
    told = [*((UNKNOWN_HOOK, one) for one in words), *((EXCLUDED, one) for one in scene.excluded)][:_MOST_WARNINGS]
    return [{"type": kind, "message": one, "lastTransitionTime": now} for kind, one in told]


def _of_others(application: Application) -> list[JsonObject]:
    """Return the conditions that no sync says anything about."""
    return [one for one in conditions_of(application.status) if one.get("type") == ORPHANED]


def failure_patch(application: Application, state: OperationState, *, now: str) -> JsonObject:
    """Return the fields of `.status` when what is wanted cannot even be found out."""
    if state.operation.is_partial:
        return {"operationState": state.to_wire()}
    condition = {"type": "ComparisonError", "message": state.message, "lastTransitionTime": now}
    return {
        "operationState": state.to_wire(),
        "sync": {"status": "Unknown", **state.operation.revisions_to_wire()},
        "conditions": [*_of_others(application), condition],
        "reconciledAt": now,
    }


def _compared_to(application: Application) -> JsonObject:
    spec = application.spec
    sources = [source.model_dump(by_alias=True, exclude_defaults=True, mode="json") for source in spec.sources]
    compared: JsonObject = {"destination": spec.destination.model_dump(exclude_defaults=True, mode="json")}
    if sources:
        return compared | {"sources": sources}
    source = spec.source.model_dump(by_alias=True, exclude_defaults=True, mode="json") if spec.source else {}
    return compared | {"source": source}


def _ignored(application: Application) -> JsonObject:
    """Return what differences were ignored; as part of a merge patch, so that nothing of an earlier list stays."""
    entries = application.spec.ignore_differences
    said = [one.model_dump(by_alias=True, exclude_defaults=True, mode="json") for one in entries]
    return {"ignoreDifferences": said or None}


def _managed_entries(scene: Scene, synced: frozenset[ResourceKey]) -> list[JsonObject]:
    entries = []
    for key, target in scene.managed.items():
        entry = _entry(key, target)
        entry["status"] = "Synced" if key in synced else "OutOfSync"
        live = scene.live.get(key)
        health = scene.assess(live) if live is not None else None
        if health is not None:
            entry["health"] = {"status": health.status.value} | ({"message": health.message} if health.message else {})
        entries.append(entry)
    return entries


def _left_entries(scene: Scene) -> list[JsonObject]:
    """Return what Git lacks and the cluster still has: whoever prunes later knows it from here alone."""
    return [
        _entry(key, scene.live[key]) | {"status": "OutOfSync", "requiresPruning": True}
        for key in _lacking(scene)
        if key in scene.live
    ]


def _lacking(scene: Scene) -> list[ResourceKey]:
    """Return what Git lacks: what stays, and what is to be pruned."""
    return [key for key, _ in scene.plan.kept] + [task.key for task in scene.plan.tasks if task.prune]


def _entry(key: ResourceKey, obj: JsonObject) -> JsonObject:
    version = str(obj.get("apiVersion", "")).rpartition("/")[2]
    entry: JsonObject = {"version": version, "kind": key.kind, "name": key.name}
    return entry | ({"group": key.group} if key.group else {}) | ({"namespace": key.namespace} if key.namespace else {})


def _history(application: Application, state: OperationState, *, now: str) -> list[JsonObject]:
    history = [entry for entry in (application.status or {}).get("history") or [] if isinstance(entry, dict)]
    number = int(history[-1].get("id", -1)) + 1 if history else 0
    entry = {
        "id": number,
        **{name: value for name, value in state.operation.revisions_to_wire().items() if value},
        "deployStartedAt": state.started_at,
        "deployedAt": now,
    }
    compared = {name: value for name, value in _compared_to(application).items() if name != "destination"}
    remembered, limit = [*history, entry | compared], application.spec.revision_history_limit
    return remembered[max(0, len(remembered) - (_HISTORY if limit is None else limit)) :]
