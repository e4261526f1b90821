"""Equality as the API means it: values that are written otherwise and mean the same are no change.

What counts as the same: quantities where Kubernetes has quantities, durations in the fields of well-known custom
resources that are Kubernetes' `Duration`, and the order of lists that the API server's own schema calls sets or maps,
less those whose order means something all the same. Everywhere else text is text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from bot.engine.diff.quantities import duration, quantity
from bot.engine.diff.schema import NO_TYPES, ElementKey, Field, Types, by_key, element_key, field_of, type_of

if TYPE_CHECKING:
    from bot.model.resources import JsonObject

_ORDERED: Final = frozenset(
    {
        "env",  # $(NAME) sees what stands before it
        "containers",  # started one after the other
        "initContainers",
        "ephemeralContainers",
        "hostAliases",  # of two addresses for a name the first is taken
        "imagePullSecrets",  # tried one after the other
        "webhooks",  # those that mutate are called one after the other
        "variables",  # of an admission policy: each sees those before it
    }
)
"""Maps by key whose order means something."""

_RESOURCES: Final = frozenset({"cpu", "memory", "storage", "ephemeral-storage", "pods"})
_AMOUNTS: Final = frozenset({"requests", "limits"})
_RANGES: Final = frozenset({"default", "defaultRequest", "max", "min", "maxLimitRequestRatio"})
_TARGETS: Final = frozenset({"averageValue", "value"})

_FLUX: Final = frozenset({"spec.interval", "spec.timeout", "spec.retryInterval"})
_DURATIONS: Final = {
    "cert-manager.io/Certificate": frozenset({"spec.duration", "spec.renewBefore"}),
    "cert-manager.io/CertificateRequest": frozenset({"spec.duration"}),
    "external-secrets.io/ExternalSecret": frozenset({"spec.refreshInterval"}),
    "external-secrets.io/PushSecret": frozenset({"spec.refreshInterval"}),
    "kustomize.toolkit.fluxcd.io/Kustomization": _FLUX,
    "helm.toolkit.fluxcd.io/HelmRelease": _FLUX
    | {f"spec.{action}.timeout" for action in ("install", "upgrade", "test", "rollback", "uninstall")}
    | {"spec.chart.spec.interval"},
    **{
        f"source.toolkit.fluxcd.io/{kind}": _FLUX
        for kind in ("GitRepository", "HelmRepository", "HelmChart", "Bucket", "OCIRepository")
    },
    "image.toolkit.fluxcd.io/ImageRepository": _FLUX,
    "image.toolkit.fluxcd.io/ImageUpdateAutomation": _FLUX,
}
"""Fields that are Kubernetes' `Duration` in Go, by kind: their controllers read them so, the API server sees text."""


def meant(before: JsonObject, after: JsonObject, custom: Types = NO_TYPES) -> JsonObject:
    """Return `after` with all that means the same as in `before` written as `before` writes it.

    So the two mean the same exactly when `same(before, meant(before, after))`, and a diff of them shows changes of
    meaning alone. Both must be objects of one kind, freed of noise (`comparable`); neither is touched, and equal parts
    are not looked at. `custom` says which lists of a custom resource are sets or maps. The very `after` when nothing is
    written otherwise.
    """
    kind = type_of(after)
    try:
        if before == after or type_of(before) != kind:
            return after
        return _Reading(custom).mapping(before, after, kind, (kind,))
    except RecursionError:  # nested deeper than can be shown; who shows it says so
        return after


@dataclass(frozen=True, slots=True)
class _Reading:
    """How two states of an object are read."""

    custom: Types

    def mapping(self, before: JsonObject, after: JsonObject, holder: str, path: tuple[str, ...]) -> JsonObject:
        written: JsonObject = {}
        for name, value in after.items():
            if name in before and before[name] != value:
                new = self._value(before[name], value, field_of(holder, name, self.custom), (*path, name))
                if new is not value:
                    written[name] = new
        return {**after, **written} if written else after

    def _value(self, before: Any, after: Any, known: Field, path: tuple[str, ...]) -> Any:
        # Python's `==` takes 1 for true; what is returned is `after` in any case.
        if before == after:
            return after
        if isinstance(before, dict) and isinstance(after, dict):
            return self.mapping(before, after, known.below, path)
        if isinstance(before, list) and isinstance(after, list):
            return self._list(before, after, known, path)
        return before if _same_amount(before, after, path) else after

    def _list(self, before: list[Any], after: list[Any], known: Field, path: tuple[str, ...]) -> list[Any]:
        keys = known.keys
        if keys is not None and not _in_step(before, after, keys):
            old, new = by_key(before, keys), by_key(after, keys)
            if old is not None and new is not None:
                return self._keyed(old, after, new, (known, path))
        if len(before) != len(after):
            return after
        within = Field(known.below, None)
        written = [
            other if one is other else self._value(one, other, within, path)
            for one, other in zip(before, after, strict=True)
        ]
        return after if all(one is other for one, other in zip(written, after, strict=True)) else written

    def _keyed(
        self,
        old: dict[ElementKey, Any],
        after: list[Any],
        new: dict[ElementKey, Any],
        place: tuple[Field, tuple[str, ...]],
    ) -> list[Any]:
        known, path = place
        written = {
            key: self._value(old[key], element, Field(known.below, None), path) if key in old else element
            for key, element in new.items()
        }
        if path[-1] not in _ORDERED:
            common = [key for key in new if key in old]
            if common != (kept := [key for key in old if key in new]):
                added = [key for key in new if key not in old]
                return [written[key] for key in [*kept, *added]]
        return after if all(written[key] is new[key] for key in new) else list(written.values())


def _in_step(before: list[Any], after: list[Any], keys: tuple[str, ...]) -> bool:
    """Whether the elements that differ have the same keys in the same places: by far the most frequent."""
    return len(before) == len(after) and all(
        one == other or (keys and element_key(one, keys) == element_key(other, keys) is not None)
        for one, other in zip(before, after, strict=True)
    )


def _same_amount(before: Any, after: Any, path: tuple[str, ...]) -> bool:
    if _is_quantity(path):
        read = quantity
    elif ".".join(path[1:]) in _DURATIONS.get(path[0], ()):
        read = duration
    else:
        return False
    amount = read(before)
    return amount is not None and amount == read(after)


def _is_quantity(path: tuple[str, ...]) -> bool:
    """Whether there is a quantity at a path: kind, then names of fields."""
    kind, *fields = path
    match fields:
        case [*_, "resources", amounts, name] if amounts in _AMOUNTS:
            return _is_resource(name)
        case [*_, "spec", "overhead", name]:
            return _is_resource(name)
        case [*_, "emptyDir", "sizeLimit"] | [*_, "resourceFieldRef", "divisor"]:
            return True
        case ["spec", *below]:
            return _is_quantity_of(kind, below)
    return False


def _is_quantity_of(kind: str, fields: list[str]) -> bool:
    match kind, fields:
        case ("/ResourceQuota", ["hard", _]) | ("/PersistentVolume", ["capacity", _]):
            return True
        case "/LimitRange", ["limits", bound, _]:
            return bound in _RANGES
        case "autoscaling/HorizontalPodAutoscaler", ["metrics", _, "target", name]:
            return name in _TARGETS
    return False


def _is_resource(name: str) -> bool:
    return name in _RESOURCES or "/" in name or name.startswith("hugepages-")
