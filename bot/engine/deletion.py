"""What deleting an Application does: which of its objects go, in which order, and what runs before and after.

The finalizers of an Application say what is still to be done, and each is taken away once its part is: whoever comes
next goes on there. The same rules tell a preview what becomes of the objects.
Source: argo-cd `controller/appcontroller.go` (`finalizeApplicationDeletion`), `controller/hook.go`,
`controller/sort_delete.go`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeAlias

from bot.engine.conditions import conditions_of, conditions_saying
from bot.engine.health import Assess, assess
from bot.engine.hooks import OPERATION_ANNOTATION, HookDeletePolicy, HookType, delete_policies_of, hooks_of
from bot.engine.order import wave_of
from bot.engine.tracking import owner_of
from bot.engine.writes import DELETION_APPROVED, Pruning, Writes
from bot.model.health import Health
from bot.model.resources import JsonObject, ResourceKey, annotations_of, metadata_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

CASCADE: Final = "resources-finalizer.argocd.argoproj.io"
"""Finalizer that has an Application's objects deleted with it."""
BACKGROUND: Final = f"{CASCADE}/background"
"""The same, and what depends on these objects may go later."""
_CASCADES: Final = frozenset({CASCADE, f"{CASCADE}/foreground", BACKGROUND})
PRE_DELETE_HOOKS: Final = "pre-delete-finalizer.argocd.argoproj.io"
POST_DELETE_HOOKS: Final = "post-delete-finalizer.argocd.argoproj.io"
_CLEANUP: Final = "/cleanup"

DELETION_ERROR: Final = "DeletionError"
"""Type of the condition that says why a deletion does not go on, as in Argo CD."""
DELETION_IN_PROGRESS: Final = "DeletionInProgress"
"""Type of the condition that says how far a deletion has come; Argo CD has none for it."""

_APPLICATION: Final = ("argoproj.io", "Application")
_DEFINITION: Final = ("apiextensions.k8s.io", "CustomResourceDefinition")
_MOST_FINALIZERS: Final = 5
_MOST_KEPT: Final = 10


class Stage(Enum):
    """Parts of a deletion in their order; the values are the finalizers that ask for each."""

    PRE_DELETE = frozenset({PRE_DELETE_HOOKS})
    CASCADE = _CASCADES
    POST_DELETE = frozenset({POST_DELETE_HOOKS})
    PRE_DELETE_CLEANUP = frozenset({PRE_DELETE_HOOKS + _CLEANUP})
    POST_DELETE_CLEANUP = frozenset({POST_DELETE_HOOKS + _CLEANUP})

    @property
    def hook(self) -> HookType:
        """The type of the hooks that the stage is about; of the cascade it means nothing."""
        before = self in {Stage.PRE_DELETE, Stage.PRE_DELETE_CLEANUP}
        return HookType.PRE_DELETE if before else HookType.POST_DELETE


OURS: Final = frozenset[str]().union(*(stage.value for stage in Stage))
"""Every finalizer that a deletion acts on, and none of anybody else's."""


@dataclass(frozen=True, slots=True)
class Create:
    """Create these hooks; their names are to be recorded before."""

    hooks: tuple[JsonObject, ...]


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete these objects, exactly those that were looked at."""

    objects: tuple[JsonObject, ...]
    propagation: str
    words: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do until something changes."""

    words: str


@dataclass(frozen=True, slots=True)
class Blocked:
    """A person has to do something before it can go on."""

    words: str


@dataclass(frozen=True, slots=True)
class Done:
    """The stage is over: its finalizers may go."""

    words: str


Step: TypeAlias = Create | Delete | Wait | Blocked | Done


def cascades(finalizers: Iterable[str]) -> bool:
    """Whether finalizers ask for an Application's objects to be deleted with it."""
    return not _CASCADES.isdisjoint(finalizers)


