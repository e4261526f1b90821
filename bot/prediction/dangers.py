"""Judge the applications of a change: ask each cluster once for what the rules have to know, then let them look."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from bot.prediction.knowledge import gathered
from bot.preview.dangers import Inquiry, Scene, inquiry, judged
from bot.preview.scrub import scrub

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bot.cluster.objects import Cluster
    from bot.model.dangers import Danger, ImageChange
    from bot.model.predictions import ResourceStates
    from bot.model.reports import ApplicationReport
    from bot.model.resources import ResourceKey


@dataclass(frozen=True, slots=True)
class Foreseen:
    """One application as it was predicted, before anybody looked for dangers."""

    report: ApplicationReport
    states: Mapping[ResourceKey, ResourceStates]
    cluster: Cluster | None
    """None when nothing could be predicted."""


def with_dangers(
    predicted: Sequence[Foreseen], *, percent: int, hidden: Callable[[], frozenset[str]], holds: bool = True
) -> tuple[ApplicationReport, ...]:
    """Return the reports, in their order, with their dangers, image changes and whether they are routine.

    `percent` is the share of an application from which on its deletion is told of, and held where we are who `holds`.
    `hidden` finds the secret values that no word may quote; it is asked only when there are words. Raises Temporary
    when a cluster cannot be reached now.
    """
    scenes = [Scene(one.report, one.states, percent=percent, holds=holds) for one in predicted]
    _inform(predicted, scenes)
    return tuple(_scrubbed(judged(scene), hidden) if scene.report.resources else scene.report for scene in scenes)


def _inform(predicted: Sequence[Foreseen], scenes: Sequence[Scene]) -> None:
    """Ask each cluster about all of its applications at once, and give each of them the answers."""
    members: dict[Cluster, list[Scene]] = defaultdict(list)
    for one, scene in zip(predicted, scenes, strict=True):
        if one.cluster is not None and one.report.resources:
            members[one.cluster].append(scene)
    for cluster, there in members.items():
        asked = reduce(or_, map(inquiry, there), Inquiry())
        answers = gathered(cluster, asked)
        if asked.services:
            answers = replace(answers, arriving=_arriving(there))
        for scene in there:
            scene.knowledge = answers


def _arriving(scenes: Sequence[Scene]) -> tuple[tuple[str, Mapping[str, str]], ...]:
    return tuple((each.key.namespace, each.labels) for scene in scenes for each in scene.after.workloads if each.runs)


def _scrubbed(report: ApplicationReport, hidden: Callable[[], frozenset[str]]) -> ApplicationReport:
    """Take secret values out of words and names of images: somebody may have put them into a label or a tag."""
    if not report.all_dangers and not report.images:
        return report

    def danger(one: Danger) -> Danger:
        return replace(one, words=scrub(one.words, hidden()))

    def image(one: ImageChange) -> ImageChange:
        return replace(one, old=scrub(one.old, hidden()), new=scrub(one.new, hidden()))

    resources = (replace(one, dangers=tuple(map(danger, one.dangers))) for one in report.resources)
    return replace(
        report,
        resources=tuple(resources),
        dangers=tuple(map(danger, report.dangers)),
        images=tuple(map(image, report.images)),
    )
