"""Delete what an Application that is being deleted manages, as its finalizers ask: the last of them goes last.

Everything is decided anew from the finalizers, the cluster and the Application's own record, so that any worker goes on
where another was killed. Two at once do no harm: each deletes only the very objects that it looked at, and finalizers
are taken away under optimistic locking.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import structlog

from bot.cluster.applications import APPLICATION, Conflict
from bot.cluster.clusters import UnknownCluster
from bot.cluster.errors import ApiRefused
from bot.engine.deletion import (
    DELETION_ERROR,
    DELETION_IN_PROGRESS,
    OURS,
    Blocked,
    Cascade,
    Create,
    Delete,
    Done,
    Hooks,
    Stage,
    Step,
    Wait,
    cleanup_step,
    conditions_with,
    propagation_of,
    stage_of,
)
from bot.engine.projects import Fence
from bot.engine.writes import Writes, approved
from bot.errors import Rejected, Temporary
from bot.model import jobs
from bot.model.applications import Application
from bot.model.operations import Operation, OperationState, timestamp
from bot.model.resources import ResourceKey, metadata_of
from bot.prediction.desired import Wanted
from bot.prediction.recorded import bare, recorded
from bot.preview.redaction import secrets_of
from bot.preview.scrub import scrub
from bot.settings import Mode
from workers.operating.revisions import fixed
from workers.operating.unreached import reached
from workers.runtime import job_with_excuse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.cluster.objects import Cluster
    from bot.model.jobs import JobRequest
    from bot.model.resources import JsonObject
    from bot.services import Services

_log = structlog.get_logger()
_MOST_STEPS: Final = 50
"""Steps of one job; each leaves the cluster as it found it or one step further, so stopping here loses nothing."""


def _excuse(services: Services, payload: JsonObject, words: str) -> None:
    _blocked(services, str(payload["application"]), words)


@job_with_excuse(_excuse)
def run(services: Services, payload: JsonObject) -> JobRequest | None:
    """Take the deletion of an application as far as it goes without waiting."""
    name = str(payload["application"])
    if services.settings.mode is Mode.PREVIEW:
        return None
    with structlog.contextvars.bound_contextvars(application=name):
        try:
            return _look_at(services, name)
        except Rejected as error:
            _blocked(services, name, f"{error.message} {error.remedy}".rstrip())
        except Conflict:
            raise
        except Temporary as error:
            with suppress(Temporary):
                _blocked(services, name, f"tried again in a moment: {error.message}")
            raise
    return None


def _look_at(services: Services, name: str) -> JobRequest | None:
    for _ in range(_MOST_STEPS):
        application = services.applications.get(name)
        stage = stage_of(application.finalizers) if application is not None and application.deleting else None
        if application is None or stage is None or application.left_alone:
            return None  # the controller asks again when it is no longer left alone
        if application.operation is not None:
            return jobs.advance(name)  # which ends it; the controller asks again then
        deletion = _Deletion.of(services, application)
        if deletion is None or not deletion.goes_on(stage):
            return None
    return jobs.delete(name)


@dataclass(frozen=True)
class _Deletion:
    """One application that is being deleted, as it was read last."""

    services: Services
    application: Application
    cluster: Cluster

    @classmethod
    def of(cls, services: Services, application: Application) -> _Deletion | None:
        """Begin to look; None where nobody knows the cluster, which nothing can be deleted from: it is let go.

        As in Argo CD: an Application must not stay for ever because its cluster has gone.
        """
        try:
            cluster = reached(services, application)
        except UnknownCluster as error:
            words = f"its objects stay where they are: {error.message}"
            _log.warning("application let go", reason=words)
            _finish(services, application, words, finished=OURS)
            return None
        return cls(services, application, cluster)

    @property
    def instance(self) -> str:
        """The application's name in tracking ids."""
        return self.application.instance

    def goes_on(self, stage: Stage) -> bool:
        """Take one step; False when there is nothing to do but to wait."""
        step = self._next(stage)
        match step:
            case Create(hooks=hooks):
                self._create(hooks)
            case Delete(objects=objects, propagation=propagation, words=words):
                self._say(words)
                self._delete(objects, propagation)
            case Wait(words=words):
                self._say(words)
            case Blocked(words=words):
                self._say(words, kind=DELETION_ERROR)
            case Done(words=words):
                _log.info("part of a deletion done", stage=stage.name, words=words)
                _finish(self.services, self.application, words, finished=stage.value)
        return not isinstance(step, Wait | Blocked)

    def _next(self, stage: Stage) -> Step:
        match stage:
            case Stage.CASCADE:
                return self._cascade()
            case Stage.PRE_DELETE | Stage.POST_DELETE:
                return self._hooks(stage)
            case _:
                fence = self._fence()
                known = (obj for key, obj in recorded(self.application).items() if fence.permits(key))
                live = self.cluster.live(known)
                return cleanup_step(live.values(), self.instance, stage.hook, self.services.assess)

    def _cascade(self) -> Step:
        application = self.application
        cascade = Cascade(
            instance=self.instance,
            own=ResourceKey(APPLICATION.group, APPLICATION.kind, application.namespace, application.short_name),
            writes=Writes.of(application.spec),
            approved=approved(application, since=application.deleted_at),
            propagation=propagation_of(application.finalizers),
        )
        fence, (known, unknown) = self._fence(), self._known()
        permitted = [obj for key, obj in known.items() if fence.permits(key)]
        step = cascade.step(self.cluster.live(permitted).values())
        return replace(step, words=f"{step.words}; {unknown}") if isinstance(step, Done) and unknown else step

    def _known(self) -> tuple[dict[ResourceKey, JsonObject], str]:
        """Return what the application may have, all it has recorded and what Git had, and why the latter is not known.

        Not all of what Git had need be recorded: hooks of an earlier operation, what a killed worker had just applied.
        """
        status = self.application.status
        states = [OperationState.of_status(status), OperationState.last_sync(status)]
        known, why = dict(recorded(self.application)), ""
        for state in filter(None, states):
            known |= {one.key: bare(one.key, version=one.version) for one in state.results if one.hook}
        for operation in {str(state.operation): state.operation for state in filter(None, states)}.values():
            try:
                targets, _, failure = self._targets(operation)
            except Temporary as error:
                targets, failure = {}, error.message
            known = targets | known
            why = f"gone is what was recorded, as what Git had cannot be rendered: {failure}" if failure else why
        return known, why

    def _hooks(self, stage: Stage) -> Step:
        """Run the hooks as Git has them now; where that cannot be rendered any more, as they were at the last sync.

        What declared the application may have left Git along with it.
        """
        way_out = f"Once its finalizer {next(iter(stage.value))} is taken away, it is deleted without them."
        try:
            targets, revision, failure = self._targets(Operation("", prune=False))
            state = OperationState.last_sync(self.application.status)
            if failure and state is not None:
                targets, revision, _ = self._targets(state.operation)
        except Temporary as error:
            raise Temporary(f"its {stage.hook} hooks cannot be found out: {error.message} {way_out}") from error
        if failure and not revision:
            return Blocked(f"its {stage.hook} hooks cannot be found out: {failure} {way_out}")
        hooks = Hooks(self.instance, self.application.uid, revision)
        wanted = hooks.named(targets.values(), stage.hook)
        step = hooks.step(wanted, self.cluster.live(wanted), self.services.assess)
        if isinstance(step, Blocked):
            return replace(step, words=scrub(step.words, secrets_of(targets.values())))
        return step

    def _targets(self, operation: Operation) -> tuple[dict[ResourceKey, JsonObject], str, str]:
        """Return what is wanted at an operation's revisions, a name of these, and why it cannot be found out."""
        services, application = self.services, self.application
        try:
            services.sources.refuse_forbidden(application)
            source, operation = fixed(services.sources.trees, application, operation)
            tree = services.sources.trees.at(source, operation.revision, project=application.spec.project)
        except Rejected as error:
            return {}, "", error.message
        desired = services.sources.desired([Wanted(application, tree, operation.revisions)])[0]
        if desired.failure:
            return {}, "", desired.failure
        revisions = "\0".join(operation.each_revision)
        return desired.targets.objects, hashlib.sha256(revisions.encode()).hexdigest()[:12], ""

    def _fence(self) -> Fence:
        """Return what may be deleted; a project that is gone forbids nothing of its own."""
        return self.services.sources.fence_of(self.application)

    def _delete(self, objects: Sequence[JsonObject], propagation: str) -> None:
        """Delete all that can be, several at once; Rejected with the server's words about the first that cannot."""
        delete = partial(self.cluster.delete, propagation=propagation)
        answers = self.cluster.asking([partial(delete, obj) for obj in objects])()
        for obj, answer in zip(objects, answers, strict=True):
            if answer is not None:
                raise Rejected(f"{ResourceKey.of(obj)} cannot be deleted: {answer.message}")

    def _create(self, hooks: tuple[JsonObject, ...]) -> None:
        """Create hooks, their names recorded before: whoever comes next knows of them."""
        known = recorded(self.application)
        entries = list((self.application.status or {}).get("resources") or [])
        entries += [_entry(obj) for obj in hooks if ResourceKey.of(obj) not in known]
        self._say(f"starting {len(hooks)} hooks", more={"resources": entries})
        writes = Writes.of(self.application.spec)
        for hook in hooks:
            try:
                self.cluster.create(hook, validate=writes.how(hook).validate)
            except ApiRefused as error:
                if error.code != HTTPStatus.CONFLICT:
                    raise  # what is there already is looked at next

    def _say(self, words: str, *, kind: str = DELETION_IN_PROGRESS, more: JsonObject | None = None) -> None:
        patch = conditions_with(self.application.status, kind=kind, words=words, now=timestamp())
        if patch or more:
            self.services.applications.update(self.application, {"status": {**patch, **(more or {})}})


