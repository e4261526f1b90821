"""What of an object counts in a comparison: everything but the server's own bookkeeping."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bot.engine.tracking import TRACKING_ID
from bot.model.resources import metadata_of

if TYPE_CHECKING:
    from bot.model.resources import JsonObject

LAST_APPLIED_ANNOTATION: Final = "kubectl.kubernetes.io/last-applied-configuration"

SERVER_MANAGED: Final = frozenset(
    {"managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink"}
)
BOOKKEEPING: Final = frozenset({TRACKING_ID, LAST_APPLIED_ANNOTATION})
"""Annotations that tools write about an object; adopting one is told in words, not as a diff of them."""


def comparable(obj: JsonObject) -> JsonObject:
    """Return `obj` without `status`, server-managed metadata and tools' bookkeeping; the argument is left as it is."""
    metadata = dict(metadata_of(obj))
    for name in SERVER_MANAGED:
        metadata.pop(name, None)
    annotations = metadata.pop("annotations", None)
    if isinstance(annotations, dict):
        kept = {name: value for name, value in annotations.items() if name not in BOOKKEEPING}
        if kept:
            metadata["annotations"] = kept
    compared = dict(obj)
    for name in ("status", "metadata"):
        compared.pop(name, None)
    compared["metadata"] = metadata
    return compared


_SERVICE_PICKS: Final = ("clusterIP", "clusterIPs", "healthCheckNodePort")
_JOB_PICKS: Final = frozenset({"controller-uid", "batch.kubernetes.io/controller-uid"})


def without_assigned(obj: JsonObject, manifest: JsonObject) -> JsonObject:
    """Return a new object without what the server picks at its creation: a dry run's pick is not the real one.

    What `manifest` itself asks for stays. Seen: a Service's dry run answers the cluster IP 10.0.0.0, a Job's another
    uid each time.
    """
    kind, asked = (obj.get("apiVersion"), obj.get("kind")), _mapping(manifest.get("spec"))
    if kind == ("v1", "Service"):
        return _service(obj, asked)
    return _without_labels(obj) if kind == ("batch/v1", "Job") and not asked.get("manualSelector") else obj


def _service(obj: JsonObject, asked: JsonObject) -> JsonObject:
    keeps_address = not asked.keys().isdisjoint({"clusterIP", "clusterIPs"})
    spec = {
        name: value
        for name, value in _mapping(obj.get("spec")).items()
        if name not in _SERVICE_PICKS or name in asked or (keeps_address and name != "healthCheckNodePort")
    }
    ports, wanted = spec.get("ports"), asked.get("ports")
    chosen = isinstance(wanted, list) and any(isinstance(port, dict) and "nodePort" in port for port in wanted)
    if isinstance(ports, list) and not chosen:
        spec["ports"] = [_without(port, frozenset({"nodePort"})) for port in ports]
    return {**obj, "spec": spec}


def _without_labels(value: Any) -> Any:
    """Take a Job's own uid out of its labels, its pods' labels and its selector."""
    if not isinstance(value, dict):
        return value
    nested = ("metadata", "labels", "spec", "template", "selector", "matchLabels")
    kept = _without(value, _JOB_PICKS)
    return {name: _without_labels(below) if name in nested else below for name, below in kept.items()}


def _without(value: Any, names: frozenset[str]) -> Any:
    return {key: below for key, below in value.items() if key not in names} if isinstance(value, dict) else value


def _mapping(value: Any) -> JsonObject:
    return value if isinstance(value, dict) else {}
