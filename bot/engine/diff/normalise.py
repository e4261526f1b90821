"""What of an object counts in a comparison: everything but the server's own bookkeeping."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.model.resources import metadata_of

if TYPE_CHECKING:
    from bot.model.resources import JsonObject

TRACKING_ANNOTATION: Final = "argocd.argoproj.io/tracking-id"
LAST_APPLIED_ANNOTATION: Final = "kubectl.kubernetes.io/last-applied-configuration"

_SERVER_MANAGED: Final = frozenset(
    {"managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink"}
)
_BOOKKEEPING: Final = frozenset({TRACKING_ANNOTATION, LAST_APPLIED_ANNOTATION})
"""Annotations that tools write about an object; adopting one is told in words, not as a diff of them."""


def comparable(obj: JsonObject) -> JsonObject:
    """Return `obj` without `status`, server-managed metadata and tools' bookkeeping; the argument is left as it is."""
    metadata = {name: value for name, value in metadata_of(obj).items() if name not in _SERVER_MANAGED}
    annotations = metadata.pop("annotations", None)
    if isinstance(annotations, dict):
        kept = {name: value for name, value in annotations.items() if name not in _BOOKKEEPING}
        if kept:
            metadata["annotations"] = kept
    return {name: value for name, value in obj.items() if name not in {"metadata", "status"}} | {"metadata": metadata}
