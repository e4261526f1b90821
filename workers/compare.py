"""Compare: see whether what an application was synced to is still there, write down what is not, and put it back.

Git is asked by `workers/refresh.py`; here the revisions of the last sync stand.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog

from bot.cluster.writing import Write
from bot.engine.projects import DEFAULT
from bot.engine.roles import why_not_understood
from bot.engine.signatures import REQUIRED
from bot.engine.sync.heal import heals_at, who_changed
from bot.engine.sync.record import comparison_patch
from bot.engine.sync.reverting import DUE, due_since, is_answered, is_told, settled_patch, told_patch
from bot.engine.sync.rollback import going_back
from bot.engine.sync.unknown import DISTRUSTED, known_patch, reached_patch, unknown_patch
from bot.engine.tracking import hijacked
from bot.engine.writes import Strategy
from bot.errors import Rejected
from bot.model.applications import HARD, REFRESH
from bot.model.jobs import advance, revert
from bot.model.measures import compared
from bot.model.operations import Operation, OperationState, Phase, timestamp
from bot.model.resources import JsonObject, ResourceKey
from bot.model.retry import Retry
from bot.prediction.desired import Wanted
from bot.prediction.integrity import Distrusted
from bot.preview.needs import Proof
from bot.settings import Mode
from workers.operating.revisions import fixed
from workers.operating.scenes import scene_of
from workers.operating.taking_back import answered, take_back
from workers.operating.unreached import is_told_unknown
from workers.operating.unusable import say_unusable
from workers.operating.windows import hold_of, why_not_now
from workers.runtime import job

if TYPE_CHECKING:
    from bot.cluster.objects import Cluster
    from bot.engine.sync.record import Scene
    from bot.engine.sync.rollback import GoingBack
    from bot.model.applications import Application
    from bot.model.jobs import JobRequest
    from bot.prediction.desired import Desired
    from bot.services import Services

_log = structlog.get_logger()
_CAUSE: Final = "cause"
"""Among what an operation says of itself: what was changed that it puts back, and who did."""
_MOST_NAMED: Final = 10
_MOST_AT_ONCE: Final = 500
"""Objects that one operation puts back: it names them all, and has to fit into its Application."""


@job
def run(services: Services, payload: JsonObject) -> JobRequest | None:
    """Compare one application, unless an operation is about to change it anyway."""
    if services.settings.mode is Mode.PREVIEW:
        return None
    try:
        application = services.applications.get(str(payload["application"]))
    except Rejected:
        say_unusable(services, str(payload["application"]))
        return None
    if application is None:
        return None
    with structlog.contextvars.bound_contextvars(application=application.name):
        try:
            if application.annotation(REFRESH) == HARD:
                services.sources.forget()
            if not is_told_unknown(services, application):
                return _compared(services, application)
            _answer(services, application)
        except Rejected as error:  # also when it has gone meanwhile, or has no room for what is to be written down
            _log.warning("application not compared", reason=error.message)
            with suppress(Rejected):
                _answer(services, application)
        return None


def _compared(services: Services, application: Application) -> JobRequest | None:
    began = time.monotonic()
    try:
        comparison = _Comparison.of(services, application)
    except Distrusted as error:
        patch = unknown_patch(application.status, error.message, kind=DISTRUSTED, now=timestamp())
        if patch:
            services.applications.update(application, {"status": patch, **answered(application)})
            _log.warning("application not signed as it has to be", reason=error.message)
        else:
            _answer(services, application)
        return None
    if comparison is not None:
        asks = comparison.told()
        services.metrics.count_later(compared(application, seconds=time.monotonic() - began))
        return asks
    # There is nothing to compare, but no longer because its cluster does not answer.
    if application.operation is None and (patch := reached_patch(application)):
        services.applications.update(application, {"status": patch, **answered(application)})
    else:
        _answer(services, application)
    return None


@dataclass(frozen=True)
class _Comparison:
    """An application as the cluster has it, beside what it was synced to last."""

    services: Services
    scene: Scene
    state: OperationState
    """Of the last sync."""
    synced: frozenset[ResourceKey]
    """Targets that are live as Git has them."""
    manager: str
    """The name that syncs write under."""

    @classmethod
    def of(cls, services: Services, application: Application) -> _Comparison | None:
        """Compare; None where nothing was synced yet, something else is, or what is wanted cannot be rendered now.

        Raises Distrusted where what was synced is not signed as the project demands, by now.
        """
        state = OperationState.last_sync(application.status)
        busy = application.operation is not None or application.deleting or application.left_alone
        if busy or state is None or not state.phase.completed:
            return None
        if not state.operation.revision or state.operation.info.get("definition", "") != application.spec.definition:
            return None
        source, operation = fixed(services.sources.trees, application, state.operation)
        tree = services.sources.trees.at(source, operation.revision, project=application.spec.project)
        desired = services.sources.desired([Wanted(application, tree, operation.revisions)])[0]
        if desired.distrusted:
            raise Distrusted(desired.failure)
        if desired.failure:
            return None
        cluster = services.sources.cluster_of(application)
        whole = replace(state, operation=replace(operation, resources=()))
        scene = scene_of(services, application, whole, cluster, targets=desired.targets, fence=desired.fence)
        return cls(services, scene, whole, _in_sync(services, scene, desired, cluster), cluster.manager)

    @property
    def differing(self) -> tuple[ResourceKey, ...]:
        """What is not as Git has it, of what Git has."""
        return tuple(key for key in self.scene.managed if key not in self.synced)

    def told(self) -> JobRequest | None:
        """Write down what has moved, and start to put it back where that is asked for and due."""
        application = self.scene.application
        patch = comparison_patch(self.scene, self.synced, self.state.operation, now=timestamp())
        patch |= known_patch(application, invalid=self._invalid, now=timestamp())
        back = self._going_back()
        if back is not None and not back.in_git:
            return take_back(self.services, application, back, patch | self._settled(patch, due=False))
        patch |= self._settled(patch, due=back is not None)
        if back is not None and not is_told(application.status, back.bad.revision):
            patch |= told_patch({**(application.status or {}), **patch}, back, DUE, now=timestamp())
        operation = self._starting()
        if operation is not None:
            patch = {"status": patch, "operation": operation.to_wire()}
        elif patch:
            patch = {"status": patch}
        if patch:
            self.services.applications.update(application, {**patch, **answered(application)})
            self._log(heals=operation is not None)
        else:
            _answer(self.services, application)
        if operation is not None:
            return advance(application.name)
        return self._reverting(back) if back is not None else None

    def _settled(self, patch: JsonObject, *, due: bool) -> JsonObject:
        """Return what no longer says that a revision is to be taken back."""
        status = {**(self.scene.application.status or {}), **patch}
        return settled_patch(status, self.state.operation.revision, due=due)

    def _reverting(self, back: GoingBack) -> JobRequest | None:
        """Return what has a change opened, unless that was done: asked for again and again while none is told of."""
        application = self.scene.application
        if is_answered(application.status, back.bad.revision):
            return None
        return revert(application.name, back.bad.revision, seen_at=self._seen_at)

    @property
    def _seen_at(self) -> float:
        """Since when it is known how the last sync turned out: what is still to be done has no other time than that."""
        since = due_since(self.scene.application.status)
        return self.services.clock.now() if since is None else since

    @property
    def _invalid(self) -> str:
        """What is wrong with the roles of the application's project; syncs do not ask for them."""
        project = self.services.sources.project_of(self.scene.application.spec.project or DEFAULT)
        return "" if project is None else why_not_understood(project)

    def _starting(self) -> Operation | None:
        """Return what puts back what differs, or does what nobody was trusted to have asked for until now."""
        application = self.scene.application
        at = heals_at(application) if self.differing else None
        heals = at is not None and self.services.clock.now() >= at
        trusted = self._is_trusted_by_now() and application.automated and hold_of(self.services, application) is None
        if not (heals or trusted) or why_not_now(self.services, application):
            return None
        return self._putting_back() if heals else replace(self.state.operation, automated=True, username="")

    def _is_trusted_by_now(self) -> bool:
        """Whether the last sync was refused for want of a signature: then it would not be here now."""
        return self.state.phase is Phase.ERROR and self.state.message.startswith(REQUIRED)

    def _going_back(self) -> GoingBack | None:
        """Return what takes back a revision that turned out badly; None where nobody asks for that, or holds it."""
        application = self.scene.application
        if hold_of(self.services, application) is not None:
            return None
        try:
            return going_back(application, self.state, self.scene.health, now=self._seen_at)
        except Rejected as error:
            _log.warning("nothing is taken back", reason=error.message)
            return None

    def _putting_back(self) -> Operation:
        """Return what syncs the differing objects alone: no hook runs, and nothing is pruned."""
        last = self.state.operation
        info = {**last.info, _CAUSE: "; ".join(map(self._why, self.differing[:_MOST_NAMED]))}
        return replace(
            last,
            resources=self.differing[:_MOST_AT_ONCE],
            heals=last.heals + 1,
            prune=False,
            retry=Retry.parse(self.scene.application.spec.sync_policy.retry),
            automated=True,
            username="",
            info=info,
        )

    def _why(self, key: ResourceKey) -> str:
        live = self.scene.live.get(key)
        if live is None:
            return f"{key} was gone"
        who = who_changed(live, manager=self.manager)
        return f"{key} was changed by {who}" if who else f"{key} differed"

    def _log(self, *, heals: bool) -> None:
        differing = list(map(self._why, self.differing[:_MOST_NAMED]))
        _log.info("application compared", differing=differing, count=len(self.differing), heals=heals)