def stage_of(finalizers: Iterable[str]) -> Stage | None:
    """Return what a deletion is at; None when nothing of it is ours to do."""
    left = frozenset(finalizers)
    return next((stage for stage in Stage if not left.isdisjoint(stage.value)), None)


def held_by(live: JsonObject | None) -> int:
    """Return how many objects a live Application has, as it has recorded them; none for any other object."""
    key = ResourceKey.of(live) if live is not None else None
    if live is None or key is None or (key.group, key.kind) != _APPLICATION:
        return 0
    status = live.get("status")
    resources = status.get("resources") if isinstance(status, dict) else None
    return len(resources) if isinstance(resources, list) else 0


def taken_along(live: JsonObject | None) -> int:
    """Return how many objects go with a live object that is deleted: those of an Application that asks for it, at most.

    Some of them may be kept by their own options; of the objects of its children nothing is known here.
    """
    finalizers = metadata_of(live or {}).get("finalizers")
    return held_by(live) if isinstance(finalizers, list) and cascades(map(str, finalizers)) else 0


def propagation_of(finalizers: Iterable[str]) -> str:
    """Return what Kubernetes is to do with dependents; the first finalizer that says so counts."""
    first = next((name for name in finalizers if name in _CASCADES), CASCADE)
    return "Background" if first == BACKGROUND else "Foreground"


def propagated(*, background: bool) -> str:
    """Return the finalizer that asks for an Application's objects to be deleted with it."""
    return BACKGROUND if background else CASCADE


def with_hook_finalizers(finalizers: tuple[str, ...], targets: Iterable[JsonObject]) -> tuple[str, ...]:
    """Return an Application's finalizers with those that its hooks around a deletion ask for, and without the others.

    The same where nothing is to change.
    """
    types = frozenset[HookType]().union(*(hooks_of(obj) for obj in targets))
    asked = {HookType.PRE_DELETE: PRE_DELETE_HOOKS, HookType.POST_DELETE: POST_DELETE_HOOKS}
    wanted = [name + part for kind, name in asked.items() if kind in types for part in ("", _CLEANUP)]
    every = {name + part for name in asked.values() for part in ("", _CLEANUP)}
    kept = [name for name in finalizers if name not in every or name in wanted]
    return (*kept, *(name for name in wanted if name not in kept))


def fate(live: JsonObject, *, instance: str, writes: Writes) -> Pruning:
    """Return what becomes of a live object when the application `instance` is deleted with all it manages.

    What another application tracks, or none, stays; so does a definition: every object of its kind would go with it.
    """
    key = ResourceKey.of(live)
    if owner_of(live) != instance or (key.group, key.kind) == _DEFINITION:
        return Pruning.KEPT
    return writes.deletion(live)


@dataclass(frozen=True, slots=True)
class Cascade:
    """How the objects of an application are deleted with it."""

    instance: str
    own: ResourceKey
    """The Application itself: one that declares itself must not delete itself first."""
    writes: Writes
    approved: bool
    """Whether a person has approved of what waits for that."""
    propagation: str

    def step(self, live: Iterable[JsonObject]) -> Step:
        """Choose what is deleted next among live objects: the highest wave, all of it, each wave gone before the next.

        As long as something waits for a person's approval nothing goes at all, as in Argo CD.
        """
        fates = [(obj, self._fate(obj)) for obj in live]
        going = [obj for obj, becomes in fates if becomes is not Pruning.KEPT]
        if not going:
            return Done(_farewell(obj for obj, becomes in fates if becomes is Pruning.KEPT))
        asking = [obj for obj, becomes in fates if becomes is Pruning.CONFIRMED and not _is_going(obj)]
        if asking and not self.approved:
            told = _counted(f"deletion confirmation of {ResourceKey.of(asking[0])}", asking)
            return Wait(f"waiting for {told}; a person gives it by the annotation {DELETION_APPROVED}: <now>")
        highest = max(map(wave_of, going))
        wave = [obj for obj in going if wave_of(obj) == highest]
        untouched = tuple(obj for obj in wave if not _is_going(obj))
        left = f"{len(going)} left"
        if untouched:
            return Delete(untouched, self.propagation, f"deleting {len(untouched)} objects of wave {highest}, {left}")
        first = wave[0]
        more = f"{_counted(str(ResourceKey.of(first)), wave)}{_held_up(first)}"
        return Wait(f"waiting for deletion of {more}; {left}")

    def _fate(self, live: JsonObject) -> Pruning:
        if ResourceKey.of(live) == self.own:
            return Pruning.KEPT
        return fate(live, instance=self.instance, writes=self.writes)


