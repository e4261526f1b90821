"""From what a renderer printed to what an application wants in its cluster."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from bot.engine.hooks import is_outside_of_syncs, unknown_hook
from bot.engine.tracking import stamp
from bot.model.resources import JsonObject, ResourceKey, group_of, metadata_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from bot.model.predictions import Pointer


@dataclass(frozen=True, slots=True)
class Targets:
    """An application's target objects, by key, in the order of their last appearance."""

    objects: dict[ResourceKey, JsonObject]
    warnings: tuple[str, ...]
    """The same object twice, where the last one wins (Argo CD's RepeatedResourceWarning); hooks that never run."""
    varying: Mapping[ResourceKey, Sequence[Pointer]] = field(default_factory=dict)
    """Where objects are others each time that they are rendered."""
    excluded: tuple[str, ...] = ()
    """What is declared and left alone, as the operator's settings say, in Argo CD's words; among the warnings too."""


def targets_of(
    manifests: Iterable[JsonObject],
    *,
    varying: Mapping[int, Sequence[Pointer]] = MappingProxyType({}),
    namespace: str,
    instance: str,
    namespaced: Callable[[JsonObject], bool | None],
) -> Targets:
    """Place each manifest in its namespace and stamp it as `instance`'s; Helm's tests and rollbacks are left out.

    `namespaced` tells a kind's scope, None when nobody knows it yet (its CRD may come with this very sync): such an
    object keeps what its manifest says. `varying` is by the position of a manifest.
    Source: argo-cd `controller/state.go`, DeduplicateTargetObjects.
    """
    objects: dict[ResourceKey, JsonObject] = {}
    warnings: list[str] = []
    changing: dict[ResourceKey, Sequence[Pointer]] = {}
    for position, manifest in enumerate(manifests):
        if is_outside_of_syncs(manifest):
            continue
        placed = _declared(_placed(manifest, namespace=namespace, scope=namespaced(manifest)))
        key = ResourceKey.of(placed)
        if objects.pop(key, None) is not None:
            warnings.append(f"{key} appears more than once; the last one wins")
        objects[key] = stamp(placed, instance, namespace=namespace)
        changing[key] = varying.get(position, ())
    warnings.extend(f"{key} {words}" for key, obj in objects.items() if (words := unknown_hook(obj)))
    return Targets(objects, tuple(warnings), {key: places for key, places in changing.items() if places})


def _declared(manifest: JsonObject) -> JsonObject:
    """Leave out of an Application what is not declared but done: a file must not start operations or write history."""
    if (group_of(str(manifest.get("apiVersion"))), manifest.get("kind")) != ("argoproj.io", "Application"):
        return manifest
    return {field: value for field, value in manifest.items() if field not in {"operation", "status"}}


def _placed(manifest: JsonObject, *, namespace: str, scope: bool | None) -> JsonObject:
    metadata = metadata_of(manifest)
    given = metadata.get("namespace")
    if scope is False and given:
        return {**manifest, "metadata": {name: value for name, value in metadata.items() if name != "namespace"}}
    if scope is True and not given:
        return {**manifest, "metadata": {**metadata, "namespace": namespace}}
    return manifest
