"""Settings to services: the only module that knows every implementation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import structlog

from bot.argocd_cm import (
    exclusions_of,
    global_projects,
    ignored_everywhere,
    impersonates,
    own_health,
    schemes_of_values,
    toolbox_of,
)
from bot.errors import Rejected
from bot.settings import Mode
from bot.store.clock import Clock
from bot.store.connection import connect
from bot.store.locks import Locks
from bot.store.memory import Memory
from bot.store.metrics import Metrics
from bot.store.pace import Pace
from bot.store.queue import Queue

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import redis

    from bot.cluster.applications import Applications, Projects
    from bot.cluster.applicationsets import ApplicationSets
    from bot.cluster.clusters import Clusters
    from bot.cluster.connection import ApiServer
    from bot.cluster.objects import Cluster
    from bot.cluster.repositories import Repositories
    from bot.engine.homes import Homes
    from bot.forges.port import Forge
    from bot.model.applications import Source
    from bot.model.credentials import Credentials
    from bot.prediction.forges import ForgeListing
    from bot.prediction.integrity import Integrity
    from bot.prediction.preview import Predictor
    from bot.prediction.sources import Sources
    from bot.prediction.trees import Trees
    from bot.prediction.updates.planning import Planner
    from bot.preview.template import Own
    from bot.rendering.port import Rendering
    from bot.rendering.shared import Shared
    from bot.rendering.shelf import Shelf
    from bot.repository.charts.available import Notes
    from bot.repository.charts.charts import Charts
    from bot.repository.fetching import Client
    from bot.repository.health.evaluator import OwnHealth
    from bot.repository.mirrors import Mirrors
    from bot.repository.render import Renderer
    from bot.settings import Settings
    from bot.store.reports import Reports

_log = structlog.get_logger()
_NOTED: Final = 60.0
"""Seconds for which a registry's list of tags is taken for new: every repository of a round then sees the same."""


@dataclass(frozen=True)
class WebServices:
    """Everything the web process needs; it stays small by importing nothing more."""

    settings: Settings
    queue: Queue
    metrics: Metrics
    pace: Pace
    """Where accounts stand with their forge; nothing is written to one here."""
    reports: Reports | None = None
    """What links open; None where the settings have no key for them."""

    @classmethod
    def build(cls, settings: Settings) -> WebServices:
        """Connect to nothing yet; raise Rejected when the settings cannot work."""
        connection = connect(settings.redis_url)
        queue, metrics, pace = Queue(connection), Metrics(connection), Pace(connection, ())
        return cls(settings, queue, metrics, pace, _reports(settings, connection))


@dataclass(frozen=True)
class RenderServices:
    """Everything a process needs that does nothing but render; it has no forge and no cluster."""

    settings: Settings
    shelf: Shelf
    rendering: Shared

    @classmethod
    def build(cls, settings: Settings) -> RenderServices:
        """Connect to nothing yet; raise Rejected when the settings cannot work."""
        from bot.rendering.choice import shelf_of
        from bot.rendering.shared import Shared

        renderer = _renderer(settings)
        shelf = shelf_of(settings, connect(settings.redis_url), renderer)
        return cls(settings, shelf, Shared(renderer, shelf))


