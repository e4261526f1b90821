"""When ApplicationSets are looked at, as the controller sees it: what moved, and what is asked for again."""

from __future__ import annotations

import hashlib
import random
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import orjson

from bot.cluster.applicationsets import APPLICATION_SET, MANAGER
from bot.cluster.repositories import SECRET
from bot.cluster.secrets import CLUSTERS
from bot.cluster.watch import Watch
from bot.engine.applicationsets.definition import REFRESH, ApplicationSet
from bot.engine.applicationsets.ownership import HANDED_TO
from bot.engine.clusters import CLUSTER
from bot.engine.secrets import SECRET_TYPE
from bot.engine.sync.heal import is_last_written_by
from bot.engine.sync.plan import APPROVED
from bot.errors import Rejected
from bot.model.applications import generator_of
from bot.model.jobs import generate, report_generated
from bot.model.resources import ResourceType, annotations_of, metadata_of
from bot.settings import Mode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bot.model.jobs import JobRequest
    from bot.model.resources import JsonObject
    from bot.services import Services

_SOON: Final = 0.5
"""Seconds in which what moves at once is gathered."""
_REPORTED: Final = 5.0
"""Seconds between two times that an ApplicationSet's status follows its Applications."""
_JITTER: Final = 0.2
_KEY: Final = "applicationset "
"""Begins the key by which an ApplicationSet is shared; no Application has such a name."""
_ASKED: Final = (APPROVED, REFRESH)
"""Annotations by which a person asks for something."""
_SERVED: Final = 30.0
"""Seconds until a cluster that does not know the kind is asked again."""


@dataclass
class _Set:
    asks: str = ""
    """Digest of what its controller goes by."""
    every: float = 0.0
    """Seconds after which its generators are asked again; 0: not by the clock."""
    reads_clusters: bool = False
    rolls: bool = False
    """Whether it syncs its Applications step by step."""
    due: float = float("inf")
    """On the monotonic clock."""
    reported: float = 0.0
    report: bool = False
    """Whether its status is to follow its Applications."""


@dataclass
class _Child:
    owner: str
    shape: str
    """Digest of what an ApplicationSet writes."""
    state: str
    """Digest of what an ApplicationSet tells of it."""
    phase: str
    """How far its operation is."""


