"""One application while it is being predicted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from bot.engine.coming import decides
from bot.engine.deletion import CASCADE, POST_DELETE_HOOKS, PRE_DELETE_HOOKS, cascades
from bot.engine.diff.equality import same
from bot.engine.hooks import HookType, hooks_of
from bot.model.resources import JsonObject, ResourceKey
from bot.prediction.desired import Desired
from bot.prediction.lasting import disturbs
from bot.prediction.questions import Question
from bot.prediction.recorded import recorded
from bot.preview.redaction import secrets_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.model.applications import Application
    from bot.model.predictions import ResourceStates
    from bot.preview.affected import Candidate

_WIPES: Final = "would delete all of its objects and allowEmpty is not set: somebody has to sync it"


@dataclass(slots=True)
class Work:
    """One application while it is being predicted."""

    candidate: Candidate
    base: Desired
    head: Desired
    states: dict[ResourceKey, ResourceStates] = field(default_factory=dict)
    _secrets: frozenset[str] | None = None
    _recorded: dict[ResourceKey, JsonObject] | None = None

    @property
    def secrets(self) -> frozenset[str]:
        """The values that nobody may be shown, once it is predicted."""
        if self._secrets is None:
            self._secrets = secrets_of(self._objects())
        return self._secrets

    def _objects(self) -> Iterator[JsonObject]:
        for states in self.states.values():
            yield from (side.manifest for side in (states.base, states.head) if side is not None)
            yield from (one for one in (states.live, states.ending) if one is not None)

    @property
    def recorded(self) -> dict[ResourceKey, JsonObject]:
        """What the application had when it was last looked at, as far as its project still permits it."""
        if self._recorded is None:
            fence = (self.base if self.candidate.head is None else self.head).fence
            self._recorded = {key: one for key, one in recorded(self.application).items() if fence.permits(key)}
        return self._recorded

    @property
    def looked_at(self) -> list[JsonObject]:
        """Something with a name for every object to be read: targets of both sides, and what was managed last."""
        return [*self.base.targets.objects.values(), *self.head.targets.objects.values(), *self.recorded.values()]

    @property
    def disturbs(self) -> bool:
        """Whether something that comes, goes or changes can matter to other applications."""
        head = self.head.targets.objects
        gone = ((key, obj) for key, obj in self.base.targets.objects.items() if key not in head)
        return any(disturbs(key, obj) for key, obj in (*self.altered(), *gone))

    @property
    def application(self) -> Application:
        """The application with the change, or without it when the change removes it."""
        return self.candidate.either

    @property
    def failure(self) -> str:
        """Why nothing can be said about its objects."""
        if self.head.failure or self.candidate.head is not None:
            return self.head.failure
        return f"as the target branch has it: {self.base.failure}" if self.base.failure else ""

    @property
    def repair(self) -> tuple[str, ...]:
        """What is to be known when only the target branch cannot be rendered: the change may be what mends it."""
        if not self.base.failure or self.failure:
            return ()
        return (f"compared with the cluster, because the target branch cannot be rendered: {self.base.failure}",)

    @property
    def asks_for_all(self) -> bool:
        """Whether the change removes the application, and a finalizer asks for all of its objects to be deleted."""
        gone = self.candidate.base if self.candidate.head is None else None
        return gone is not None and cascades(gone.finalizers)

    @property
    def farewell(self) -> tuple[str, ...]:
        """What becomes of an application that the change removes, when its finalizers ask for more."""
        gone = self.candidate.base if self.candidate.head is None else None
        if gone is None:
            return ()
        who = "Argo CD" if self.base.writes.by_argo_cd else "Foresail"
        words = [f"its finalizer {CASCADE} has {who} delete its objects"] if self.asks_for_all else []
        around = {PRE_DELETE_HOOKS: (HookType.PRE_DELETE, "before"), POST_DELETE_HOOKS: (HookType.POST_DELETE, "after")}
        for finalizer, (kind, when) in around.items():
            hooks = [str(key) for key, obj in self.base.targets.objects.items() if kind in hooks_of(obj)]
            if finalizer in gone.finalizers and hooks:
                words.append(f"{when} that its {kind} hooks run: {', '.join(hooks)}")
        return tuple(words)

    @property
    def emptied(self) -> tuple[str, ...]:
        """What an Argo CD does about an application that would lose all of its objects: it leaves them to a person.

        Source: argo-cd `controller/appcontroller.go`, autoSync.
        """
        head = self.candidate.head
        if head is None or self.failure or self.head.targets.objects or not self.head.writes.by_argo_cd:
            return ()
        automated = head.spec.sync_policy.automated
        if not head.spec.automated or automated is None or not automated.prune or automated.allow_empty:
            return ()
        return (f"Argo CD does not sync it by itself, as that {_WIPES}",) if self.states else ()

    def altered(self) -> Iterator[tuple[ResourceKey, JsonObject]]:
        """Yield what the merge result has and the target branch has not, or not so."""
        base = self.base.targets.objects
        for key, manifest in self.head.targets.objects.items():
            if key not in base or not same(base[key], manifest):
                yield key, manifest

    def altered_rules(self) -> Iterator[ResourceKey]:
        """Yield what decides about other objects and is to decide otherwise."""
        base = self.base.targets.objects
        for key, manifest in self.altered():
            if not same(decides(base.get(key)), decides(manifest)):
                yield key

    def at_once(self) -> Iterator[Question]:
        """Yield of what is altered that of which a sync sends the same whatever is live, as far as anybody knows."""
        for key, manifest in self.altered():
            question = Question.of(key, self.head)
            if not self.head.ignored.keeps(manifest) and not question.how.depends_on_live:
                yield question

    def questions(self, live: Mapping[ResourceKey, JsonObject]) -> Iterator[Question]:
        """Yield what there is to be known of the objects of both sides."""
        for side in (self.base, self.head):
            for key in side.targets.objects:
                yield Question.of(key, side, live.get(key))

    def refuse_shared(self, live: Mapping[ResourceKey, JsonObject], *, instance: str) -> None:
        """Give up on what a sync would not even begin, as it shares an object with another application."""
        if self.candidate.head is None:
            return
        objects = (live[key] for key in self.head.targets.objects if key in live)
        if words := self.head.writes.shared(self.candidate.head, instance, objects):
            self.head = self.head.failed(words)