@dataclass(frozen=True)
class Services:
    """Everything a job or the controller needs; built once a process."""

    settings: Settings
    queue: Queue
    memory: Memory
    metrics: Metrics
    locks: Locks
    clock: Clock
    """Tells the time wherever several processes have to agree on it."""
    forge: Forge
    pace: Pace
    """How fast the forge may be written to, and what it says of that."""
    control: Cluster
    clusters: Clusters
    applications: Applications
    applicationsets: ApplicationSets
    mirrors: Mirrors
    renderer: Rendering
    sources: Sources
    predictor: Predictor
    assess: OwnHealth
    """Judges the health of a live object."""
    reports: Reports | None
    """Where full reports are kept; None where the settings do not say how they are to be linked to."""
    template: Own | None
    """The operator's own template of comments; None: ours."""

    @classmethod
    def build(cls, settings: Settings) -> Services:
        """Connect to nothing yet; raise Rejected when the settings cannot work."""
        from bot.cluster.applications import Applications
        from bot.cluster.applicationsets import ApplicationSets
        from bot.cluster.repositories import Repositories
        from bot.rendering.choice import rendering_of
        from bot.repository.mirrors import Mirrors

        connection = connect(settings.redis_url)
        pace = _pace(settings, connection)
        forge = _forge(settings, pace)
        control = _control(settings)
        clusters = clusters_of(settings, control)
        mirrors = Mirrors(settings.data_directory / "mirrors", client_of(settings), timeout=settings.git_timeout)
        queue = Queue(connection)
        renderer = rendering_of(settings, connection, queue, renderer=_renderer(settings))
        credentials = credentials_for(forge, settings, Repositories(control, namespace=settings.control_namespace))
        sources = _sources(settings, clusters, mirrors=mirrors, renderer=renderer, auth_for=credentials)
        sources.project_of = projects_of(settings, control).find
        sources.integrity = integrity_of(control, sources, settings.data_directory, settings.control_namespace)
        return cls(
            settings=settings,
            queue=queue,
            memory=Memory(connection),
            metrics=Metrics(connection),
            locks=Locks(connection),
            clock=Clock(connection),
            forge=forge,
            pace=pace,
            control=control,
            clusters=clusters,
            applications=Applications(control, homes=homes_of(settings), project_of=sources.project_of),
            applicationsets=ApplicationSets(control, namespace=settings.control_namespace),
            mirrors=mirrors,
            renderer=renderer,
            sources=sources,
            predictor=_predictor(settings, sources, clusters),
            assess=own_health(settings),
            reports=_reports(settings, connection) if settings.url else None,
            template=_template(settings),
        )

    def close(self) -> None:
        """Let children and threads go."""
        self.renderer.close()
        self.assess.close()
        for cluster in self.clusters.all():
            cluster.close()


def _renderer(settings: Settings) -> Renderer:
    from bot.repository.render import Renderer

    toolbox = toolbox_of(settings)
    return Renderer(settings.kustomize, settings.render_timeout, helm=settings.helm, toolbox=toolbox)


def _template(settings: Settings) -> Own | None:
    from bot.preview.template import Own

    text = settings.own_comments
    return None if text is None else Own(text, lambda words: _log.error("comment template not used", reason=words))


def _reports(settings: Settings, connection: redis.Redis) -> Reports | None:
    from bot.store.reports import Reports

    if settings.report_key is None:
        return None
    key, room = settings.report_key.get_secret_value(), settings.report_megabytes << 20
    return Reports(connection, key=key, room=room, days=settings.report_days)


def _control(settings: Settings) -> Cluster:
    from bot.cluster.objects import FIELD_MANAGER, Cluster
    from bot.engine.patches.hand_over import ARGO_CD

    manager = ARGO_CD if settings.mode is Mode.PREVIEW else FIELD_MANAGER
    return Cluster(_control_server(settings), concurrency=settings.concurrency, manager=manager)


def clusters_of(settings: Settings, control: Cluster) -> Clusters:
    """Return the cluster that keeps the Applications, and those that its cluster Secrets describe."""
    from bot.cluster.clusters import Clusters, Limits, Others
    from bot.cluster.secrets import ClusterSecrets

    secrets = ClusterSecrets(control, namespace=settings.control_namespace)
    limits = Limits(settings.cluster_timeout, settings.concurrency)
    return Clusters(control, Others(secrets, limits, settings.cluster_programs))


def _sources(
    settings: Settings,
    clusters: Clusters,
    *,
    mirrors: Mirrors,
    renderer: Rendering,
    auth_for: Callable[[str, str], Credentials | None],
) -> Sources:
    from bot.prediction.sources import Sources

    namespace = settings.control_namespace
    sources = Sources(
        mirrors=mirrors, renderer=renderer, clusters=clusters, control_namespace=namespace, auth_for=auth_for
    )
    sources.trees.submodules = settings.git_submodules
    sources.trees.charts = charts(settings, settings.data_directory)
    sources.trees.values = replace(sources.trees.values, schemes=schemes_of_values(settings))
    sources.by_argo_cd = settings.mode is Mode.PREVIEW
    sources.reading.plugins = toolbox_of(settings).plugins
    sources.impersonates = impersonates(settings)
    sources.everywhere = ignored_everywhere(settings)
    sources.exclusions = exclusions_of(settings)
    return sources


def homes_of(settings: Settings) -> Homes:
    """Return where Applications may live."""
    from bot.engine.homes import Homes

    return Homes(settings.control_namespace, settings.application_namespaces)


def projects_of(settings: Settings, control: Cluster) -> Projects:
    """Return the projects of the control namespace, with what they have of global ones."""
    from bot.cluster.applications import Projects

    return Projects(control, namespace=settings.control_namespace, above=global_projects(settings))


