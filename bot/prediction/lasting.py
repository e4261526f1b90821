"""What was predicted a moment ago and still holds: kept only where it can be proven that nothing it depends on moved.

An application's prediction depends on its definition, its renders, the live objects, what surrounds them in the cluster
and, where it brings or takes objects, on the other applications of the change. Those that bring or take none, meet no
refusal and no estimate, hide no secret, and consist of kinds that nothing else decides about are kept in memory.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from bot.cluster.errors import ApiRefused
from bot.engine.coming import is_rule
from bot.engine.projects import DEFAULT
from bot.errors import Rejected
from bot.model.reports import ApplicationReport
from bot.model.resources import JsonObject, ResourceKey, ResourceType
from bot.prediction.looks import Look
from bot.prediction.recorded import recorded
from bot.prediction.surroundings import version_of
from bot.preview.dangers import Inquiry, Scene, inquiry

if TYPE_CHECKING:
    from bot.cluster.objects import Cluster
    from bot.model.applications import Application
    from bot.model.predictions import Prediction, ResourceStates
    from bot.prediction.forecast import Grounds, Results
    from bot.prediction.looks import Ahead, Looked
    from bot.prediction.sources import Sources
    from bot.prediction.surroundings import Surroundings
    from bot.prediction.trees import Sides
    from bot.preview.affected import Candidate

_SECONDS: Final = 600.0
"""How long a prediction may be told again."""
_LARGEST: Final = 5_000_000
"""Bytes that are kept, roughly."""
_OVERHEAD: Final = 2_000
"""Bytes of an object beside its differences: names, versions, digests of its fields."""
_CHANGES: Final = 200
"""Changes of which it is kept what a preview of them is going to look at."""

_KINDS: Final = frozenset(
    {
        ("", "ConfigMap"),
        ("", "Service"),
        ("", "ServiceAccount"),
        ("apps", "DaemonSet"),
        ("apps", "Deployment"),
        ("apps", "ReplicaSet"),
        ("apps", "StatefulSet"),
        ("autoscaling", "HorizontalPodAutoscaler"),
        ("batch", "CronJob"),
        ("batch", "Job"),
        ("networking.k8s.io", "Ingress"),
        ("networking.k8s.io", "NetworkPolicy"),
        ("policy", "PodDisruptionBudget"),
    }
)
"""Built-in kinds of which nothing but policies, quotas and the namespace decides whether they may be changed.

Others take more into account: a Pod its classes and its ServiceAccount, a Role what we may do ourselves, a custom
resource its definition and perhaps a program that converts it.
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """One application as it was predicted."""

    report: ApplicationReport
    results: Results
    """Its part of the forecast."""
    grounds: Grounds
    plan: bytes
    """Its part of the plan."""
    versions: Mapping[ResourceKey, str]
    """Of every object that was read; empty for one that is not there."""
    kinds: Mapping[ResourceKey, ResourceType]
    around: str
    """What surrounded it, as `Surroundings.about` names that."""
    at: float
    """When, in seconds since 1970."""

    @property
    def removals(self) -> tuple[str, ...]:
        """None of its objects goes."""
        return ()

    @property
    def size(self) -> int:
        """Bytes, roughly."""
        diffs = sum(len(one.effect_diff) + len(one.drift_diff) for one in self.report.resources)
        return diffs + _OVERHEAD * (1 + len(self.versions))


class Lasting:
    """What was predicted in the last minutes, bounded by bytes; safe to use from threads."""

    def __init__(self, *, seconds: float = _SECONDS, now: Callable[[], float] = time.time) -> None:
        self._seconds = seconds
        self.now = now
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._size = 0
        self._looked: OrderedDict[str, Looked] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, name: str) -> Kept | None:
        """Return what is kept under a name, unless it is too old."""
        with self._lock:
            found = self._kept.get(name)
        return found if found is not None and 0 <= self.now() - found.at <= self._seconds else None

    def keep(self, name: str, kept: Kept) -> None:
        """Keep one more, and let go of the oldest that there is no room for."""
        with self._lock:
            earlier = self._kept.pop(name, None)
            self._size += kept.size - (earlier.size if earlier else 0)
            self._kept[name] = kept
            while self._size > _LARGEST:
                self._size -= self._kept.popitem(last=False)[1].size

    def looked_at(self, change: str) -> Looked:
        """Return what the last preview of a change leaves for the next to look at."""
        with self._lock:
            return self._looked.get(change, {})

    def leave(self, change: str, looked: Looked) -> None:
        """Keep what the next preview of a change is going to look at."""
        with self._lock:
            self._looked.pop(change, None)
            if looked:
                self._looked[change] = looked
            while len(self._looked) > _CHANGES:
                self._looked.popitem(last=False)


