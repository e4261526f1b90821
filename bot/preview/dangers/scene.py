"""What a rule looks at: one object, and around it its application as it is and as it will be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from bot.engine.hooks import is_hook
from bot.engine.order import phases_of
from bot.model.reports import Action, ApplicationReport, ResourceReport
from bot.model.resources import ResourceKey
from bot.preview.dangers.knowledge import Knowledge
from bot.preview.dangers.workloads import Workload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.model.predictions import Prediction, ResourceStates
    from bot.model.resources import JsonObject

_GOES = frozenset({Action.PRUNE, Action.REPLACE})


@dataclass(frozen=True)
class World:
    """The objects of one application at one time; hooks are not among them, they come and go with each sync."""

    objects: Mapping[ResourceKey, JsonObject]

    def of(self, group: str, kind: str) -> Iterator[tuple[ResourceKey, JsonObject]]:
        """Yield the objects of a kind."""
        return ((key, obj) for key, obj in self.objects.items() if (key.group, key.kind) == (group, kind))

    @cached_property
    def workloads(self) -> tuple[Workload, ...]:
        """What runs pods."""
        return tuple(found for obj in self.objects.values() if (found := Workload.of(obj)) is not None)

    def running(self, namespace: str) -> Iterator[Workload]:
        """Yield what runs pods in a namespace."""
        return (each for each in self.workloads if each.key.namespace == namespace)


@dataclass(frozen=True)
class Scene:
    """One application of a change."""

    report: ApplicationReport
    states: Mapping[ResourceKey, ResourceStates]
    knowledge: Knowledge = field(default_factory=Knowledge)
    percent: int = 100
    """Share of the application from which on its deletion is a danger, and held for a person."""

    @cached_property
    def reports(self) -> Mapping[ResourceKey, ResourceReport]:
        """What happens to each object that anything happens to."""
        return {report.key: report for report in self.report.resources}

    @cached_property
    def before(self) -> World:
        """The application as a sync without the change leaves it."""
        found = ((key, before(one)) for key, one in self.states.items())
        return World({key: obj for key, obj in found if obj is not None and not is_hook(obj)})

    @cached_property
    def after(self) -> World:
        """The application as the merge leaves it: what fails stays as it is, what is orphaned stays too."""
        found = ((key, self._remaining(key, one)) for key, one in self.states.items())
        return World({key: obj for key, obj in found if obj is not None and not is_hook(obj)})

    def subjects(self) -> Iterator[Subject]:
        """Yield the objects that the change or a sync does something to, or fails at."""
        for report in self.report.resources:
            if (report.affected or report.drift in _GOES) and report.key in self.states:
                yield Subject(self.states[report.key], report, self)

    def _remaining(self, key: ResourceKey, states: ResourceStates) -> JsonObject | None:
        report = self.reports.get(key)
        if report is not None and Action.PRUNE in {report.action, report.drift}:
            return None
        head = states.head
        if head is None or not phases_of(head.manifest):
            return states.live
        if head.refusal is not None and (report is None or report.action is not Action.REPLACE):
            return states.live
        return _expected(head)


@dataclass(frozen=True, slots=True)
class Subject:
    """One object and what happens to it."""

    states: ResourceStates
    report: ResourceReport
    scene: Scene

    @property
    def key(self) -> ResourceKey:
        """The object's identity."""
        return self.states.key

    @property
    def kind(self) -> tuple[str, str]:
        """API group and kind."""
        return self.key.group, self.key.kind

    @property
    def live(self) -> JsonObject | None:
        """The object as it is now."""
        return self.states.live

    @property
    def before(self) -> JsonObject | None:
        """What it is without the change: what Git's target branch makes of it, or else what is there."""
        return before(self.states)

    @property
    def after(self) -> JsonObject | None:
        """What it becomes; None when it goes away, is let go, or cannot become what Git says."""
        head = self.states.head
        if head is None or self.report.failure or not phases_of(head.manifest):
            return None
        return _expected(head)

    @property
    def goes(self) -> str:
        """Words for the end of the live object, nothing when it stays."""
        if self.report.action is Action.PRUNE:
            return "is deleted"
        if self.report.action is Action.REPLACE:
            return "is replaced"
        if self.report.drift is Action.PRUNE:
            return "is deleted by a sync even without this change"
        if self.report.drift is Action.REPLACE:
            return "is replaced by a sync even without this change"
        return ""

    @property
    def comes_back(self) -> bool:
        """Whether an object that goes is created again."""
        return Action.REPLACE in {self.report.action, self.report.drift}


def before(states: ResourceStates) -> JsonObject | None:
    """Return what an object is without the change."""
    base = states.base
    if base is None or not phases_of(base.manifest) or base.refusal is not None:
        return states.live
    return _expected(base)


def _expected(side: Prediction) -> JsonObject:
    return side.manifest if side.result is None else side.result


def is_custom(key: ResourceKey) -> bool:
    """Tell whether an object is of a kind that somebody's own controller acts on."""
    return "." in key.group and not key.group.endswith(".k8s.io")
