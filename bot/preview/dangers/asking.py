"""What the rules will want to know about an application, before any of them looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.preview.dangers.fields import mapping, text
from bot.preview.dangers.knowledge import Inquiry
from bot.preview.dangers.networking import unserved
from bot.preview.dangers.scaling import sets_replicas

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.model.resources import JsonObject, ResourceKey
    from bot.preview.dangers.scene import Scene


def inquiry(scene: Scene) -> Inquiry:
    """Return what has to be asked about the objects in question, and about no other."""
    going = [(one.key, one.live) for one in scene.subjects if one.live is not None and one.goes]
    scaled = (one.key for one in scene.subjects if one.after is not None and sets_replicas(one.states))
    return Inquiry(
        definitions=frozenset(_definitions(going)),
        namespaces=frozenset(key.name for key, _ in going if (key.group, key.kind) == ("", "Namespace")),
        volumes=frozenset(_volumes(going)),
        autoscaled=frozenset(key.namespace for key in scaled if key.namespace),
        services=frozenset((key, tuple(sorted(selector.items()))) for key, selector, _ in unserved(scene)),
    )


def _definitions(going: list[tuple[ResourceKey, JsonObject]]) -> Iterator[tuple[str, str, str]]:
    for key, live in going:
        if (key.group, key.kind) == ("apiextensions.k8s.io", "CustomResourceDefinition"):
            spec = mapping(live, "spec")
            yield key.name, text(spec.get("group")), text(mapping(spec, "names").get("kind"))


def _volumes(going: list[tuple[ResourceKey, JsonObject]]) -> Iterator[str]:
    for key, live in going:
        if (key.group, key.kind) == ("", "PersistentVolumeClaim"):
            yield text(mapping(live, "spec").get("volumeName"))