@dataclass(frozen=True, slots=True)
class Told:
    """One application that was predicted just now."""

    candidate: Candidate
    report: ApplicationReport
    states: Mapping[ResourceKey, ResourceStates]
    results: Results
    grounds: Grounds
    removals: Sequence[str]
    plan: bytes
    hides: bool
    """Whether its objects hold a secret value: then it is predicted anew each time, and its values kept nowhere."""

    @property
    def versions(self) -> Mapping[ResourceKey, str]:
        """Of every object that there is."""
        return {key: version_of(one.live) for key, one in self.states.items() if one.live is not None}

    @property
    def lasts(self) -> bool:
        """Whether nothing but what is watched decides about it."""
        report = self.report
        if self.hides or report.failure or any(one.failure or one.estimated for one in report.resources):
            return False
        return all(map(_lasts, self.states.values())) and inquiry(Scene(report, self.states)) == Inquiry()


@dataclass
class Recollection:
    """What one preview remembers, and what it leaves for the next."""

    lasting: Lasting | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    """By application: under which name its prediction is kept; those that cannot be named are missing."""
    held: dict[str, Kept] = field(default_factory=dict)
    """By application: what was predicted before and still holds."""
    around: dict[Cluster, Surroundings] = field(default_factory=dict)
    """What surrounded the objects of a cluster before anything was asked."""
    began: dict[Cluster, float] = field(default_factory=dict)
    """When that was asked."""
    ahead: Ahead = field(default_factory=dict)
    """Looks that were begun before."""
    looked: defaultdict[Cluster, dict[ResourceKey, ResourceType]] = field(default_factory=lambda: defaultdict(dict))
    """What the next preview of the same change has to look at."""

    @classmethod
    def of(
        cls, lasting: Lasting, candidates: Sequence[Candidate], sides: Sides, sources: Sources, ahead: Ahead
    ) -> Recollection:
        """Name the predictions of all candidates."""
        named = ((one.either.name, _name(one, sides, sources)) for one in candidates)
        return cls(lasting, {application: name for application, name in named if name}, ahead=ahead)

    @property
    def clusters(self) -> tuple[Cluster, ...]:
        """The clusters whose answers are told again."""
        return tuple(self.around) if self.held else ()

    @property
    def since(self) -> str:
        """When the earliest prediction was made that is told again: `12:03 UTC`."""
        if not self.held:
            return ""
        earliest = min(kept.at for kept in self.held.values())
        return datetime.fromtimestamp(earliest, UTC).strftime("%H:%M UTC")

    def look(self, cluster: Cluster, applications: Iterable[str]) -> None:
        """Look at a cluster before anything is asked of it, and hold what still holds of these applications.

        Raises Temporary when it cannot be reached now.
        """
        if self.lasting is None:
            return
        named = ((application, self.lasting.get(self.names[application])) for application in applications)
        found = {application: kept for application, kept in named if kept is not None}
        kinds = {key: kind for kept in found.values() for key, kind in kept.kinds.items()}
        look = self._look(cluster, kinds)
        around = look.around.result()
        if around is None:
            return
        self.around[cluster], self.began[cluster] = around, look.at
        if not look.may.result():
            return
        try:
            known = look.versions.result()
        except ApiRefused:
            return  # what may no longer be read may have changed
        for name, kept in found.items():
            if _holds(kept, around, known):
                self.held[name] = kept
                self.looked[cluster].update(kept.kinds)

    def _look(self, cluster: Cluster, kinds: Mapping[ResourceKey, ResourceType]) -> Look:
        early, now = self.ahead.get(cluster), self.lasting.now() if self.lasting else 0.0
        return early if early is not None and early.serves(kinds, now) else Look.begin(cluster, kinds, now)

    def keep(self, change: str, told: Mapping[Cluster, Iterable[Told]]) -> None:
        """Keep the predictions that can be told again as long as nothing moves, and what the next preview looks at."""
        if self.lasting is None:
            return
        for cluster, one in ((cluster, one) for cluster, predicted in told.items() for one in predicted):
            name, around = self.names.get(one.report.name, ""), self.around.get(cluster)
            kept = self._kept(cluster, around, one) if name and one.lasts and around is not None else None
            if kept is not None:
                self.lasting.keep(name, kept)
                self.looked[cluster].update(kept.kinds)
        self.lasting.leave(change, dict(self.looked))

    def joined(self, candidates: Iterable[Candidate], told: Mapping[str, Told]) -> list[Kept | Told]:
        """Return the prediction of each candidate: the one that is held, or the new one."""
        names = [candidate.either.name for candidate in candidates]
        return [self.held[name] if name in self.held else told[name] for name in names]

    def _kept(self, cluster: Cluster, around: Surroundings, told: Told) -> Kept | None:
        keys = {*told.states, *recorded(told.candidate.either)}
        kinds = {key: kind for key in keys if (kind := cluster.discovery.preferred(key.group, key.kind)) is not None}
        known = _around(around, kinds)
        if known is None or kinds.keys() != keys:
            return None
        live = told.versions
        return Kept(
            report=told.report,
            results=told.results,
            grounds=told.grounds,
            plan=told.plan,
            versions={key: live.get(key, "") for key in keys},
            kinds=kinds,
            around=known,
            at=self.began[cluster],
        )