@dataclass
class SetSchedule:
    """Knows of each ApplicationSet when it is due; safe to use from threads."""

    _sets: dict[str, _Set] = field(default_factory=dict)
    _children: dict[str, _Child] = field(default_factory=dict)
    _secrets: dict[str, str] = field(default_factory=dict)
    """Versions of the Secrets of clusters, by name."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def saw_set(self, event: str, obj: JsonObject, *, now: float) -> None:
        """Take note of an ApplicationSet that appeared, changed or went."""
        name = str(metadata_of(obj).get("name"))
        with self._lock:
            if event == "DELETED":
                self._sets.pop(name, None)
                return
            known = self._sets.setdefault(name, _Set())
            asks = _digest(obj.get("spec"), _said(obj), metadata_of(obj).get("deletionTimestamp"))
            if asks != known.asks:
                known.asks, known.due = asks, min(known.due, now)
                known.every, known.reads_clusters, known.rolls = _nature(obj)

    def only(self, names: frozenset[str]) -> None:
        """Take note that there are no other ApplicationSets."""
        with self._lock:
            for name in self._sets.keys() - names:
                del self._sets[name]

    def saw_application(self, event: str, obj: JsonObject, *, now: float) -> None:
        """Take note of an Application: one that somebody else altered or deleted is put back."""
        name, owner = str(metadata_of(obj).get("name")), generator_of(obj)
        with self._lock:
            before = self._children.pop(name, None)
            if event == "DELETED":
                self._moved(owner, now)
                return
            if not owner and before is None:
                return
            child = _Child(owner, _shape(obj), _state(obj), _phase(obj))
            self._children[name] = child
            if before is None or before == child:
                return
            if before.shape != child.shape and not is_last_written_by(obj, MANAGER):
                self._moved(before.owner, now)
                self._moved(owner, now)
            if before.state != child.state and owner in self._sets:
                self._sets[owner].report = True
            moved = (before.state, before.phase) != (child.state, child.phase)
            if moved and owner in self._sets and self._sets[owner].rolls:
                self._moved(owner, now)

    def saw_secret(self, event: str, obj: JsonObject, *, now: float) -> None:
        """Take note of a Secret of the control namespace: those of clusters are what generators go by."""
        metadata = metadata_of(obj)
        name = str(metadata.get("name"))
        labels = metadata.get("labels")
        with self._lock:
            before = self._secrets.pop(name, "")
            after = ""
            if event != "DELETED" and isinstance(labels, dict) and labels.get(SECRET_TYPE) == CLUSTER:
                after = self._secrets[name] = str(metadata.get("resourceVersion"))
            if before != after:
                self._clusters_moved(now)

    def only_secrets(self, names: frozenset[str]) -> None:
        """Take note that there are no other Secrets."""
        with self._lock:
            gone = self._secrets.keys() - names
            for name in gone:
                del self._secrets[name]
            if gone:
                self._clusters_moved(time.monotonic())

    @property
    def reads_clusters(self) -> bool:
        """Whether any ApplicationSet goes by the Secrets of clusters."""
        with self._lock:
            return any(known.reads_clusters for known in self._sets.values())

    def due(self, now: float, may: Callable[[str], bool]) -> list[tuple[str, JobRequest]]:
        """Return what has become due, each once, with its key; where we `may` not act for that it stays due."""
        with self._lock:
            return list(self._due(now, may))

    def _due(self, now: float, may: Callable[[str], bool]) -> Iterator[tuple[str, JobRequest]]:
        for name, known in self._sets.items():
            reported = known.report and now >= known.reported + _REPORTED
            key = f"{_KEY}{name}"
            if not (now >= known.due or reported) or not may(key):
                continue
            if now >= known.due:
                known.due = now + known.every * random.uniform(1, 1 + _JITTER) if known.every else float("inf")  # noqa: S311 - spreads load
                known.report = False
                yield key, generate(name)
            else:
                known.reported, known.report = now, False
                yield key, report_generated(name)

    def look_at_all(self, now: float) -> None:
        """Have every ApplicationSet looked at: what was asked for may be lost."""
        with self._lock:
            for known in self._sets.values():
                known.due = min(known.due, now)

    def _clusters_moved(self, now: float) -> None:
        for known in self._sets.values():
            known.due = min(known.due, now + _SOON) if known.reads_clusters else known.due

    def _moved(self, owner: str, now: float) -> None:
        if owner in self._sets:
            self._sets[owner].due = min(self._sets[owner].due, now + _SOON)


class SetWatch:
    """Watches what ApplicationSets go by; nothing where somebody else carries them out."""

    def __init__(self, services: Services, start: Callable[[Watch], None]) -> None:
        self._services = services
        self._start = start
        self._schedule = SetSchedule()
        self._asked = float("-inf")
        self._watched: set[ResourceType] = set()

    def saw_application(self, event: str, obj: JsonObject) -> None:
        """Take note of an Application that appeared, changed or went."""
        if self._services.settings.mode is Mode.FULL:
            self._schedule.saw_application(event, obj, now=time.monotonic())

    def look_at_all(self, now: float) -> None:
        """Have every ApplicationSet looked at: what was asked for may be lost."""
        self._schedule.look_at_all(now)

    def due(self, now: float, may: Callable[[str], bool]) -> Iterator[tuple[str, JobRequest]]:
        """Yield with their keys the looks at ApplicationSets that have become due, and are ours."""
        if self._services.settings.mode is not Mode.FULL:
            return
        if APPLICATION_SET not in self._watched and now >= self._asked + _SERVED:
            self._asked = now
            if self._services.applicationsets.is_served():
                self._watch(APPLICATION_SET)
        if self._schedule.reads_clusters:
            self._watch(SECRET)
        yield from self._schedule.due(now, may)

    def _watch(self, kind: ResourceType) -> None:
        if kind in self._watched:
            return
        self._watched.add(kind)
        server, namespace = self._services.control.server, self._services.settings.control_namespace
        saw, listed = (
            (self._schedule.saw_set, self._schedule.only)
            if kind is APPLICATION_SET
            else (self._schedule.saw_secret, self._schedule.only_secrets)
        )

        def on_event(event: str, obj: JsonObject) -> None:
            saw(event, obj, now=time.monotonic())

        secret = kind is SECRET  # of which what is in it is nobody's business
        selector = CLUSTERS if secret else ""
        watch = Watch(
            server, kind, on_event, namespace=namespace, selector=selector, metadata_only=secret, on_listed=listed
        )
        self._start(watch)


def _nature(obj: JsonObject) -> tuple[float, bool, bool]:
    """Return after how many seconds generators are asked again, whether they go by clusters, if there are steps."""
    try:
        definition = ApplicationSet.parse(obj)
    except Rejected:
        return 0.0, False, False
    by_clusters = any(kind == "clusters" for kind, _ in definition.kinds())
    return definition.asked_again, by_clusters, bool(definition.steps)


def _said(obj: JsonObject) -> list[str | None]:
    return [annotations_of(obj).get(name) for name in _ASKED]


def _shape(obj: JsonObject) -> str:
    metadata = metadata_of(obj)
    annotations = {key: value for key, value in annotations_of(obj).items() if not key.startswith("foresail.dev/")}
    handed = annotations_of(obj).get(HANDED_TO)
    return _digest(obj.get("spec"), metadata.get("labels"), annotations, handed, metadata.get("finalizers"))


def _state(obj: JsonObject) -> str:
    status = obj.get("status")
    status = status if isinstance(status, dict) else {}
    sync = status.get("sync")
    return _digest(sync.get("status") if isinstance(sync, dict) else None, status.get("health"))


def _phase(obj: JsonObject) -> str:
    status = obj.get("status")
    state = status.get("operationState") if isinstance(status, dict) else None
    return str(state.get("phase") or "") if isinstance(state, dict) else ""


def _digest(*values: object) -> str:
    return hashlib.sha256(orjson.dumps(values, option=orjson.OPT_SORT_KEYS)).hexdigest()
