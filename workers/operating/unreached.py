"""Applications whose cluster does not answer, or is not configured: said to be Unknown, and gone on with later.

The controller asks again, so that no job waits for a cluster that is away, and none is tried until it is given up.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import structlog

from bot.cluster.clusters import UnknownCluster
from bot.cluster.errors import ClusterAway
from bot.engine.sync.unknown import COMPARISON_ERROR, INVALID_SPEC, unknown_patch
from bot.errors import Rejected
from bot.model.jobs import notify
from bot.model.operations import Occasion, Operation, timestamp
from workers.operating.claims import CLAIM
from workers.operating.ending import state_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.cluster.objects import Cluster
    from bot.model.applications import Application
    from bot.model.operations import OperationState
    from bot.services import Services

_log = structlog.get_logger()
_WAITS: Final = "waits for its cluster: "


class _NotAnswering(ClusterAway):
    """A cluster beside our own does not answer us, for the reason that its own check gives."""

    def __init__(self, cluster: str, why: str) -> None:
        super().__init__(cluster, why)
        self.message = why


def reached(services: Services, application: Application) -> Cluster:
    """Return the cluster of an application, as it is written to; ClusterAway when it does not answer.

    Raises Rejected when nobody knows it, or in whose name to write. An operation fails over that, and an application
    that is being deleted is let go: so its Secret is looked for once more first.
    """
    _refuse_away(services, application, anew=True)
    return services.sources.cluster_of(application)


def _refuse_away(services: Services, application: Application, *, anew: bool = False) -> None:
    cluster = services.clusters.at(application.spec.destination, anew=anew)
    if cluster is services.control:
        return
    # The controller finds out beside its other work; here, whoever else wants something of this worker would wait.
    if why := services.memory.why_away(cluster.name) or cluster.why_away():
        raise _NotAnswering(cluster.name, why)


@contextmanager
def patient(services: Services, name: str) -> Iterator[None]:
    """Have an operation wait whose cluster turns out to be away, with that as its message."""
    try:
        yield
    except ClusterAway as error:
        _wait(services, name, error.message)


def resumed(state: OperationState, *, now: float) -> OperationState:
    """Return an operation that goes on; where it has waited for its cluster to begin, its time begins now."""
    waited = state.message.startswith(_WAITS) and not state.results
    return replace(state, message="started", started_at=timestamp(now)) if waited else state


def is_told_unknown(services: Services, application: Application) -> bool:
    """Whether nothing can be known about an application at rest now; its status says so then."""
    if application.operation is not None or application.deleting or application.left_alone:
        return False
    try:
        _refuse_away(services, application)
    except ClusterAway as error:
        _say(services, application, error.message, kind=COMPARISON_ERROR)
    except UnknownCluster as error:
        _say(services, application, f"{error.message}. {error.remedy}", kind=INVALID_SPEC)
    except Rejected as error:
        _say(services, application, f"{error.message}. {error.remedy}", kind=COMPARISON_ERROR)
    else:
        return False
    return True


def _say(services: Services, application: Application, words: str, *, kind: str) -> None:
    patch = unknown_patch(application.status, words, kind=kind, now=timestamp())
    if patch:
        services.applications.update(application, {"status": patch})
        _log.warning("application unknown", reason=words)


def _wait(services: Services, name: str, words: str) -> None:
    application = services.applications.get(name)
    operation = Operation.parse(application.operation) if application is not None and application.operation else None
    if application is None or operation is None:
        return
    state = state_of(application, operation, now=services.clock.now())
    waiting = replace(state, message=f"{_WAITS}{words}")
    patch = unknown_patch(application.status, words, now=timestamp())
    if waiting == state and not patch and not application.annotation(CLAIM):
        return
    metadata = {"annotations": {CLAIM: None}}
    status = {**patch, "operationState": waiting.to_wire()}
    services.applications.update(application, {"metadata": metadata, "status": status})
    _log.info("operation waits", application=name, reason=words)
    occasion = Occasion.of(operation.info)
    if occasion.repository and not operation.is_partial:
        services.queue.enqueue(notify(occasion.repository, occasion.commit))
