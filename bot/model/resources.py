"""Kubernetes objects and how they are named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from bot.errors import Rejected

JsonObject: TypeAlias = dict[str, Any]
"""One Kubernetes object as decoded JSON. Treated as read-only everywhere: a changed object is a new one."""


@dataclass(frozen=True, slots=True, order=True)
class ResourceKey:
    """An object's identity without its version: what Argo CD pairs target and live objects by."""

    group: str
    kind: str
    namespace: str
    """Empty for cluster-scoped objects."""
    name: str

    @classmethod
    def of(cls, obj: JsonObject) -> ResourceKey:
        """Name `obj`; raise Rejected when it lacks apiVersion, kind or metadata.name."""
        api_version, kind = obj.get("apiVersion"), obj.get("kind")
        metadata = obj.get("metadata")
        if not isinstance(api_version, str) or not isinstance(kind, str) or not isinstance(metadata, dict):
            raise Rejected("a manifest needs apiVersion, kind and metadata to be a Kubernetes object")
        name = metadata.get("name") or metadata.get("generateName")
        if not isinstance(name, str) or not name:
            raise Rejected(f"a {kind} has no metadata.name")
        namespace = metadata.get("namespace") or ""
        if not isinstance(namespace, str):
            raise Rejected(f"metadata.namespace of {kind} {name} is not text")
        # The API server's own rule for what becomes part of a path (apimachinery `path.IsValidPathSegmentName`).
        for part in (name, namespace):
            if part in {".", ".."} or "/" in part or "%" in part:
                raise Rejected(f"{part!r} cannot be the name or namespace of a {kind}")
        return cls(group_of(api_version), kind, namespace, name)

    @property
    def place(self) -> str:
        """`namespace/name`, or the name alone for cluster-scoped objects."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name

    def __str__(self) -> str:
        """Return the words used for this object everywhere: `Deployment shop/web`."""
        return f"{self.kind} {self.place}"


@dataclass(frozen=True, slots=True)
class ResourceType:
    """One served resource of an API server, as discovery describes it."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool

    @property
    def api_version(self) -> str:
        """`v1` or `group/version`."""
        return f"{self.group}/{self.version}" if self.group else self.version


def group_of(api_version: str) -> str:
    """Return the API group in `apiVersion`: `apps/v1` → `apps`, `v1` → ``."""
    group, slash, _ = api_version.rpartition("/")
    return group if slash else ""


def metadata_of(obj: JsonObject) -> JsonObject:
    """Return the object's metadata, empty when it has none that is a mapping."""
    metadata = obj.get("metadata")
    return metadata if isinstance(metadata, dict) else {}


def annotations_of(obj: JsonObject) -> dict[str, str]:
    """Return the object's annotations, empty when it has none that is a mapping."""
    annotations = metadata_of(obj).get("annotations")
    return annotations if isinstance(annotations, dict) else {}


def controller_of(obj: JsonObject, group: str, kind: str) -> str:
    """Return the name of the `kind` that an object belongs to as its controller has marked it; empty without one."""
    references = metadata_of(obj).get("ownerReferences")
    for one in references if isinstance(references, list) else []:
        if isinstance(one, dict) and one.get("controller") is True and one.get("kind") == kind:
            return str(one.get("name") or "") if group_of(str(one.get("apiVersion") or "")) == group else ""
    return ""


def options_of(obj: JsonObject, annotation: str) -> frozenset[str]:
    """Split an Argo CD options annotation (`A=true,B=false`) into its entries."""
    value: object = annotations_of(obj).get(annotation)
    return (
        frozenset(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else frozenset()
    )
