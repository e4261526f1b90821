"""The watches on the objects of one cluster, begun in a thread of its own: one that is away holds up nobody else."""

from __future__ import annotations

import functools
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import structlog

from bot.cluster.repositories import SECRET
from bot.cluster.secrets import CLUSTERS
from bot.cluster.watch import Watch
from bot.errors import ForesailError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.cluster.objects import Cluster
    from bot.model.resources import JsonObject, ResourceType
    from bot.store.memory import Memory

_log = structlog.get_logger()

BULKY: Final = frozenset({("", "ConfigMap"), ("", "Secret")})
"""Kinds, by group, of which metadata is followed alone: many and large, with no health to be judged."""
_GRACE: Final = 5.0
"""Seconds in which an API server may be started anew without anybody being told."""
_SILENCE: Final = 120.0
"""Seconds without a word after which a server is asked anew; it speaks about once a minute."""
_PAUSE: Final = 2.0
"""Seconds until a server that does not tell what it serves is asked again."""
_TOLD: Final = 30
"""Seconds for which workers believe that a cluster is away, should nobody say so again."""
_UNSERVED: Final = 15.0
"""Seconds until it is asked again what is served, where some kind is not: its definition may have come meanwhile."""
_LONGEST: Final = 300.0


class Hears(Protocol):
    """Whoever is told what happens in a cluster, from the threads of its watches."""

    def on_object(self, cluster: Cluster, event: str, obj: JsonObject) -> None:
        """Hear that an object is there, has changed or has gone, as `Watch` tells."""

    def on_objects_listed(self, cluster: Cluster, kind: ResourceType) -> None:
        """Hear that all objects of a kind that are there have been told of."""


def watch_on_clusters(control: Cluster, namespace: str, moved: threading.Event) -> Watch:
    """Return what sets `moved` once the Secret of a cluster has come, changed or gone; it reads nothing of them."""
    return Watch(
        control.server,
        SECRET,
        lambda _event, _secret: moved.set(),
        namespace=namespace,
        selector=CLUSTERS,
        metadata_only=True,
        on_listed=lambda _names: moved.set(),
    )


@dataclass(frozen=True, slots=True)
class _Reach:
    """What the watches found out last."""

    words: str = ""
    """Why the server cannot be reached; empty: it can."""
    since: float = 0.0
    """When that began, on the monotonic clock."""


