"""How many pods there are, and how many may be away: replicas, autoscalers, disruption budgets."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Final

from bot.model.dangers import Danger
from bot.model.reports import Action
from bot.model.resources import ResourceKey, group_of
from bot.preview.dangers import sorts
from bot.preview.dangers.fields import mapping, number, text
from bot.preview.dangers.selectors import selects
from bot.preview.dangers.workloads import pod_template, replicas_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bot.model.predictions import ResourceStates
    from bot.model.resources import JsonObject
    from bot.preview.dangers.scene import Scene, Subject, World

HPA: Final = ("autoscaling", "HorizontalPodAutoscaler")
_PERCENT: Final = re.compile(r"(\d{1,9})%", re.ASCII)


def scaled_to_zero(subject: Subject) -> Iterator[Danger]:
    """Tell of a workload that no longer has pods."""
    before, after = subject.before, subject.after
    if before is None or after is None or pod_template(after) is None:
        return
    old, new = replicas_of(before), replicas_of(after)
    if old and new == 0:
        yield sorts.SCALED_TO_ZERO.danger(f"goes from {old} replica{'s' if old > 1 else ''} to none")


def suspended(subject: Subject) -> Iterator[Danger]:
    """Tell of a Job or CronJob that stops."""
    before, after = subject.before, subject.after
    if before is None or after is None:
        return
    if mapping(after, "spec").get("suspend") is True and mapping(before, "spec").get("suspend") is not True:
        yield sorts.SUSPENDED.danger("is suspended: it no longer runs")


def sets_replicas(states: ResourceStates) -> bool:
    """Tell whether the change makes Git say how many replicas an object has, or say another number."""
    base, head = states.base, states.head
    wanted = _replicas(head.manifest) if head is not None else None
    return wanted is not None and (base is None or _replicas(base.manifest) != wanted)


def workload_fights(subject: Subject) -> Iterator[Danger]:
    """Tell of a workload whose manifest sets what an autoscaler decides."""
    head = subject.states.head
    if head is None or subject.after is None or not sets_replicas(subject.states):
        return
    scene = subject.scene
    live = scene.knowledge.autoscalers.get(subject.key.namespace, ())
    outside = [each for each in live if ResourceKey.of(each) not in scene.states]
    for autoscaler in [*(obj for _, obj in scene.after.of(*HPA)), *outside]:
        key = ResourceKey.of(autoscaler)
        report = scene.reports.get(key)
        if _target(autoscaler) == subject.key and (report is None or report.action is not Action.CREATE):
            words = f"sets {_replicas(head.manifest)} replicas, which {key} decides too: each sync sets them back"
            yield sorts.HPA_FIGHTS.danger(words)


def autoscaler_fights(subject: Subject) -> Iterator[Danger]:
    """Tell of an autoscaler that begins to decide what a manifest of the application sets."""
    after, before = subject.after, subject.before
    target = _target(after) if after is not None else None
    if target is None or (before is not None and _target(before) == target):
        return
    states = subject.scene.states.get(target)
    head = states.head if states is not None else None
    wanted = _replicas(head.manifest) if head is not None else None
    if wanted is not None:
        words = f"scales {target}, whose manifest sets {wanted} replicas: each sync sets them back"
        yield sorts.HPA_FIGHTS.danger(words)


def budgets_that_block(scene: Scene) -> Iterator[Danger]:
    """Tell of PodDisruptionBudgets that allow no eviction since this change: no node can be drained of such pods."""
    if not scene.pods_change:
        return
    for key, budget in scene.after.of("policy", "PodDisruptionBudget"):
        words = _blocks(budget, scene.after, key.namespace)
        earlier = scene.before.get(key)
        if words and (earlier is None or not _blocks(earlier, scene.before, key.namespace)):
            yield sorts.BUDGET_BLOCKS.danger(f"allows no eviction: {words}", subject=str(key))


def _replicas(manifest: JsonObject) -> int | None:
    return number(mapping(manifest, "spec").get("replicas"))


def _target(autoscaler: JsonObject) -> ResourceKey | None:
    """Return what an autoscaler scales."""
    reference, key = mapping(autoscaler, "spec", "scaleTargetRef"), ResourceKey.of(autoscaler)
    kind, name = text(reference.get("kind")), text(reference.get("name"))
    return (
        ResourceKey(group_of(text(reference.get("apiVersion"))), kind, key.namespace, name) if kind and name else None
    )


def _blocks(budget: JsonObject, world: World, namespace: str) -> str:
    """Return why no pod may ever be evicted, nothing when some may.

    Percentages are rounded up, as the disruption controller does it.
    """
    spec = mapping(budget, "spec")
    most, least = spec.get("maxUnavailable"), spec.get("minAvailable")
    if str(most) in {"0", "0%"}:
        return f"maxUnavailable is {most}"
    if least == "100%":
        return "minAvailable is 100%"
    selector = mapping(spec, "selector")
    selected = [each for each in world.running(namespace) if each.runs and selects(selector, each.labels)]
    counts = [_most(world, each.key, each.replicas) for each in selected]
    pods = _total(counts)
    needed = _needed(least, pods) if pods else None
    if not pods or needed is None or needed < pods:
        return ""
    return f"minAvailable is {least}, and there {'is 1 pod' if pods == 1 else f'are {pods} pods'}"


def _total(counts: Iterable[int | None]) -> int | None:
    """Return the sum; None when some number is not known."""
    known = list(counts)
    return None if None in known else sum(count for count in known if count is not None)


def _most(world: World, key: ResourceKey, replicas: int | None) -> int | None:
    """Return how many pods a workload has at most: an autoscaler of the application may raise the number."""
    scaled = (mapping(obj, "spec").get("maxReplicas") for _, obj in world.of(*HPA) if _target(obj) == key)
    return max([replicas, *(most for each in scaled if (most := number(each)) is not None)]) if replicas else None


def _needed(least: object, pods: int) -> int | None:
    if number(least) is not None:
        return number(least)
    found = _PERCENT.fullmatch(least) if isinstance(least, str) else None
    return math.ceil(int(found[1]) * pods / 100) if found else None
