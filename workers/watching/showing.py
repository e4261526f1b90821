"""What one controller shows among the metrics: its Applications, and which clusters it reaches."""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Final

from bot.errors import ForesailError
from bot.model.measures import conditions, info, place
from bot.model.metrics import CLUSTER_EVENTS, CLUSTER_STATUS, SHARE, Sample
from bot.model.names import short_name_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.cluster.objects import Cluster
    from bot.model.applications import Application
    from bot.model.resources import ResourceKey
    from bot.store.metrics import Metrics
    from workers.watching.index import IndexKeeper

_EVERY: Final = 5.0
"""Seconds between two times that it is written down."""
_TIDIED: Final = 600.0


class Showing:
    """Keeps what is shown, and brings it to Redis now and then; safe to use from threads."""

    def __init__(self, metrics: Metrics, whose: str, *, every: float = _EVERY) -> None:
        self._metrics = metrics
        self._whose = whose
        self._every = every
        self._lock = threading.Lock()
        self._samples: dict[str, Sample] = {}
        """By place; an Application's is its name, which has no blank, a condition's begins with that and one."""
        self._places: dict[str, tuple[str, ...]] = {}
        """By Application."""
        self._clusters = frozenset[str]()
        self._changed: set[str] = set()
        self._events: Counter[tuple[str, str, str]] = Counter()
        self._whole = True
        self._next = float("-inf")
        self._tidied = time.monotonic()

    def saw(self, application: Application) -> None:
        """Take note of an Application as it is now."""
        name = application.name
        samples = {name: info(application)} | {f"{name} {one.values[-1]}": one for one in conditions(application)}
        with self._lock:
            before, self._places[name] = self._places.get(name, ()), tuple(samples)
        for where in before:
            if where not in samples:
                self._drop(where)
        for where, sample in samples.items():
            self._put(where, sample)

    def lost(self, name: str) -> None:
        """Take note that an Application is gone, or another's."""
        with self._lock:
            places = self._places.pop(name, ())
        for where in places:
            self._drop(where)

    def tell(self, reached: Iterable[tuple[Cluster, bool]]) -> None:
        """Write down what has changed, every few seconds. Raises Temporary while Redis is away."""
        if time.monotonic() < self._next:
            return
        clusters = {
            f" cluster {one.name}": Sample(CLUSTER_STATUS, (place(one.server.server),), ok) for one, ok in reached
        }
        for gone in self._clusters - clusters.keys():
            self._drop(gone)
        self._clusters = frozenset(clusters)
        for name, sample in clusters.items():
            self._put(name, sample)
        self._put(f" share {self._whose}", Sample(SHARE, (self._whose,), self._count()))
        if not self._write(whole=self._whole):
            self._write(whole=True)
        self._whole = False
        with self._lock:
            events, self._events = self._events, Counter()
        self._metrics.count(*(Sample(CLUSTER_EVENTS, labels, number) for labels, number in events.items()))
        self._next = time.monotonic() + self._every

    def heard(self, cluster: Cluster, key: ResourceKey) -> None:
        """Count that a watch told of an object."""
        with self._lock:
            self._events[place(cluster.server.server), key.group, key.kind] += 1

    def tidy(self, index: IndexKeeper) -> None:
        """Forget now and then what was counted of Applications that are gone; any controller may."""
        if time.monotonic() > self._tidied + _TIDIED:
            self._metrics.keep_only(frozenset(map(short_name_of, index.names)))
            self._tidied = time.monotonic()

    def end(self) -> None:
        """Show nothing any more; where Redis is away it is gone soon."""
        try:
            self._metrics.hide(self._whose)
        except ForesailError:
            return

    def _count(self) -> int:
        with self._lock:
            return len(self._places)

    def _drop(self, name: str) -> None:
        with self._lock:
            if self._samples.pop(name, None) is not None:
                self._changed.add(name)

    def _put(self, name: str, sample: Sample) -> None:
        with self._lock:
            if self._samples.get(name) != sample:
                self._samples[name] = sample
                self._changed.add(name)

    def _write(self, *, whole: bool) -> bool:
        with self._lock:
            names = list(self._samples) if whole else list(self._changed)
            samples = {name: self._samples.get(name) for name in names}
            self._changed.clear()
        try:
            return self._metrics.show(self._whose, samples, whole=whole)
        except ForesailError:
            self._whole = True
            raise