class Following:
    """Watches the kinds of one cluster that somebody cares about, once they are served; safe to use from threads."""

    def __init__(self, cluster: Cluster, hears: Hears, *, besides: Iterable[ResourceType] = ()) -> None:
        """Follow nothing yet; `besides` is followed by somebody else."""
        self._cluster = cluster
        self._hears = hears
        self._watched = set(besides)
        self._wanted: frozenset[tuple[str, str]] = frozenset()
        self._reach: _Reach | None = None
        self._lock = threading.Lock()
        self._moved = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def answers(self) -> bool:
        """Whether the server can be reached, as far as anybody has found out."""
        reach = self._reach
        return reach is not None and not reach.words

    @property
    def asked(self) -> bool:
        """Whether anybody has found out anything."""
        return self._reach is not None

    @property
    def why_away(self) -> str:
        """Why the server could not be reached for longer than it takes to start anew; empty: it can."""
        reach = self._reach
        return reach.words if reach is not None and time.monotonic() > reach.since + _GRACE else ""

    def want(self, kinds: frozenset[tuple[str, str]]) -> None:
        """Follow these kinds, by group and name, beside those that are followed already."""
        if kinds == self._wanted:
            return
        self._wanted = kinds
        self._moved.set()
        if self._thread is None:
            name = f"follow-{self._cluster.name}"
            self._thread = threading.Thread(target=self._run, name=name, daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Let the watches end, each at its next event."""
        self._stop.set()
        self._moved.set()

    def _run(self) -> None:
        pause: float | None = None
        unserved = _UNSERVED
        while not self._stop.is_set():
            due = not self._moved.wait(pause)
            self._moved.clear()
            try:
                if due and pause == unserved:
                    self._cluster.discovery.renew()
                    unserved = min(_LONGEST, unserved * 2)
                pause = None if self._begin() else unserved
            except ForesailError as error:
                _log.info("cluster does not tell what it serves", cluster=self._cluster.name, reason=str(error))
                self._on_reach(str(error))
                pause = _PAUSE

    def _begin(self) -> bool:
        """Begin the watches that are missing; return whether every kind is served."""
        found = [self._cluster.discovery.preferred(*kind) for kind in self._wanted]
        for kind in found:
            if kind is not None and kind not in self._watched:
                self._watched.add(kind)
                for namespace in self._cluster.scope.places(namespaced=kind.namespaced):
                    self._start(kind, namespace)
        return None not in found

    def _start(self, kind: ResourceType, namespace: str) -> None:
        watch = Watch(
            self._cluster.server,
            kind,
            functools.partial(self._hears.on_object, self._cluster),
            namespace=namespace,
            metadata_only=(kind.group, kind.kind) in BULKY,
            on_listed=lambda _names: self._hears.on_objects_listed(self._cluster, kind),
            on_reach=self._on_reach,
            idle=_SILENCE,
        )
        threading.Thread(target=watch.run, args=(self._stop,), name=f"watch-{kind.plural}", daemon=True).start()

    def _on_reach(self, words: str) -> None:
        with self._lock:
            before = self._reach
            if before is None or bool(before.words) != bool(words):
                self._reach = _Reach(words, time.monotonic())


class Followed:
    """All clusters of which somebody cares about objects."""

    def __init__(self, control: Cluster, hears: Hears, *, besides: Iterable[ResourceType]) -> None:
        self._control = control
        self._hears = hears
        self._told: dict[str, float] = {}
        """When workers were told last that a cluster is away, on the monotonic clock."""
        self._clusters = {control: Following(control, hears, besides=besides)}

    def follow(self, kinds: Mapping[Cluster, frozenset[tuple[str, str]]]) -> None:
        """Watch what somebody cares about, and no longer a cluster of which nobody does."""
        for cluster, wanted in kinds.items():
            if cluster not in self._clusters:
                self._clusters[cluster] = Following(cluster, self._hears)
            self._clusters[cluster].want(wanted)
        for cluster in self._clusters.keys() - kinds.keys() - {self._control}:
            self._clusters.pop(cluster).stop()

    def reached(self) -> list[tuple[Cluster, bool]]:
        """Return which clusters are followed, and whether they answer, as far as anybody has found out."""
        return [(cluster, one.answers) for cluster, one in self._clusters.items() if one.asked]

    def stop(self) -> None:
        """Let all watches end."""
        for one in self._clusters.values():
            one.stop()

    def contradict(self, cluster: Cluster | None, *, unknown: bool) -> bool:
        """Whether an application in `cluster` is said to be `unknown` and need not be, or the other way round.

        None is a cluster that nobody has configured. One that is not followed has to be asked.
        """
        if cluster is None:
            return not unknown
        one = self._clusters.get(cluster)
        if cluster is self._control or one is None:
            return unknown
        return one.answers if unknown else bool(one.why_away)

    def tell(self, memory: Memory) -> None:
        """Tell workers now and then which clusters are away, that they need not find out; and at once which are back.

        Raises Temporary while Redis is away.
        """
        others = {cluster: one for cluster, one in self._clusters.items() if cluster is not self._control}
        away = {cluster.name: why for cluster, one in others.items() if (why := one.why_away)}
        for name in [name for name in self._told if name not in away]:
            memory.forget_away(name)
            del self._told[name]
        now = time.monotonic()
        for name in [name for name in away if now > self._told.get(name, float("-inf")) + _TOLD / 3]:
            memory.keep_away(name, away[name], seconds=_TOLD)
            self._told[name] = now
