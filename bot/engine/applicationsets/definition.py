"""An ApplicationSet as its manifest has it, checked where generating depends on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from bot.errors import Rejected
from bot.model.applications import IgnoreDifference
from bot.model.resources import JsonObject, metadata_of

if TYPE_CHECKING:
    from collections.abc import Iterator

REFRESH: Final = "argocd.argoproj.io/application-set-refresh"
"""Annotation by which somebody asks for another look; it is taken away once that is done."""
KINDS: Final = (
    "list",
    "clusters",
    "git",
    "scmProvider",
    "clusterDecisionResource",
    "pullRequest",
    "matrix",
    "merge",
    "plugin",
)
"""Generators in the order that Argo CD takes them, where one entry has several."""


@dataclass(frozen=True, slots=True)
class SyncPolicy:
    """What the controller may do to the Applications that it generated."""

    name: str = "sync"
    preserves: bool = False
    """Whether an Application that goes away leaves its objects (`preserveResourcesOnDeletion`)."""

    @property
    def may_update(self) -> bool:
        """Whether an Application that is there is altered."""
        return self.name in ("sync", "create-update")

    @property
    def may_delete(self) -> bool:
        """Whether an Application that is no longer generated is deleted."""
        return self.name in ("sync", "create-delete")


_POLICIES: Final = ("sync", "create-only", "create-update", "create-delete")
_REQUEUED: Final = {"git": 180.0, "scmProvider": 1800.0, "pullRequest": 1800.0}
"""Seconds after which a generator is asked again where it does not say (`DefaultRequeueAfterSeconds` of each)."""
_APPLICATION: Final = {"group": "argoproj.io", "kind": "Application"}


@dataclass(frozen=True, slots=True)
class Preserved:
    """What of its Applications an ApplicationSet leaves as somebody else set it."""

    annotations: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    """Keys (`preservedFields`)."""
    differences: tuple[IgnoreDifference, ...] = ()
    """Fields (`ignoreApplicationDifferences`)."""


_NOTHING: Final = Preserved()


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a RollingSync."""

    expressions: tuple[tuple[str, str, tuple[str, ...]], ...]
    """Key, operator (`In`, `NotIn`) and values; all have to fit an Application's labels."""
    max_update: int | str | None = None
    """How many are under way at a time, or which share of them (`25%`); None: all."""

    def limit(self, total: int) -> int:
        """Return how many of `total` may be under way."""
        if self.max_update is None:
            return total
        if isinstance(self.max_update, int):
            return self.max_update
        percent = int(self.max_update.removesuffix("%"))
        return max(1, total * percent // 100) if percent else 0


@dataclass(frozen=True, slots=True)
class ApplicationSet:
    """What to generate."""

    name: str
    namespace: str
    generators: tuple[JsonObject, ...]
    template: JsonObject
    go_template: bool
    go_template_options: tuple[str, ...]
    template_patch: str
    sync_policy: SyncPolicy
    strategy: str
    """`AllAtOnce`, or `RollingSync`: then one step of Applications follows the other."""
    preserved: Preserved = _NOTHING
    steps: tuple[Step, ...] = ()
    """Of a RollingSync; empty where all are synced at once."""
    in_reverse: bool = False
    """Whether deleting it deletes one step after the other, the last first (`deletionOrder: Reverse`)."""

    @classmethod
    def parse(cls, manifest: JsonObject) -> ApplicationSet:
        """Read a manifest; Rejected names the ApplicationSet and what is wrong."""
        metadata = metadata_of(manifest)
        name = str(metadata.get("name") or "without a name")
        where = f"ApplicationSet {name}: spec"
        spec = _mapping(manifest.get("spec"), where)
        policy = _mapping(spec.get("syncPolicy") or {}, f"{where}.syncPolicy")
        strategy = _mapping(spec.get("strategy") or {}, f"{where}.strategy")
        applications_sync = policy.get("applicationsSync") or "sync"
        if applications_sync not in _POLICIES:
            raise Rejected(f"{where}.syncPolicy.applicationsSync is none of {', '.join(_POLICIES)}")
        return cls(
            name=name,
            namespace=str(metadata.get("namespace") or ""),
            generators=tuple(
                _mapping(one, f"{where}.generators[{place}]")
                for place, one in enumerate(_list(spec.get("generators"), f"{where}.generators"))
            ),
            template=_mapping(spec.get("template"), f"{where}.template"),
            go_template=spec.get("goTemplate") is True,
            go_template_options=tuple(
                map(str, _list(spec.get("goTemplateOptions") or [], f"{where}.goTemplateOptions"))
            ),
            template_patch=_text(spec.get("templatePatch"), f"{where}.templatePatch"),
            sync_policy=SyncPolicy(applications_sync, policy.get("preserveResourcesOnDeletion") is True),
            strategy=str(strategy.get("type") or "AllAtOnce"),
            preserved=_preserved(spec, where),
            steps=_steps(strategy, f"{where}.strategy"),
            in_reverse=strategy.get("deletionOrder") == "Reverse",
        )

    def sources(self) -> frozenset[tuple[str, str]]:
        """Return repository and revision of every git generator, templates and all, at any depth."""
        found = (generator for kind, generator in self.kinds() if kind == "git")
        return frozenset((str(git.get("repoURL") or ""), str(git.get("revision") or "HEAD")) for git in found)

    def kinds(self) -> Iterator[tuple[str, JsonObject]]:
        """Yield kind and content of every generator, at any depth."""
        waiting: list[Any] = list(self.generators)
        while waiting:
            entry = waiting.pop()
            for kind in KINDS if isinstance(entry, dict) else ():
                generator = entry.get(kind)
                if isinstance(generator, dict):
                    yield kind, generator
                    below = generator.get("generators")
                    waiting.extend(below if isinstance(below, list) else [])

    @property
    def asked_again(self) -> float:
        """Seconds after which its generators are asked again; 0: nothing in them moves by itself."""
        given = (_seconds(generator.get("requeueAfterSeconds"), kind) for kind, generator in self.kinds())
        return min((seconds for seconds in given if seconds), default=0.0)


def _steps(strategy: JsonObject, where: str) -> tuple[Step, ...]:
    if strategy.get("type") != "RollingSync":
        return ()
    rolling = _mapping(strategy.get("rollingSync") or {}, f"{where}.rollingSync")
    each = enumerate(_list(rolling.get("steps") or [], f"{where}.rollingSync.steps"))
    return tuple(_step(_mapping(one, place := f"{where}.rollingSync.steps[{n}]"), place) for n, one in each)


def _step(step: JsonObject, where: str) -> Step:
    expressions = []
    for one in _list(step.get("matchExpressions") or [], f"{where}.matchExpressions"):
        said = _mapping(one, f"{where}.matchExpressions")
        values = _list(said.get("values") or [], f"{where}.matchExpressions.values")
        expressions.append((str(said.get("key")), str(said.get("operator")), tuple(map(str, values))))
    limit = step.get("maxUpdate")
    is_number = isinstance(limit, int) and not isinstance(limit, bool) and limit >= 0
    is_share = isinstance(limit, str) and limit.endswith("%") and limit[:-1].isdecimal() and len(limit) <= len("100%")
    if limit is not None and not is_number and not is_share:
        raise Rejected(f"{where}.maxUpdate is neither a number nor a share such as 25%")
    return Step(tuple(expressions), limit)


def _seconds(given: Any, kind: str) -> float:
    is_number = isinstance(given, (int, float)) and not isinstance(given, bool) and given >= 0
    return float(given) if is_number else _REQUEUED.get(kind, 0.0)


def _preserved(spec: JsonObject, where: str) -> Preserved:
    fields = _mapping(spec.get("preservedFields") or {}, f"{where}.preservedFields")
    name = f"{where}.ignoreApplicationDifferences"
    return Preserved(
        annotations=tuple(map(str, _list(fields.get("annotations") or [], f"{where}.preservedFields.annotations"))),
        labels=tuple(map(str, _list(fields.get("labels") or [], f"{where}.preservedFields.labels"))),
        differences=tuple(
            _difference(one, f"{name}[{place}]")
            for place, one in enumerate(_list(spec.get("ignoreApplicationDifferences") or [], name))
        ),
    )


def _difference(entry: Any, where: str) -> IgnoreDifference:
    try:
        return IgnoreDifference.model_validate({**_mapping(entry, where), **_APPLICATION})
    except ValueError as error:
        raise Rejected(f"{where} must hold name, jsonPointers or jqPathExpressions") from error


def _mapping(value: Any, where: str) -> JsonObject:
    if isinstance(value, dict):
        return value
    raise Rejected(f"{where} is {'missing' if value is None else 'no mapping'}")


def _list(value: Any, where: str) -> list[Any]:
    if isinstance(value, list):
        return value
    raise Rejected(f"{where} is {'missing' if value is None else 'no list'}")


def _text(value: Any, where: str) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    raise Rejected(f"{where} is no text")