def integrity_of(control: Cluster, sources: Sources, directory: Path, namespace: str) -> Integrity:
    """Return what verifies signatures, by the keys of the control namespace; rings of keys are kept in `directory`."""
    from bot.cluster.keyrings import Keyrings
    from bot.prediction.integrity import Integrity
    from bot.repository.signatures import Signatures

    keyring = Keyrings(control, namespace=namespace).current
    return Integrity(Signatures(directory / "keyrings"), keyring, sources.project_of)


def charts(settings: Settings, directory: Path) -> Charts:
    """Return what fetches charts into a folder of `directory`; Rejected when the settings cannot work."""
    from bot.repository.charts.charts import Charts

    return Charts(directory / "charts", client_of(settings))


def client_of(settings: Settings) -> Client:
    """Return what fetches whatever applications name; Rejected when the settings cannot work."""
    from bot.repository.fetching import Client
    from bot.repository.guard import Allowed

    return Client(Allowed.of(settings.fetch_allow), timeout=settings.git_timeout)


def _forge(settings: Settings, pace: Pace) -> Forge:
    """Return the forge that the settings name: GitLab where they have a token of it, else GitHub."""
    from bot.forges.github.client import GitHub
    from bot.forges.gitlab.client import GitLab

    if not settings.is_gitlab:
        return GitHub.from_settings(settings, pace=pace)
    if settings.github_app_id is not None or settings.github_token is not None:
        raise Rejected(
            "the settings name somebody on GitHub and on GitLab, and an instance serves one of them",
            remedy="Unset FORESAIL_GITHUB_APP_ID and FORESAIL_GITHUB_TOKEN, or FORESAIL_GITLAB_TOKEN.",
        )
    return GitLab.from_settings(settings, pace=pace)


def _pace(settings: Settings, connection: redis.Redis) -> Pace:
    from bot.model.pacing import limits

    return Pace(
        connection,
        limits(
            content_per_minute=settings.forge_content_per_minute,
            content_per_hour=settings.forge_content_per_hour,
            writes_per_minute=settings.forge_writes_per_minute,
            previews_per_minute=0 if settings.is_gitlab else settings.forge_previews_per_minute,
        ),
    )


def _predictor(settings: Settings, sources: Sources, clusters: Clusters) -> Predictor:
    from bot.prediction.lasting import Lasting
    from bot.prediction.preview import Predictor

    predictor = Predictor(sources, clusters, mass_deletion_percent=settings.mass_deletion_percent)
    predictor.policies = settings.policies
    predictor.lasting = Lasting()
    return predictor


def _control_server(settings: Settings) -> ApiServer:
    from bot.cluster.connection import ApiServer

    limits: dict[str, Any] = {"timeout": settings.cluster_timeout, "connections": settings.concurrency * 2}
    if settings.kubeconfig:
        return ApiServer.from_kubeconfig(settings.kubeconfig, **limits)
    try:
        return ApiServer.in_cluster(**limits)
    except Rejected:
        return ApiServer.from_kubeconfig(**limits)


def listing(services: Services, only: frozenset[str] | None = None) -> ForgeListing:
    """Return what ApplicationSets ask of the forge; `only` about these repositories, in lower case."""
    from bot.prediction.forges import ForgeListing

    settings = services.settings
    provider, api = ("gitlab", settings.gitlab_url) if settings.is_gitlab else ("github", settings.github_url)
    return ForgeListing(services.forge, provider, api, services.sources.trees, only=only)


def planner_of(settings: Settings, trees: Trees, charts: Charts, notes: Notes, *, roots: Sequence[Source]) -> Planner:
    """Return what finds newer images and charts for one round, in the files that `trees` finds."""
    from bot.prediction.updates.planning import Planner
    from bot.repository.charts.available import Available

    def auth_for(url: str, project: str) -> Credentials | None:
        # Whoever writes an annotation may name any registry, so credentials go only to what the project permits.
        return None if trees.refusal_of(project, url) else trees.auth_for(url, project)

    return Planner(trees, Available(client_of(settings), charts, auth_for, notes, _NOTED), roots)


def credentials_for(
    forge: Forge, settings: Settings, repositories: Repositories
) -> Callable[[str, str], Credentials | None]:
    """Return what finds, by URL and project, how a repository is reached; see bot/forges/credentials.py."""
    from bot.forges import credentials
    from bot.forges.github.others import OtherApps

    apps = OtherApps(timeout=settings.forge_timeout)
    return credentials.credentials_for(forge, settings.forge_site, repositories.find, apps)
