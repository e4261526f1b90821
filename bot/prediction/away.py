"""Applications whose cluster cannot be asked now: it is told of them, and the others are predicted all the same."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from bot.errors import Rejected
from bot.prediction.desired import Desired
from bot.prediction.work import Work

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.cluster.clusters import Clusters
    from bot.cluster.objects import Cluster
    from bot.preview.affected import Candidate

_AT_ONCE: Final = 16
"""Clusters that are asked at a time: those that are away take a few seconds to tell."""


def away(clusters: Clusters, candidates: Sequence[Candidate]) -> dict[str, Work]:
    """Return by name the applications of which nothing can be said, as their cluster does not answer.

    The cluster that keeps the Applications is not asked: without it there is no preview.
    """
    places: dict[str, Cluster] = {}
    for one in candidates:
        with suppress(Rejected):  # a destination that is none of ours is told by whoever renders
            place = clusters.at(one.either.spec.destination)
            if place is not clusters.control:
                places[one.either.name] = place
    why = _why_away(tuple(dict.fromkeys(places.values())))
    found = ((one, why[places[one.either.name]]) for one in candidates if one.either.name in places)
    return {one.either.name: _untold(one, words) for one, words in found if words}


def _why_away(clusters: Sequence[Cluster]) -> dict[Cluster, str]:
    if not clusters:
        return {}
    with ThreadPoolExecutor(min(_AT_ONCE, len(clusters)), thread_name_prefix="away") as threads:
        answers: Iterator[str] = threads.map(lambda cluster: cluster.why_away(), clusters)
        return dict(zip(clusters, answers, strict=True))


def _untold(candidate: Candidate, words: str) -> Work:
    failed = Desired.failed(f"what changes there is not known: {words}")
    return Work(candidate, base=failed, head=failed)
