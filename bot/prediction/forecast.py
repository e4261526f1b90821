"""What was predicted, kept small and without a secret, so that the sync after the merge can be held against it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import orjson

from bot.engine.diff.ignored import Ignored
from bot.engine.diff.normalise import comparable, without_assigned
from bot.errors import Rejected
from bot.model.reports import Action
from bot.preview.redaction import without_secrets

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bot.model.predictions import ResourceStates
    from bot.model.reports import ApplicationReport
    from bot.model.resources import JsonObject, ResourceKey


Results: TypeAlias = dict[str, dict[str, str]]
"""Of one application, by object: a digest of each top-level field as it will be.

Of an object that is predicted to fail, or that could only be estimated, there is none: it was told, and not foretold.
"""


Grounds: TypeAlias = dict[str, tuple[str, str]]
"""Of one application, by object: digests of what was to be applied and of what was live; empty for what was not there.

Of an object that was proven to be in sync there are none.
"""


class Part(Protocol):
    """What is known of one application."""

    @property
    def report(self) -> ApplicationReport:
        """What is told of it."""

    @property
    def results(self) -> Results:
        """What its objects become."""

    @property
    def grounds(self) -> Grounds:
        """What that was predicted from."""

    @property
    def removals(self) -> Sequence[str]:
        """Which of them go."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """By application and object: a digest of each top-level field as it will be."""

    results: dict[str, Results]
    removals: dict[str, list[str]]
    """By application: the objects that are predicted to be deleted."""
    grounds: dict[str, Grounds] = field(default_factory=dict, compare=False)
    """By application. The same may be foretold from something else."""
    left_out: list[str] = field(default_factory=list)
    """Applications of which nothing was foretold, as nobody wanted to know."""

    @classmethod
    def of(
        cls,
        states: Mapping[str, Mapping[ResourceKey, ResourceStates]],
        reports: Iterable[ApplicationReport] = (),
        ignored: Mapping[str, Ignored] | None = None,
    ) -> Forecast:
        """Note what every object of every application is predicted to become, and which ones to go.

        `ignored` says by application which fields keep live values, which may be others by the time of the sync.
        """
        nothing = Ignored()
        removals = {
            report.name: [_name(one.key) for one in report.resources if Action.PRUNE in {one.action, one.drift}]
            for report in reports
        }
        return cls(
            removals=removals,
            results={
                application: {
                    _name(key): {}
                    if one.head.result is None or one.head.estimated or one.head.varying
                    else _digests(foretold(one.head.result, live=one.live), one.head.manifest)
                    for key, one in objects.items()
                    if one.head is not None
                }
                for application, objects in states.items()
                for foretold in [(ignored or {}).get(application, nothing).foretold]
            },
            grounds={
                application: {
                    _name(key): (_whole(one.head.manifest), _whole(one.live))
                    for key, one in objects.items()
                    if one.head is not None and one.head.result is not one.live
                }
                for application, objects in states.items()
            },
        )

    @classmethod
    def joined(cls, parts: Iterable[Part]) -> Forecast:
        """Put together what was forecast of each application."""
        kept = list(parts)
        return cls(
            results={one.report.name: one.results for one in kept},
            removals={one.report.name: list(one.removals) for one in kept},
            grounds={one.report.name: one.grounds for one in kept},
        )

    @classmethod
    def from_json(cls, text: bytes) -> Forecast:
        """Read back what `to_json` wrote."""
        return cls(**orjson.loads(text))

    def to_json(self) -> bytes:
        """Write it for the cache."""
        return orjson.dumps(self)

    def digest(self, application: str, key: ResourceKey) -> str:
        """Return one digest over an object's whole prediction; empty when there is none."""
        fields = self.results.get(application, {}).get(_name(key))
        return hashlib.sha256(orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)).hexdigest() if fields else ""

    def tells_of(self, application: str) -> bool:
        """Whether an application was among those that anything was foretold of, be it that nothing happens."""
        return application not in self.left_out

    def foretells(self, application: str, key: ResourceKey) -> bool | None:
        """Whether it is known what an object was to become; None when the preview did not have the object at all."""
        fields = self.results.get(application, {}).get(_name(key))
        return None if fields is None else bool(fields)

    def reason(
        self, application: str, key: ResourceKey, *, manifest: JsonObject | None, live: JsonObject | None
    ) -> tuple[str, ...]:
        """Say what has moved where an object became something else than predicted; nothing where that is not known.

        `manifest` is what was applied, None where live values are part of it; `live` is what that was applied to.
        """
        ground = self.grounds.get(application, {}).get(_name(key))
        if not ground:
            return ()
        moved = []
        if manifest is not None and ground[0] != _whole(manifest):
            moved.append("Git or a chart says something else of it")
        if ground[1] != _whole(live):
            moved.append("it was changed in the cluster")
        return (f"as {' and '.join(moved)} since it was previewed",) if moved else ()

    def removal(self, application: str, key: ResourceKey) -> tuple[str, ...]:
        """Return what is different about the deletion of an object: nothing when it was predicted."""
        predicted = _name(key) in self.removals.get(application, [])
        return () if predicted else ("deleted, which the preview did not say",)

    def difference(
        self, application: str, key: ResourceKey, actual: JsonObject, manifest: JsonObject
    ) -> tuple[str, ...] | None:
        """Return the fields that became something else than predicted; None when nothing certain was predicted.

        `manifest` is what was applied: what the server picks by itself, such as a Service's address, is no difference.
        `actual` is what became of it, less what could not be foretold (`Ignored.foretold`) of what was there before.
        """
        fields = self.results.get(application, {}).get(_name(key))
        if not fields:
            return None
        now = _digests(actual, manifest)
        return tuple(sorted(name for name in fields.keys() | now.keys() if fields.get(name) != now.get(name)))


def _name(key: ResourceKey) -> str:
    return f"{key.group}/{key.kind}/{key.namespace}/{key.name}"


def _whole(obj: JsonObject | None) -> str:
    """Digest all of an object but what is secret."""
    try:
        return _digest(without_secrets(comparable(obj))) if obj is not None else ""
    except Rejected:
        return ""


def _digests(obj: JsonObject, manifest: JsonObject) -> dict[str, str]:
    """Digest each field, less what is secret: even the digest of a short password could be guessed."""
    try:
        told = without_secrets(comparable(without_assigned(obj, manifest)))
    except Rejected:  # nested too deep to be shown, so nothing was foretold of it
        return {}
    return {path: _digest(value) for path, value in _fields(told)}


def _fields(obj: JsonObject) -> list[tuple[str, Any]]:
    """Return the fields of an object two levels deep, enough to say where something differs."""
    found: list[tuple[str, Any]] = []
    for name, value in obj.items():
        if isinstance(value, dict) and value:
            found.extend((f"{name}.{below}", inner) for below, inner in value.items())
        else:
            found.append((name, value))
    return found


def _digest(value: Any) -> str:
    return hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]
