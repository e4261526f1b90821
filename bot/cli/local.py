"""The parts that a preview on one's own machine needs, assembled from the settings and one kubeconfig."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from bot.argocd_cm import exclusions_of, impersonates, schemes_of_values, toolbox_of
from bot.cli.kubeconfig import server_of
from bot.cli.kubectl import KubectlCluster
from bot.cluster.applications import Applications
from bot.cluster.clusters import Clusters
from bot.cluster.objects import FIELD_MANAGER, Cluster
from bot.engine.exclusions import NOTHING
from bot.engine.patches.hand_over import ARGO_CD
from bot.engine.tracking import TRACKING_ID
from bot.logs import configure_logs
from bot.model.resources import annotations_of, metadata_of
from bot.prediction.desired import Desired
from bot.prediction.preview import Predictor
from bot.prediction.sources import Sources
from bot.repository.mirrors import Mirrors
from bot.repository.render import Renderer
from bot.services import (
    charts,
    client_of,
    clusters_of,
    homes_of,
    integrity_of,
    projects_of,
)
from bot.settings import Mode

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.cluster.connection import ApiServer
    from bot.model.resources import JsonObject
    from bot.prediction.desired import Wanted
    from bot.settings import Settings


@dataclass(frozen=True, slots=True)
class Local:
    """What reads the checkout, renders, and asks the kubeconfig's cluster."""

    cluster: Cluster
    clusters: Clusters
    applications: Applications
    renderer: Renderer
    sources: Sources
    predictor: Predictor
    context_namespace: str
    """The namespace that kubectl would use."""


@contextmanager
def connected(settings: Settings, *, context: str = "", tracks: bool = True) -> Iterator[Local]:
    """Assemble the parts and let their threads and children go at the end.

    `tracks` is False for a folder that no Application manages: its objects carry no tracking id and are applied as
    kubectl would. Raises Rejected without a usable kubeconfig or when the cluster does not accept us, Temporary when it
    does not answer.
    """
    configure_logs()  # what is said of Secrets that cannot be used must not come between what is printed
    server, namespace = server_of(settings, context=context)
    cluster = _cluster(settings, server, tracks=tracks)
    toolbox = toolbox_of(settings)
    renderer = Renderer(settings.kustomize, settings.render_timeout, helm=settings.helm, toolbox=toolbox)
    clusters = clusters_of(settings, cluster) if tracks else Clusters(cluster)
    sources = _sources(settings, clusters, renderer, tracks=tracks)
    if tracks:
        sources.project_of = projects_of(settings, cluster).find
        sources.integrity = integrity_of(cluster, sources, _kept(settings), settings.control_namespace)
    predictor = Predictor(sources, clusters)
    predictor.policies = settings.policies
    try:
        _ = cluster.discovery.version  # asked first, so that a cluster that will not speak to us is named as that
        yield Local(
            cluster=cluster,
            clusters=clusters,
            applications=Applications(cluster, homes=homes_of(settings), project_of=sources.project_of),
            renderer=renderer,
            sources=sources,
            predictor=predictor,
            context_namespace=namespace,
        )
    finally:
        renderer.close()
        for one in clusters.all():
            one.close()


def _cluster(settings: Settings, server: ApiServer, *, tracks: bool) -> Cluster:
    if not tracks:
        return KubectlCluster(server, concurrency=settings.concurrency)
    manager = ARGO_CD if settings.mode is Mode.PREVIEW else FIELD_MANAGER
    return Cluster(server, concurrency=settings.concurrency, manager=manager)


def _sources(settings: Settings, clusters: Clusters, renderer: Renderer, *, tracks: bool) -> Sources:
    sources = (Sources if tracks else _Untracked)(
        mirrors=Mirrors(_kept(settings) / "mirrors", client_of(settings), timeout=settings.git_timeout),
        renderer=renderer,
        clusters=clusters,
        control_namespace=settings.control_namespace,
        auth_for=lambda _url, _project: None,
    )
    sources.reading.plugins = toolbox_of(settings).plugins
    sources.trees.charts = charts(settings, _kept(settings))
    sources.trees.values = replace(sources.trees.values, schemes=schemes_of_values(settings))
    sources.exclusions = exclusions_of(settings) if tracks else NOTHING
    sources.impersonates = tracks and impersonates(settings)
    sources.by_argo_cd = tracks and settings.mode is Mode.PREVIEW
    return sources


class _Untracked(Sources):
    """Sources of a folder that no Application manages: objects as the files have them, placed, but not stamped."""

    def desired(self, wanted: Sequence[Wanted]) -> list[Desired]:
        """Render as `Sources` does and take the tracking id off again."""
        return [_untracked(one) for one in super().desired(wanted)]


def _untracked(desired: Desired) -> Desired:
    objects = {key: _without_tracking(obj) for key, obj in desired.targets.objects.items()}
    return replace(desired, targets=replace(desired.targets, objects=objects))


def _without_tracking(obj: JsonObject) -> JsonObject:
    metadata = {name: value for name, value in metadata_of(obj).items() if name != "annotations"}
    if annotations := {name: value for name, value in annotations_of(obj).items() if name != TRACKING_ID}:
        metadata["annotations"] = annotations
    return {**obj, "metadata": metadata}


def _kept(settings: Settings) -> Path:
    """Return where other repositories are kept: the server's folder when it was set, else this person's cache."""
    if "data_directory" in settings.model_fields_set:
        return settings.data_directory
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "foresail"