@dataclass(frozen=True, slots=True)
class Hooks:
    """The hooks of one stage, and by what those are known that this deletion has created."""

    instance: str
    uid: str
    """Of the Application: one of the same name that was deleted earlier had another."""
    revision: str
    """What Git has the hooks from; one that failed runs again once that has moved."""

    def named(self, targets: Iterable[JsonObject], kind: HookType) -> list[JsonObject]:
        """Return the hooks of a type, marked as this deletion's, with a name that is the same at every look."""
        return [self._marked(obj, kind) for obj in targets if kind in hooks_of(obj)]

    def step(self, hooks: Sequence[JsonObject], live: Mapping[ResourceKey, JsonObject], judge: Assess = assess) -> Step:
        """Choose what to do about hooks as `named` returns them: wave by wave, each healthy before the next."""
        for wave in sorted(set(map(wave_of, hooks))):
            step = self._wave([obj for obj in hooks if wave_of(obj) == wave], live, judge)
            if step is not None:
                return step
        return Done("all hooks have run")

    def _wave(self, hooks: Sequence[JsonObject], live: Mapping[ResourceKey, JsonObject], judge: Assess) -> Step | None:
        there = [(ResourceKey.of(obj), live.get(ResourceKey.of(obj))) for obj in hooks]
        known = [obj for _, obj in there if obj is not None]
        foreign = [obj for obj in known if owner_of(obj) != self.instance]
        if foreign:
            return Blocked(f"{ResourceKey.of(foreign[0])} exists already, and is not an object of this application")
        stale = [obj for obj in known if self._is_stale(obj, judge)]
        if stale:
            words = f"deleting {_counted(f'{ResourceKey.of(stale[0])} of an earlier run', stale)}"
            return Delete(tuple(stale), "Background", words)
        going = [obj for obj in known if _is_going(obj)]
        if going:
            return Wait(f"waiting for deletion of hook {ResourceKey.of(going[0])}{_held_up(going[0])}")
        missing = tuple(obj for obj in hooks if live.get(ResourceKey.of(obj)) is None)
        return Create(missing) if missing else _outcome(known, judge)

    def _is_stale(self, live: JsonObject, judge: Assess) -> bool:
        """Whether a live hook is another deletion's, or has failed as Git had it before."""
        uid, _, revision = str(annotations_of(live).get(OPERATION_ANNOTATION, "")).partition(":")
        if _is_going(live):
            return False
        return uid != self.uid or (revision != self.revision and _health(live, judge)[0] in _FAILED)

    def _marked(self, obj: JsonObject, kind: HookType) -> JsonObject:
        metadata = dict(metadata_of(obj))
        metadata["annotations"] = {**annotations_of(obj), OPERATION_ANNOTATION: f"{self.uid}:{self.revision}"}
        if not metadata.get("name"):
            metadata["name"] = f"{metadata.pop('generateName', '')}{str(kind).lower()}-{self.uid[:8]}"
        return {**obj, "metadata": metadata}


