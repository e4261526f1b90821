"""What a rule looks at: one object, and around it its application as it is and as it will be."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final

from bot.engine.hooks import is_hook
from bot.engine.order import phases_of
from bot.model.reports import Action, ApplicationReport, ResourceReport
from bot.model.resources import ResourceKey
from bot.preview.dangers.knowledge import Knowledge
from bot.preview.dangers.selectors import contains
from bot.preview.dangers.workloads import Workload, may_run_pods

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bot.model.predictions import Prediction, ResourceStates
    from bot.model.resources import JsonObject

_GOES: Final = frozenset({Action.PRUNE, Action.REPLACE})
_COUNTED_BY: Final = frozenset(
    {("", "Service"), ("policy", "PodDisruptionBudget"), ("autoscaling", "HorizontalPodAutoscaler")}
)
"""Kinds that are about how many pods there are, and which."""


class World:
    """The objects of one application at one time; hooks are not among them, they come and go with each sync.

    An object is only looked at when a rule asks for its kind: most changes are about a few of thousands.
    """

    def __init__(self, scene: Scene, find: Callable[[ResourceKey], JsonObject | None]) -> None:
        self._scene = scene
        self._find = find

    def get(self, key: ResourceKey) -> JsonObject | None:
        """Return an object; None when there is none."""
        found = self._find(key) if key in self._scene.states else None
        return None if found is None or is_hook(found) else found

    def of(self, group: str, kind: str) -> Iterator[tuple[ResourceKey, JsonObject]]:
        """Yield the objects of a kind."""
        keys = self._scene.by_kind.get((group, kind), ())
        return ((key, obj) for key in keys if (obj := self.get(key)) is not None)

    @cached_property
    def workloads(self) -> tuple[Workload, ...]:
        """What runs pods."""
        objects = (self.get(key) for kind, keys in self._scene.by_kind.items() if may_run_pods(kind) for key in keys)
        return tuple(found for obj in objects if obj is not None and (found := Workload.of(obj)) is not None)

    def running(self, namespace: str) -> Iterator[Workload]:
        """Yield what runs pods in a namespace."""
        return (each for each in self.workloads if each.key.namespace == namespace)

    def serves(self, namespace: str, selector: Mapping[str, str]) -> bool:
        """Tell whether some pods in a namespace have all of these labels, of which there is at least one."""
        first = next(iter(selector.items()))
        return any(each.runs and contains(each.labels, selector) for each in self._labelled.get((namespace, first), ()))

    @cached_property
    def _labelled(self) -> Mapping[tuple[str, tuple[str, str]], list[Workload]]:
        found: dict[tuple[str, tuple[str, str]], list[Workload]] = defaultdict(list)
        for each in self.workloads:
            for label in each.labels.items():
                found[each.key.namespace, label].append(each)
        return found


@dataclass
class Scene:
    """One application of a change."""

    report: ApplicationReport
    states: Mapping[ResourceKey, ResourceStates]
    knowledge: Knowledge = field(default_factory=Knowledge)
    """Filled in once the cluster has answered the questions about it."""
    percent: int = 100
    """Share of the application from which on its deletion is a danger."""
    holds: bool = True
    """Whether it is then held for a person; an Argo CD that does the syncing holds nothing."""

    @cached_property
    def reports(self) -> Mapping[ResourceKey, ResourceReport]:
        """What happens to each object that anything happens to."""
        return {report.key: report for report in self.report.resources}

    @cached_property
    def by_kind(self) -> Mapping[tuple[str, str], list[ResourceKey]]:
        """Every object, by API group and kind."""
        found: dict[tuple[str, str], list[ResourceKey]] = defaultdict(list)
        for key in self.states:
            found[key.group, key.kind].append(key)
        return found

    @cached_property
    def before(self) -> World:
        """The application as a sync without the change leaves it."""
        return World(self, lambda key: before(self.states[key]))

    @cached_property
    def after(self) -> World:
        """The application as the merge leaves it: what fails stays as it is, what is orphaned stays too."""
        return World(self, self._remaining)

    @cached_property
    def subjects(self) -> tuple[Subject, ...]:
        """The objects that the change or a sync does something to, or fails at."""
        reports = (one for one in self.report.resources if one.affected or one.drift in _GOES)
        return tuple(Subject(self.states[one.key], one, self) for one in reports if one.key in self.states)

    @cached_property
    def pods_change(self) -> bool:
        """Whether there may be other pods after the change, or others are meant by something."""
        return any(one.kind in _COUNTED_BY or _pods(one.before) != _pods(one.after) for one in self.subjects)

    def touches(self, group: str, kind: str) -> bool:
        """Tell whether anything happens to objects of a kind."""
        return any(one.kind == (group, kind) for one in self.subjects)

    def _remaining(self, key: ResourceKey) -> JsonObject | None:
        states, report = self.states[key], self.reports.get(key)
        if report is not None and Action.PRUNE in {report.action, report.drift}:
            return None
        head = states.head
        if head is None or not phases_of(head.manifest):
            return states.live
        if head.refusal is not None and (report is None or report.action is not Action.REPLACE):
            return states.live
        return _expected(head)


@dataclass
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

    @cached_property
    def before(self) -> JsonObject | None:
        """What it is without the change: what Git's target branch makes of it, or else what is there."""
        return before(self.states)

    @cached_property
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


def _pods(obj: JsonObject | None) -> tuple[dict[str, str], int | None] | None:
    """Return what matters to those who count pods."""
    found = Workload.of(obj) if obj is not None else None
    return (found.labels, found.replicas) if found is not None else None
