"""Which applications an object belongs to, as the controller sees it: looked up for every event of every watch."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from bot.model.resources import ResourceKey

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.cluster.objects import Cluster


class ObjectIndex:
    """Applications by the objects they care about, in one cluster each; safe to use from threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._objects: dict[str, tuple[Cluster | None, frozenset[ResourceKey]]] = {}
        self._names: defaultdict[tuple[str, ResourceKey], set[str]] = defaultdict(set)
        self._kinds: Counter[tuple[Cluster, str, str]] = Counter()

    def saw(self, name: str, cluster: Cluster | None, keys: Iterable[ResourceKey]) -> None:
        """Take note of what an application cares about now; without a cluster nothing is heard of it."""
        with self._lock:
            self._note(name, cluster, frozenset(keys))

    def moved(self, name: str, cluster: Cluster | None) -> None:
        """Take note that what an application cares about is looked for in another cluster now."""
        with self._lock:
            if name in self._objects:
                self._note(name, cluster, self._objects[name][1])

    def lost(self, name: str) -> None:
        """Take note that an application is gone."""
        with self._lock:
            self._forget(name)

    def keys_of(self, name: str) -> tuple[Cluster | None, frozenset[ResourceKey]]:
        """Return what an application cares about, and where."""
        with self._lock:
            return self._objects.get(name, (None, frozenset()))

    def of(self, cluster: Cluster, key: ResourceKey) -> tuple[str, ...]:
        """Return the applications that care about an object."""
        with self._lock:
            return tuple(self._names.get((cluster.name, key), ()))

    def of_kind(self, cluster: Cluster, group: str, kind: str) -> frozenset[str]:
        """Return the applications that care about any object of a kind; looks at everything that is known."""
        with self._lock:
            of_kind = (
                names
                for (place, key), names in self._names.items()
                if (place, key.group, key.kind) == (cluster.name, group, kind)
            )
            return frozenset[str]().union(*of_kind)

    def kinds(self) -> dict[Cluster, frozenset[tuple[str, str]]]:
        """Return by cluster the kinds that somebody cares about, by group and name."""
        found: defaultdict[Cluster, set[tuple[str, str]]] = defaultdict(set)
        with self._lock:
            for cluster, group, kind in self._kinds:
                found[cluster].add((group, kind))
        return {cluster: frozenset(kinds) for cluster, kinds in found.items()}

    def _note(self, name: str, cluster: Cluster | None, now: frozenset[ResourceKey]) -> None:
        if self._objects.get(name) == (cluster, now):
            return
        self._forget(name)
        self._objects[name] = (cluster, now)
        if cluster is None:
            return
        for key in now:
            self._names[cluster.name, key].add(name)
            self._kinds[cluster, key.group, key.kind] += 1

    def _forget(self, name: str) -> None:
        cluster, keys = self._objects.pop(name, (None, frozenset[ResourceKey]()))
        if cluster is None:
            return
        for key in keys:
            names = self._names[cluster.name, key]
            names.discard(name)
            if not names:
                del self._names[cluster.name, key]
            kind = (cluster, key.group, key.kind)
            self._kinds[kind] -= 1
            if not self._kinds[kind]:
                del self._kinds[kind]  # or a connection would be kept that nobody needs any more
