"""What has come of an Application's objects, or lies beside them, as its cluster has it now."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from bot.argocd_cm import exclusions_of
from bot.cluster.surveys import survey
from bot.engine.family import Family, orphans
from bot.engine.health import assess
from bot.engine.projects import DEFAULT, Fence
from bot.model.applications import Application
from bot.model.names import name_of_instance
from bot.prediction.recorded import bare, recorded
from bot.services import clusters_of, projects_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bot.cli.app.control import Control
    from bot.cli.app.glance import Glance
    from bot.cluster.clusters import Clusters
    from bot.cluster.objects import Cluster
    from bot.cluster.surveys import Survey
    from bot.engine.family import Descendant
    from bot.model.health import HealthStatus
    from bot.model.resources import ResourceKey
    from bot.settings import Settings

_MOST_JUDGED: Final = 500
"""Objects whose health is told; each is read whole for that."""


@dataclass(frozen=True, slots=True)
class Found:
    """Objects with what has come of them, parents first."""

    members: tuple[Descendant, ...]
    orphaned: bool
    """Whether they are those that nobody declares."""
    health: Mapping[ResourceKey, HealthStatus] = field(default_factory=dict)
    """Of those of which it can be told."""
    missing: tuple[ResourceKey, ...] = ()
    """What the Application manages and is not there."""
    unread: tuple[str, ...] = ()
    """Kinds that may not be read, or cannot, each with why."""


def tree(at: Control, settings: Settings, seen: Glance) -> Found:
    """Return the Application's objects with all that has come of them; Rejected where its spec cannot be used.

    Looked for is in the namespaces of its objects and, where one of them lies in none, among what lies in none too.
    """
    application = Application.parse(seen.obj, home=seen.home)
    managed = recorded(application)
    with _reached(at, settings) as clusters:
        cluster, fence = _place(at, settings, clusters, application)
        unplaced = any(not key.namespace for key in managed)
        found = survey(cluster, {key.namespace for key in managed if key.namespace}, fence, unplaced=unplaced)
        family = Family(found.members)
        roots = [one for key in managed if (one := family.at(key)) is not None]
        members = tuple(family.below(roots, lambda one: fence.permits(one.key)))
        missing = tuple(key for key in managed if family.at(key) is None)
        return Found(members, orphaned=False, health=_health(cluster, members), missing=missing, unread=found.unread)


def beside(at: Control, settings: Settings, seen: Glance) -> Found:
    """Return what lies in the Application's destination and no Application declares; Rejected as `tree`.

    What its project ignores is left out, whether or not that project asks for warnings.
    """
    application = Application.parse(seen.obj, home=seen.home)
    namespace = application.spec.destination.namespace
    with _reached(at, settings) as clusters:
        cluster, fence = _place(at, settings, clusters, application)
        found: Survey = survey(cluster, [namespace] if namespace else [], fence)
        names = at.applications.names()
        members = orphans(
            Family(found.members),
            namespace,
            fence=fence,
            managed=recorded(application).keys(),
            exists=lambda instance: at.applications.homes.has(name_of_instance(instance), names),
        )
        return Found(members, orphaned=True, health=_health(cluster, members), unread=found.unread)


@contextmanager
def _reached(at: Control, settings: Settings) -> Iterator[Clusters]:
    clusters = clusters_of(settings, at.cluster)
    try:
        yield clusters
    finally:
        for one in clusters.all():
            if one is not at.cluster:
                one.close()


def _place(at: Control, settings: Settings, clusters: Clusters, application: Application) -> tuple[Cluster, Fence]:
    spec = application.spec
    project = projects_of(settings, at.cluster).find(spec.project or DEFAULT)
    cluster = clusters.at(spec.destination)
    return cluster, Fence(project, clusters.names_of(spec.destination), cluster.scope, exclusions_of(settings))


def _health(cluster: Cluster, members: Sequence[Descendant]) -> dict[ResourceKey, HealthStatus]:
    named = [bare(one.member.key, version=one.member.version) for one in members[:_MOST_JUDGED]]
    judged = ((key, assess(obj)) for key, obj in cluster.live(named).items())
    return {key: health for key, health in judged if health is not None}
