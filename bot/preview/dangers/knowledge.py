"""What rules have to know of a cluster beside an application's own objects: asked for beforehand, never by a rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.model.resources import ResourceKey

if TYPE_CHECKING:
    from bot.model.resources import JsonObject


@dataclass(frozen=True, slots=True)
class Volume:
    """A PersistentVolume."""

    reclaim_policy: str
    """`Delete`, `Retain` or `Recycle`: what becomes of the data when the claim goes."""
    capacity: str


@dataclass(frozen=True, slots=True)
class Contents:
    """What lives in a namespace."""

    pods: int
    claims: int
    """PersistentVolumeClaims."""


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Answers about the objects in question. What is missing was not asked or could not be read: it is not known."""

    version: str = ""
    """Of the API server: `v1.37.2`."""
    instances: Mapping[str, int] = field(default_factory=dict)
    """How many objects there are of what a CustomResourceDefinition defines, by its name."""
    namespaces: Mapping[str, Contents] = field(default_factory=dict)
    volumes: Mapping[str, Volume] = field(default_factory=dict)
    """By name of the PersistentVolume."""
    autoscalers: Mapping[str, tuple[JsonObject, ...]] = field(default_factory=dict)
    """Live HorizontalPodAutoscalers by namespace."""
    pods: Mapping[ResourceKey, tuple[Mapping[str, str], ...]] = field(default_factory=dict)
    """Labels of live pods that a Service selects, by the Service."""
    arriving: tuple[tuple[str, Mapping[str, str]], ...] = ()
    """Namespace and labels of pods that the other applications of the same change are going to run."""


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What has to be asked, and nothing more."""

    definitions: frozenset[tuple[str, str, str]] = frozenset()
    """Name, group and kind of CustomResourceDefinitions that go away."""
    namespaces: frozenset[str] = frozenset()
    volumes: frozenset[str] = frozenset()
    autoscaled: frozenset[str] = frozenset()
    """Namespaces in which somebody may scale what the change sets replicas of."""
    services: frozenset[tuple[ResourceKey, tuple[tuple[str, str], ...]]] = frozenset()
    """Services with the labels they select."""

    def __or__(self, other: Inquiry) -> Inquiry:
        """Return both, each question once."""
        return Inquiry(
            definitions=self.definitions | other.definitions,
            namespaces=self.namespaces | other.namespaces,
            volumes=self.volumes | other.volumes,
            autoscaled=self.autoscaled | other.autoscaled,
            services=self.services | other.services,
        )
