"""Kinds that are left alone everywhere, by `resource.exclusions` and `resource.inclusions` of `argocd-cm`.

Source: argo-cd `util/settings/filtered_resource.go`, `resources_filter.go`, `controller/state.go`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import yaml

from bot.engine.globs import fits
from bot.errors import Rejected

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from bot.engine.targets import Targets

EXCLUDED: Final = "ExcludedResourceWarning"
"""Type of the condition about an object that is declared and left alone."""
EXCLUSIONS: Final = "resource.exclusions"
INCLUSIONS: Final = "resource.inclusions"
_KEPT: Final = 10_000
_FIELDS: Final = ("apiGroups", "kinds", "clusters")
_FORM: Final = "must be a list of apiGroups, kinds and clusters, each a list of texts"


@dataclass(frozen=True, slots=True)
class Kinds:
    """One entry: kinds of some clusters; a list that is empty means all."""

    groups: tuple[str, ...]
    """Globs."""
    kinds: tuple[str, ...]
    """Names, or `*`."""
    clusters: tuple[str, ...]
    """Globs of URLs."""

    def fits(self, group: str, kind: str, servers: Collection[str]) -> bool:
        """Whether a kind of a cluster, which goes by `servers`, is among them."""
        in_group = not self.groups or any(fits(one, group) for one in self.groups)
        return in_group and (not self.kinds or bool({"*", kind}.intersection(self.kinds))) and self.is_about(servers)

    def is_about(self, servers: Collection[str]) -> bool:
        """Whether it says anything of a cluster."""
        return not self.clusters or any(fits(one, server) for one in self.clusters for server in servers)


@dataclass(frozen=True, slots=True)
class Exclusions:
    """Which kinds are left alone."""

    excluded: tuple[Kinds, ...] = ()
    included: tuple[Kinds, ...] = ()
    """Where any of these are about a cluster, nothing else of it counts."""
    _told: dict[tuple[str, str, tuple[str, ...]], bool] = field(default_factory=dict, compare=False, repr=False)
    """What was asked before: for every object the same few kinds are asked about."""

    @classmethod
    def parse(cls, settings: Mapping[str, str]) -> Exclusions:
        """Read the two keys of `argocd-cm`; Rejected names the one that is wrong."""
        return cls(_kinds(settings, EXCLUSIONS), _kinds(settings, INCLUSIONS))

    def excludes(self, group: str, kind: str, servers: tuple[str, ...]) -> bool:
        """Whether a kind of a cluster is left alone."""
        if not (self.excluded or self.included):
            return False
        found = self._told.get((group, kind, servers))
        if found is None:
            found = self._excludes(group, kind, servers)
            if len(self._told) >= _KEPT:
                self._told.clear()
            self._told[group, kind, servers] = found
        return found

    def _excludes(self, group: str, kind: str, servers: tuple[str, ...]) -> bool:
        if any(one.fits(group, kind, servers) for one in self.excluded):
            return True
        if any(one.fits(group, kind, servers) for one in self.included):
            return False
        return any(one.is_about(servers) for one in self.included)

    def applied(self, targets: Targets, servers: tuple[str, ...]) -> Targets:
        """Return targets without what is left alone, which is noted instead."""
        found = {(key.group, key.kind) for key in targets.objects}
        gone = {one for one in found if self.excludes(*one, servers)}
        if not gone:
            return targets
        kept = {key: obj for key, obj in targets.objects.items() if (key.group, key.kind) not in gone}
        left = [key for key in targets.objects if (key.group, key.kind) in gone]
        words = tuple(f"Resource {key.group}/{key.kind} {key.name} is excluded in the settings" for key in left)
        return replace(targets, objects=kept, excluded=words, warnings=(*targets.warnings, *words))


NOTHING: Final = Exclusions()


def _kinds(settings: Mapping[str, str], setting: str) -> tuple[Kinds, ...]:
    try:
        said: Any = yaml.load(settings.get(setting, ""), Loader=yaml.CSafeLoader) or []
        entries = [one.get for one in said]
    except (yaml.YAMLError, TypeError, ValueError, AttributeError) as error:
        raise Rejected(f"{setting}: {_FORM}") from error
    return tuple(Kinds(*(_texts(get(field), setting) for field in _FIELDS)) for get in entries)


def _texts(found: Any, setting: str) -> tuple[str, ...]:
    if found is not None and not (isinstance(found, list) and all(isinstance(one, str) for one in found)):
        raise Rejected(f"{setting}: {_FORM}")
    return tuple(found or ())
