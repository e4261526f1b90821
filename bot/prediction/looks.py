"""What a cluster is asked to learn whether earlier predictions still hold: begun early, read when it is needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.prediction.surroundings import Surroundings, may_change, surroundings, versions

if TYPE_CHECKING:
    from bot.cluster.objects import Cluster
    from bot.model.resources import ResourceKey, ResourceType

_SORTS: Final = 3
"""Sorts of questions, each with requests of its own beside the others'."""
_SECONDS: Final = 2.0
"""How old an answer may be when it is needed: what takes longer than that in between may have seen the world move."""


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a cluster; its answers are waited for where they are read.

    Reading raises Temporary when the cluster could not be reached, ApiRefused for what may not be read.
    """

    at: float
    """When it began, in seconds since 1970: before anything was asked."""
    kinds: Mapping[ResourceKey, ResourceType]
    around: Future[Surroundings | None]
    versions: Future[dict[ResourceKey, str]]
    """Of each of the objects in `kinds` that there is."""
    may: Future[bool]
    """Whether we may still change objects of all these kinds."""

    @classmethod
    def begin(cls, cluster: Cluster, kinds: Mapping[ResourceKey, ResourceType], now: float) -> Look:
        """Ask, and return at once."""
        threads = ThreadPoolExecutor(_SORTS, thread_name_prefix="look")
        look = cls(
            at=now,
            kinds=kinds,
            around=threads.submit(surroundings, cluster),
            versions=threads.submit(versions, cluster, kinds),
            may=threads.submit(may_change, cluster, set(kinds.values())),
        )
        threads.shutdown(wait=False)
        return look

    def serves(self, kinds: Mapping[ResourceKey, ResourceType], now: float) -> bool:
        """Whether it asked for all of these objects, and not too long ago."""
        return kinds.keys() <= self.kinds.keys() and 0 <= now - self.at <= _SECONDS


Ahead = Mapping["Cluster", Look]
"""Looks that were begun before it was known what is going to be predicted."""

Looked = Mapping["Cluster", Mapping["ResourceKey", "ResourceType"]]
"""The objects of each cluster whose versions decide whether predictions hold."""


def begin_all(looked: Looked, now: Callable[[], float]) -> Ahead:
    """Look at several clusters at once."""
    return {cluster: Look.begin(cluster, kinds, now()) for cluster, kinds in looked.items()}
