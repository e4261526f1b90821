"""Which application an object belongs to: the tracking annotation, as Argo CD writes and reads it.

Source: https://argo-cd.readthedocs.io/en/stable/user-guide/resource_tracking/
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from bot.errors import Rejected
from bot.model.resources import JsonObject, ResourceKey, annotations_of

TRACKING_ID: Final = "argocd.argoproj.io/tracking-id"

_APPLICATION: Final = ("argoproj.io", "Application")
_CRD: Final = ("apiextensions.k8s.io", "CustomResourceDefinition")


@dataclass(frozen=True, slots=True)
class TrackingId:
    """What a tracking annotation says: this application instance manages that object."""

    instance: str
    """`name`, or `namespace_name` for an application outside the control namespace."""
    key: ResourceKey

    @classmethod
    def parse(cls, value: object) -> TrackingId | None:
        """Read an annotation's value; None when it is not a tracking id, whatever else it is."""
        # A name may hold colons (system:node), an instance or a kind may not.
        parts = value.split(":", 2) if isinstance(value, str) else []
        if len(parts) != 3 or not parts[0] or parts[1].count("/") != 1 or parts[2].count("/") != 1:  # noqa: PLR2004 - instance, kind, place
            return None
        group, kind = parts[1].split("/")
        namespace, name = parts[2].split("/")
        return cls(parts[0], ResourceKey(group, kind, namespace, name))

    def __str__(self) -> str:
        """Return the annotation's value."""
        key = self.key
        return f"{self.instance}:{key.group}/{key.kind}:{key.namespace}/{key.name}"

    def names(self, key: ResourceKey) -> bool:
        """Tell whether this id was made for `key`; the id of a cluster-scoped object may carry any namespace."""
        return key in {self.key, replace(self.key, namespace="")}


def tracking_id(instance: str, key: ResourceKey) -> str:
    """Return the tracking id that marks `key` as managed by the application `instance`."""
    return str(TrackingId(instance, key))


def stamp(obj: JsonObject, instance: str, *, namespace: str = "") -> JsonObject:
    """Return `obj` with the tracking id of the application `instance`; `obj` itself stays as it is.

    `namespace` is the application's destination: Argo CD writes it into the id of objects without one, and a different
    id would show as a difference where Argo CD does the syncing. Definitions are not stamped, as in Argo CD: removing
    one from Git must not delete every object of its kind. Raises Rejected when the annotations are not a mapping.
    """
    key = ResourceKey.of(obj)
    if (key.group, key.kind) == _CRD:
        return obj
    metadata = obj["metadata"]
    annotations = metadata.get("annotations") or {}
    if not isinstance(annotations, dict):
        raise Rejected(f"metadata.annotations of {key} is not a mapping")
    value = tracking_id(instance, replace(key, namespace=key.namespace or namespace))
    return {**obj, "metadata": {**metadata, "annotations": {**annotations, TRACKING_ID: value}}}


def hijacked(live: JsonObject | None, instance: str) -> str:
    """Return why the application `instance` may not write this object; nothing for almost every object.

    Other objects may change hands, and a comment says so. An Application may not: whoever could rewrite somebody else's
    would decide where all of its objects come from.
    """
    key = ResourceKey.of(live) if live is not None else None
    if live is None or key is None or (key.group, key.kind) != _APPLICATION:
        return ""
    owner = owner_of(live)
    if owner in {None, instance}:
        return ""
    return f"this Application is declared by the application {owner}, and no other may change it"


def owner_of(obj: JsonObject) -> str | None:
    """Return the instance name of the application that manages `obj`; None when no id names this very object.

    An id that came along when a person or a controller copied an object names the original, and so owns nothing.
    """
    found = TrackingId.parse(annotations_of(obj).get(TRACKING_ID))
    return found.instance if found and found.names(ResourceKey.of(obj)) else None