def _finish(services: Services, application: Application, words: str, *, finished: frozenset[str]) -> None:
    """Say what has been done, and take finalizers away.

    In two writes: where that was the last of them, whoever watches is shown the Application as it was before.
    """
    left = [name for name in application.finalizers if name not in finished]
    patch = conditions_with(application.status, kind=DELETION_IN_PROGRESS, words=words, now=timestamp())
    if patch:
        application = services.applications.update(application, {"status": patch})
    services.applications.update(application, {"metadata": {"finalizers": left}})


def _blocked(services: Services, name: str, words: str) -> None:
    """Say on an Application, usable or not, why its deletion does not go on."""
    obj = services.applications.read(name)
    if obj is None or not metadata_of(obj).get("deletionTimestamp"):
        return
    status = obj.get("status")
    patch = conditions_with(
        status if isinstance(status, dict) else None, kind=DELETION_ERROR, words=words, now=timestamp()
    )
    if patch:
        services.applications.patch(obj, {"status": patch})
    _log.warning("deletion does not go on", reason=words)


def _entry(obj: JsonObject) -> JsonObject:
    key = ResourceKey.of(obj)
    version = str(obj.get("apiVersion", "")).rpartition("/")[2]
    named = {"group": key.group, "version": version, "kind": key.kind, "namespace": key.namespace, "name": key.name}
    return {name: value for name, value in named.items() if value} | {"hook": True}