def cleanup_step(live: Iterable[JsonObject], instance: str, kind: HookType, judge: Assess = assess) -> Step:
    """Choose which hooks of a type are deleted after their stage: those whose policy says so."""
    hooks = [obj for obj in live if kind in hooks_of(obj) and owner_of(obj) == instance]
    failed = any(_health(obj, judge)[0] in _FAILED for obj in hooks)
    due = HookDeletePolicy.HOOK_FAILED if failed else HookDeletePolicy.HOOK_SUCCEEDED
    going = [obj for obj in hooks if due in delete_policies_of(obj)]
    untouched = tuple(obj for obj in going if not _is_going(obj))
    if untouched:
        return Delete(untouched, "Background", f"deleting {len(untouched)} hooks that have run")
    if going:
        return Wait(f"waiting for deletion of hook {ResourceKey.of(going[0])}{_held_up(going[0])}")
    return Done("nothing is left to be done")


def is_of_deletion(condition: JsonObject) -> bool:
    """Whether a condition says how a deletion goes."""
    return condition.get("type") in (DELETION_ERROR, DELETION_IN_PROGRESS)


def is_blocked(status: JsonObject | None) -> bool:
    """Whether an Application's status says that its deletion does not go on by itself."""
    return any(one.get("type") == DELETION_ERROR for one in conditions_of(status))


def conditions_with(status: JsonObject | None, *, kind: str, words: str, now: str) -> JsonObject:
    """Return a merge patch of `.status` that says how a deletion goes; empty where it says so already."""
    return conditions_saying(status, is_of_deletion, kind=kind, words=words, now=now)


def _outcome(hooks: Sequence[JsonObject], judge: Assess) -> Step | None:
    judged = [(ResourceKey.of(obj), *_health(obj, judge)) for obj in hooks]
    failed = [f"{key}: {words or health.value}" for key, health, words in judged if health in _FAILED]
    if failed:
        more = f" [and {len(failed) - 1} more]" if len(failed) > 1 else ""
        return Blocked(
            f"hook {failed[0]}{more}; it runs again when Git has moved, or when somebody has deleted what failed"
        )
    running = [key for key, health, _ in judged if health is not Health.HEALTHY]
    return Wait(f"waiting for completion of hook {_counted(str(running[0]), running)}") if running else None


def _health(obj: JsonObject, judge: Assess) -> tuple[Health, str]:
    found = judge(obj)
    return (found.status, found.message) if found is not None else (Health.HEALTHY, "")


def _is_going(obj: JsonObject) -> bool:
    return bool(metadata_of(obj).get("deletionTimestamp"))


def _held_up(obj: JsonObject) -> str:
    """Say what holds an object that is being deleted: its finalizers, and what a namespace says is left in it."""
    finalizers = metadata_of(obj).get("finalizers")
    names = [str(name) for name in finalizers if name != _FOREGROUND] if isinstance(finalizers, list) else []
    said = [f"held by {', '.join(names[:_MOST_FINALIZERS])}"] if names else []
    status = obj.get("status")
    conditions = status.get("conditions") if isinstance(status, dict) else None
    if obj.get("kind") == "Namespace" and isinstance(conditions, list):
        told = (one for one in conditions if isinstance(one, dict) and one.get("status") == "True")
        said += [str(one.get("message") or one.get("type")) for one in told]
    return f" ({'; '.join(said)})" if said else ""


def _farewell(kept: Iterable[JsonObject]) -> str:
    names = sorted(str(ResourceKey.of(obj)) for obj in kept)
    if not names:
        return "its objects are gone"
    more = f" and {len(names) - _MOST_KEPT} more" if len(names) > _MOST_KEPT else ""
    return f"its objects are gone, but for what stays: {', '.join(names[:_MOST_KEPT])}{more}"


def _counted(first: str, things: Sequence[object]) -> str:
    return f"{first} [and {len(things) - 1} more]" if len(things) > 1 else first


_FOREGROUND: Final = "foregroundDeletion"
"""Kubernetes' own finalizer: it waits for what depends on an object, and then lets it go."""
_FAILED: Final = frozenset({Health.DEGRADED, Health.UNKNOWN})