def _holds(kept: Kept, around: Surroundings, now: Mapping[ResourceKey, str]) -> bool:
    """Whether neither what surrounds an application's objects has changed nor one of them."""
    if _around(around, kept.kinds) != kept.around:
        return False
    return all(now.get(key, "") == version for key, version in kept.versions.items())


def disturbs(key: ResourceKey, obj: JsonObject) -> bool:
    """Whether an object that a change brings, alters or takes away can matter to other applications' objects."""
    return not key.namespace or is_rule(obj)


def _lasts(states: ResourceStates) -> bool:
    live, base, head = states.live, states.base, states.head
    if (states.key.group, states.key.kind) not in _KINDS or live is None or states.ending is not None:
        return False
    sides = [side for side in (base, head) if side is not None]
    return len(sides) == 2 and all(_is_answer(side, live) for side in sides)  # noqa: PLR2004 - of base and head


def _is_answer(side: Prediction, live: JsonObject) -> bool:
    """Whether a side is what the server, or a proof, says about just this live object."""
    result = side.result
    if result is None or side.refusal is not None or side.estimated or side.doubt or side.varying:
        return False
    if result is not live and version_of(result) != version_of(live):
        return False  # it was asked about an earlier or a later one
    return live.get("kind") != "Service" or _allocates_nothing(live, result)


def _allocates_nothing(live: JsonObject, result: JsonObject) -> bool:
    """Whether a Service takes no address and no port that another could have taken meanwhile."""
    before, after = (obj.get("spec") or {} for obj in (live, result))
    plain = all(spec.get("type", "ClusterIP") == "ClusterIP" for spec in (before, after))
    return plain and all(before.get(name) == after.get(name) for name in ("clusterIP", "clusterIPs", "externalIPs"))


def _around(around: Surroundings, kinds: Mapping[ResourceKey, ResourceType]) -> str | None:
    return around.about(set(kinds.values()), {key.namespace for key in kinds})


def _name(candidate: Candidate, sides: Sides, sources: Sources) -> str:
    """Name everything that decides about a prediction except the cluster; empty when some of it lies elsewhere."""
    words = [sides.base.repository, sides.base.tree_id, str(sides.base.mirror.path), str(sides.base.branch)]
    for application, tree in ((candidate.base, sides.base), (candidate.head, sides.head)):
        if application is None or application.spec.has_option("CreateNamespace=true"):
            return ""
        known, project = sources.fingerprint(application, tree), _project(application, sources)
        if not known or project is None:
            return ""
        words += [known, project, _said(application)]
    return hashlib.sha256("\0".join(words).encode(errors="surrogatepass")).hexdigest()


def _project(application: Application, sources: Sources) -> str | None:
    """Write down what its project allows; None when that cannot be read, or more than that decides."""
    try:
        project = sources.project_of(application.spec.project or DEFAULT)
    except Rejected:
        return None
    if project is not None and (project.spec.signature_keys or project.spec.source_integrity):
        return None  # what is said of signatures goes by the keys that are known
    return "" if project is None else f"{project.name}{project.spec.model_dump_json()}"


def _said(application: Application) -> str:
    """Write down all that an Application says and records, less what every sync and every look at it moves."""
    said = [application.name, application.namespace, application.uid, application.annotations, application.finalizers]
    known = sorted(map(str, recorded(application)))
    return f"{application.spec.model_dump_json()}{[*said, application.deleting, known]!r}"
