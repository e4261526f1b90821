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
        self._objects: dict[str, tuple[Cluster, frozenset[ResourceKey]]] = {}
        self._names: defaultdict[tuple[str, ResourceKey], set[str]] = defaultdict(set)
        self._kinds: Counter[tuple[Cluster, str, str]] = Counter()

    def saw(self, name: str, cluster: Cluster | None, keys: Iterable[ResourceKey]) -> None:
        """Take note of what an application cares about now; nothing without a cluster."""
        now = frozenset(keys)
        with self._lock:
            if self._objects.get(name) == (cluster, now):
                return
            self._forget(name)
            if cluster is None:
                return
            self._objects[name] = (cluster, now)
            for key in now:
                self._names[cluster.name, key].add(name)
                self._kinds[cluster, key.group, key.kind] += 1

    def lost(self, name: str) -> None:
        """Take note that an application is gone."""
        with self._lock:
            self._forget(name)

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

    def kinds(self) -> list[tuple[Cluster, str, str]]:
        """Return cluster, group and kind of everything that somebody cares about."""
        with self._lock:
            return [kind for kind, count in self._kinds.items() if count]

    def _forget(self, name: str) -> None:
        cluster, keys = self._objects.pop(name, (None, frozenset[ResourceKey]()))
        if cluster is None:
            return
        for key in keys:
            names = self._names[cluster.name, key]
            names.discard(name)
            if not names:
                del self._names[cluster.name, key]
            self._kinds[cluster, key.group, key.kind] -= 1