def _answer(services: Services, application: Application) -> None:
    """Let whoever waits for a look know that it was had; Conflict where another one was asked for meanwhile."""
    if taken := answered(application):
        services.applications.update(application, taken)


def _in_sync(services: Services, scene: Scene, desired: Desired, cluster: Cluster) -> frozenset[ResourceKey]:
    """Return the targets that a sync would leave alone; the API server is asked about those that are not proven."""
    instance = scene.application.instance
    proof = Proof(manager=cluster.manager, admission_mutates=cluster.admission_mutates())
    writer = services.clusters.writer(cluster)
    synced, asked = set[ResourceKey](), dict[ResourceKey, tuple[Write, JsonObject]]()
    for key, target in scene.managed.items():
        current = scene.live.get(key)
        if current is None or hijacked(current, instance):
            continue
        manifest = desired.ignored.sent(target, current)
        how = desired.writes.how(manifest, current)
        proven = how.strategy is Strategy.SERVER_SIDE and not how.hands_over(current)
        if proven and proof.in_sync(manifest, current):
            synced.add(key)
        else:
            asked[key] = (Write(manifest, current, how, desired.ignored), current)
    answers = cluster.asking([partial(writer.is_in_sync, *one) for one in asked.values()])()
    return frozenset({*synced, *(key for key, answer in zip(asked, answers, strict=True) if answer is True)})
