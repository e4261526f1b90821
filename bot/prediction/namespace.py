"""The destination's namespace, as a sync brings it along where an application asks for it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.engine.order import SYNC_OPTIONS
from bot.engine.writes import SERVER_SIDE_APPLY
from bot.model.resources import ResourceKey

if TYPE_CHECKING:
    from bot.cluster.objects import Cluster
    from bot.engine.targets import Targets
    from bot.model.applications import Application
    from bot.model.resources import JsonObject


def with_namespace(targets: Targets, application: Application, cluster: Cluster) -> Targets:
    """Put the destination's namespace before everything else where `CreateNamespace` asks for it.

    That is while it is missing, and always when it is to have labels and annotations: those are applied server-side,
    beside what others give it. It is nobody's: an application that goes away leaves it, as with Argo CD.
    Source: argo-cd `controller/sync_namespace.go`.
    """
    name, managed = application.spec.destination.namespace, application.spec.sync_policy.managed_namespace_metadata
    manifest: JsonObject = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    key = ResourceKey.of(manifest) if name else None
    if key is None or key in targets.objects or not application.spec.has_option("CreateNamespace=true"):
        return targets
    if not cluster.scope.covers(key):
        return targets  # who manages some namespaces has them
    if managed is not None:
        manifest["metadata"] |= _managed(managed)
    elif key in cluster.live([manifest]):
        return targets
    return replace(targets, objects={key: manifest, **targets.objects})


def _managed(metadata: JsonObject) -> JsonObject:
    labels, annotations = (metadata.get(name) or {} for name in ("labels", "annotations"))
    managed: JsonObject = {"annotations": {**annotations, SYNC_OPTIONS: SERVER_SIDE_APPLY}}
    return managed | ({"labels": labels} if labels else {})
