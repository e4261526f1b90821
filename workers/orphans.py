"""Orphans: say on applications whose project asks for it how many objects lie beside them that nobody declares.

Every kind is listed for that, so it is done now and then, and for those who ask alone.
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import structlog

from bot.cluster.applications import Conflict
from bot.cluster.errors import ClusterAway
from bot.cluster.surveys import survey
from bot.engine.conditions import conditions_saying, conditions_without
from bot.engine.family import ORPHANED, Family, in_words, orphans
from bot.engine.projects import DEFAULT
from bot.errors import Rejected
from bot.model.names import name_of_instance
from bot.model.operations import timestamp
from bot.prediction.recorded import recorded
from bot.settings import Mode
from workers.runtime import job

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.cluster.objects import Cluster
    from bot.model.applications import Application
    from bot.model.resources import JsonObject
    from bot.services import Services

_log = structlog.get_logger()
_AT_ONCE: Final = 300
"""Namespaces that are read at a time: all of their objects are in memory then, half a kilobyte each."""


@job
def run(services: Services, payload: JsonObject) -> None:
    """Count the orphans of some applications, and say how many there are where that has changed."""
    if services.settings.mode is not Mode.FULL:
        return
    names = [str(name) for name in payload["applications"]]
    found = services.applications.named(names).applications
    asking = _asking(services, [one for one in found if not (one.deleting or one.left_alone)])
    existing = services.applications.names() if asking else frozenset[str]()
    for cluster, places in asking.items():
        namespaces = sorted(places)
        for first in range(0, len(namespaces), _AT_ONCE):
            some = namespaces[first : first + _AT_ONCE]
            _look(services, cluster, {name: places[name] for name in some}, existing)


def _asking(
    services: Services, applications: Iterable[Application]
) -> dict[Cluster, defaultdict[str, list[Application]]]:
    """Return by cluster and namespace those that want to be told; of the others it is not said any more."""
    found: dict[Cluster, defaultdict[str, list[Application]]] = {}
    for one in applications:
        if not _asks(services, one):
            _say(services, one, 0)
        elif (cluster := _reached(services, one)) is not None:
            found.setdefault(cluster, defaultdict(list))[one.spec.destination.namespace].append(one)
    return found


def _asks(services: Services, application: Application) -> bool:
    try:
        project = services.sources.project_of(application.spec.project or DEFAULT)
    except Rejected:
        return False  # what it cannot say it does not ask for
    orphaned = project.spec.orphaned_resources if project is not None else None
    return orphaned is not None and orphaned.warn is True and bool(application.spec.destination.namespace)


def _reached(services: Services, application: Application) -> Cluster | None:
    """Return the cluster of an application; None where nobody can tell now what lies there: it stays as it was said."""
    try:
        cluster = services.clusters.at(application.spec.destination)
    except Rejected:
        return None
    return None if cluster is not services.control and services.memory.why_away(cluster.name) else cluster


def _look(services: Services, cluster: Cluster, places: dict[str, list[Application]], existing: frozenset[str]) -> None:
    try:
        some = next(one for applications in places.values() for one in applications)
        found = survey(cluster, places, services.sources.fence_of(some))
    except ClusterAway as error:
        _log.info("orphans not looked for", cluster=cluster.name, reason=error.message)
        return
    if found.unread:
        _log.info("kinds left out of the orphans", cluster=cluster.name, unread=found.unread)
    family = Family(found.members)
    for namespace, applications in places.items():
        for one in applications:
            count = len(
                orphans(
                    family,
                    namespace,
                    fence=services.sources.fence_of(one),
                    managed=recorded(one).keys(),
                    exists=lambda instance: services.applications.homes.has(name_of_instance(instance), existing),
                )
            )
            _say(services, one, count)


def _say(services: Services, application: Application, count: int) -> None:
    """Write the condition, where it is not so already; what is overtaken by somebody else is said in the next round."""
    patch = _patch(application, count)
    if not patch:
        return
    try:
        services.applications.update(application, {"status": patch})
    except Conflict:
        newer = services.applications.get(application.name)
        if newer is None or not (patch := _patch(newer, count)):
            return
        with suppress(Conflict):
            services.applications.update(newer, {"status": patch})
    except Rejected as error:  # it has gone, or has no room
        _log.info("orphans not told", application=application.name, reason=error.message)


def _patch(application: Application, count: int) -> JsonObject:
    if not count:
        return conditions_without(application.status, _is_ours)
    return conditions_saying(application.status, _is_ours, kind=ORPHANED, words=in_words(count), now=timestamp())


def _is_ours(condition: JsonObject) -> bool:
    return condition.get("type") == ORPHANED
