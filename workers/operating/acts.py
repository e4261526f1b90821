"""Act on one task of a sync: apply, run a hook, prune; recognising what an earlier worker has done already."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from bot.cluster.discovery import UnknownKind
from bot.cluster.errors import ApiRefused, ServerFailed
from bot.cluster.writing import Write
from bot.engine.diff.equality import same
from bot.engine.diff.normalise import comparable
from bot.engine.hooks import is_hook
from bot.engine.order import defines
from bot.engine.sync.advance import UNCHANGED
from bot.engine.sync.plan import made_by
from bot.engine.tracking import hijacked
from bot.engine.writes import Strategy
from bot.errors import Rejected
from bot.model.operations import Occasion, Phase, ResultCode, TaskResult
from bot.model.predictions import Refusal
from bot.model.resources import ResourceKey, metadata_of
from bot.prediction.forecast import Forecast
from bot.preview.needs import Proof

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.cluster.objects import Cluster
    from bot.cluster.writing import Writer, Written
    from bot.engine.diff.ignored import Ignored
    from bot.engine.order import Task
    from bot.engine.sync.record import Scene
    from bot.engine.writes import Writes
    from bot.model.operations import OperationState
    from bot.model.resources import JsonObject
    from bot.services import Services


@dataclass(frozen=True, slots=True)
class NotYet:
    """A task cannot be carried out yet."""

    words: str
    deleting: bool = False
    """Whether its object is being deleted to be created again, and would stay away if nobody came back to it."""


_UNSERVED: Final = NotYet("waiting for kinds that this sync defines to be served")

_DRY: Final = "(dry run)"
_REFUSED: Final = "is refused now"
_REPLACED: Final = "is replaced"
_UNTOLD: Final = "was not in the preview"


@dataclass(frozen=True)
class Actor:
    """Carries out the tasks of one operation."""

    writer: Writer
    application: str
    instance: str
    """The application's name in tracking ids."""
    state: OperationState
    writes: Writes
    """How its objects are written."""
    forecast: Forecast | None
    """What the change's preview said; None when nobody remembers."""
    proof: Proof
    """When an apply is known to change nothing; the preview's own, or the two would differ."""
    ignored: Ignored
    """Which fields keep their live values."""
    defined: frozenset[str | None]
    """What this very sync defines, `group/kind`: such a kind that nobody serves yet is not an error."""
    unserved: frozenset[str | None]
    """Those of them whose definition is not established yet."""
    written: dict[ResourceKey, JsonObject] = field(default_factory=dict)
    """What the server has made of each object that was written."""

    def blocker(self, task: Task, live: Mapping[ResourceKey, JsonObject]) -> JsonObject | None:
        """Return what has to go before the task can run: the same hook of an earlier operation."""
        current = live.get(task.key)
        if current is None or task.prune or not is_hook(task.obj) or made_by(current, self.state):
            return None
        return None if hijacked(current, self.instance) else current

    def act(self, task: Task, live: Mapping[ResourceKey, JsonObject]) -> TaskResult | NotYet:
        """Carry out one task; NotYet when something has to happen before, which nobody here can hasten.

        Raises Temporary; what the API server refuses is a failed result with its words.
        """
        kind = f"{task.key.group}/{task.key.kind}"
        if kind in self.unserved and not task.prune:
            return _UNSERVED
        try:
            return self._done(task, live.get(task.key))
        except (Rejected, ServerFailed) as error:
            if isinstance(error, ServerFailed) and not error.about_the_object:
                raise
            if _is_unserved(error) and self._is_defined_elsewhere(kind, task):
                return _UNSERVED
            return self._result(task, Phase.FAILED, ResultCode.SYNC_FAILED, error.message)

    def tried(self, tasks: Iterable[Task], live: Mapping[ResourceKey, JsonObject]) -> list[TaskResult]:
        """Try every task without writing, and say of each what a sync would make of it."""
        tasks = list(tasks)
        coming = frozenset(task.key.name for task in tasks if (task.key.group, task.key.kind) == ("", "Namespace"))
        asked = {task.key: live.get(task.key) for task in tasks if self._is_asked(task, live.get(task.key))}
        manifests = {task.key: task.obj for task in tasks}
        writes = [self._request(self.ignored.sent(manifests[key], one), one) for key, one in asked.items()]
        answers = dict(zip(asked, self.writer.trying(writes)(), strict=True))
        return [self._tried(task, live.get(task.key), answers.get(task.key), coming) for task in tasks]

    def _is_asked(self, task: Task, current: JsonObject | None) -> bool:
        """Whether an object is written by a sync, and not run anew, or pruned."""
        if task.prune or hijacked(current, self.instance):
            return False
        return current is None or not is_hook(task.obj)

    def _tried(
        self, task: Task, current: JsonObject | None, answer: Written | Refusal | None, coming: frozenset[str]
    ) -> TaskResult:
        """Put into words what a sync would make of one object; `coming` are namespaces that it creates before."""
        if task.prune:
            return self._result(task, Phase.SUCCEEDED, ResultCode.PRUNED, f"pruned {_DRY}")
        if answer is None:
            if words := hijacked(current, self.instance):
                return self._result(task, Phase.FAILED, ResultCode.SYNC_FAILED, words)
            return self._result(task, Phase.SUCCEEDED, None, f"would run again {_DRY}")
        if isinstance(answer, Refusal):
            return self._tried_in_vain(task, current, answer, coming)
        changes = answer.obj is not current and not (current and same(comparable(answer.obj), comparable(current)))
        words = "created" if current is None else "configured" if changes else UNCHANGED
        return self._result(task, Phase.SUCCEEDED, ResultCode.SYNCED, f"{words} {_DRY}")

    def _tried_in_vain(
        self, task: Task, current: JsonObject | None, answer: Refusal, coming: frozenset[str]
    ) -> TaskResult:
        if current is not None and self.writes.how(task.obj, current).recreates_after(answer):
            return self._result(task, Phase.SUCCEEDED, ResultCode.SYNCED, f"replaced {_DRY}")
        waits = answer.code == HTTPStatus.NOT_FOUND and (
            f"{task.key.group}/{task.key.kind}" in self.defined or task.key.namespace in coming
        )
        if waits:
            return self._result(task, Phase.SUCCEEDED, None, f"cannot be tried before what the sync creates {_DRY}")
        return self._result(task, Phase.FAILED, ResultCode.SYNC_FAILED, answer.message)

    def moved(
        self, tasks: Iterable[Task], live: Mapping[ResourceKey, JsonObject]
    ) -> dict[ResourceKey, tuple[str, ...]]:
        """Try every task without writing, and say of what a sync would not do as predicted how it differs."""
        forecast = self.forecast
        if forecast is None:
            return {}
        ordinary = [task for task in tasks if not is_hook(task.obj)]
        pruned = (task.key for task in ordinary if task.prune and not _is_ending(task.obj))
        found = {key: forecast.removal(self.application, key) for key in pruned}
        written = [(task, live.get(task.key)) for task in ordinary if not task.prune]
        taken = [task.key for task, current in written if hijacked(current, self.instance)]
        found |= {key: (_REFUSED,) for key in taken if forecast.foretells(self.application, key)}
        tried = [(task, current) for task, current in written if not hijacked(current, self.instance)]
        answers = self.writer.trying([self._request(self.ignored.sent(task.obj, one), one) for task, one in tried])()
        for (task, current), answer in zip(tried, answers, strict=True):
            found[task.key] = self._moved(forecast, task, current, answer)
        return {key: words for key, words in found.items() if words}

    def _moved(
        self, forecast: Forecast, task: Task, current: JsonObject | None, answer: Written | Refusal
    ) -> tuple[str, ...]:
        """Return what is different about an object that is written; nothing where the preview left it open."""
        foretold = forecast.foretells(self.application, task.key)
        if foretold is False:
            return ()
        if isinstance(answer, Refusal):
            replaced = current is not None and self.writes.how(task.obj, current).recreates_after(answer)
            return (_REPLACED if replaced else _REFUSED,)
        if foretold:
            return self._differences(task, answer.obj, current) or ()
        return () if current is not None and same(comparable(answer.obj), comparable(current)) else (_UNTOLD,)

    def _done(self, task: Task, current: JsonObject | None) -> TaskResult | NotYet:
        if task.prune:
            return self._prune(task)
        return self._hook(task, current) if is_hook(task.obj) else self._apply(task, current)

    def _is_defined_elsewhere(self, kind: str, task: Task) -> bool:
        return kind in self.defined or (not task.prune and self.writes.skips_unserved(task.obj))

    def _prune(self, task: Task) -> TaskResult:
        differences: tuple[str, ...] | None = ()
        if not _is_ending(task.obj):  # otherwise it is not the sync that deletes
            self.writer.cluster.delete(task.obj, propagation=self.writes.propagation)
            differences = None if self.forecast is None else self.forecast.removal(self.application, task.key)
        return self._result(task, Phase.RUNNING, ResultCode.PRUNED, "is being deleted", differences)

    def _hook(self, task: Task, current: JsonObject | None) -> TaskResult:
        if words := hijacked(current, self.instance):
            return self._result(task, Phase.FAILED, ResultCode.SYNC_FAILED, words)
        if current is None:
            self._write(task.obj, None)
        return self._result(task, Phase.RUNNING, None, "started")

    def _apply(self, task: Task, current: JsonObject | None) -> TaskResult | NotYet:
        if words := hijacked(current, self.instance):
            return self._result(task, Phase.FAILED, ResultCode.SYNC_FAILED, words)
        if current is not None and metadata_of(current).get("deletionTimestamp"):
            # What is applied to it goes away with it.
            return NotYet(f"waiting for the deletion of {task.key}", deleting=True)
        task = replace(task, obj=self.ignored.sent(task.obj, current))
        if current is not None and self._is_in_sync(task.obj, current):
            return self._unchanged(task, current)
        words = "created" if current is None else "configured"
        try:
            result = self._write(task.obj, current)
        except ApiRefused as error:
            if current is None or not self._recreates(task.obj, current, error):
                raise
            cluster = self.writer.cluster
            cluster.delete(current, propagation="Background")
            if cluster.live([task.obj]):
                return NotYet(f"waiting for the deletion of {task.key}", deleting=True)
            result = self._write(task.obj, None)
            words = f"replaced: {', '.join(error.immutable_fields)} cannot change in place"
        if result is current:
            return self._unchanged(task, current)
        return self._result(task, Phase.RUNNING, ResultCode.SYNCED, words, self._differences(task, result, current))

    def _is_in_sync(self, manifest: JsonObject, current: JsonObject) -> bool:
        """Whether applying is proven to change nothing; what is written otherwise is never proven."""
        how = self.writes.how(manifest, current)
        if how.strategy is not Strategy.SERVER_SIDE or how.hands_over(current):
            return False
        return self.proof.in_sync(manifest, current)

    def _unchanged(self, task: Task, current: JsonObject) -> TaskResult:
        # Controllers may have touched it since it was applied, so a difference now proves nothing; none does.
        told = () if self._differences(task, current, current) == () else None
        return self._result(task, Phase.RUNNING, ResultCode.SYNCED, UNCHANGED, told)

    def _write(self, manifest: JsonObject, current: JsonObject | None) -> JsonObject:
        written = self.writer.write(self._request(manifest, current)).obj
        self.written[ResourceKey.of(written)] = written
        return written

    def _request(self, manifest: JsonObject, current: JsonObject | None) -> Write:
        return Write(manifest, current, self.writes.how(manifest, current), self.ignored)

    def _recreates(self, manifest: JsonObject, current: JsonObject, error: ApiRefused) -> bool:
        refusal = Refusal(error.message, error.code, error.reason, error.immutable_fields)
        return self.writes.how(manifest, current).recreates_after(refusal)

    def _differences(self, task: Task, actual: JsonObject, current: JsonObject | None) -> tuple[str, ...] | None:
        """Return the fields that are not as predicted, and why as far as that is known."""
        if self.forecast is None:
            return None
        # By the owners before: a take-over leaves a manager nothing of what the sync has kept for it.
        foretold = self.ignored.foretold(actual, live=current)
        fields = self.forecast.difference(self.application, task.key, foretold, task.obj)
        if not fields:
            return fields
        sent = None if self.ignored.respected else task.obj
        return (*fields, *self.forecast.reason(self.application, task.key, manifest=sent, live=current))

    def _result(
        self,
        task: Task,
        phase: Phase,
        code: ResultCode | None,
        message: str,
        differences: tuple[str, ...] | None = None,
    ) -> TaskResult:
        return TaskResult(
            key=task.key,
            version=str(task.obj.get("apiVersion", "")).rpartition("/")[2],
            sync_phase=str(task.phase),
            phase=phase,
            code=code,
            message=message,
            hook=not task.prune and is_hook(task.obj),
            differences=differences,
        )


def actor_of(  # noqa: PLR0913 - each is a matter of its own
    services: Services, cluster: Cluster, state: OperationState, scene: Scene, *, writes: Writes, ignored: Ignored
) -> Actor:
    """Return who carries out the tasks of an application's operation, as the application is seen now."""
    application, occasion = scene.application, Occasion.of(state.operation.info)
    kept = services.memory.forecast(occasion.change, occasion.head) if occasion.change else None
    forecast = None if kept is None else Forecast.from_json(kept)
    definitions = {task.key: defines(task.obj) for task in scene.plan.tasks if not task.prune}
    served = {result.key for result in state.results if result.phase is Phase.SUCCEEDED}
    return Actor(
        writer=services.clusters.writer(cluster),
        application=application.name,
        instance=application.instance,
        state=state,
        writes=writes,
        forecast=forecast if forecast is not None and forecast.tells_of(application.name) else None,
        proof=Proof(manager=cluster.manager, admission_mutates=cluster.admission_mutates()),
        ignored=ignored,
        defined=frozenset(definitions.values()) - {None},
        unserved=frozenset(kind for key, kind in definitions.items() if key not in served) - {None},
    )


def dry_end(tried: Iterable[TaskResult]) -> tuple[Phase, str]:
    """Return how a dry run ends."""
    failed = [f"{one.key}: {one.message}" for one in tried if one.phase is Phase.FAILED]
    if failed:
        return Phase.FAILED, f"one or more objects failed to apply {_DRY}: {failed[0]}"
    return Phase.SUCCEEDED, f"nothing was written {_DRY}"


def _is_ending(obj: JsonObject) -> bool:
    return bool(metadata_of(obj).get("deletionTimestamp"))


def _is_unserved(error: Rejected | ServerFailed) -> bool:
    """Whether the API server does not know the kind, or knows it and does not answer for it yet."""
    return isinstance(error, UnknownKind) or (
        isinstance(error, ApiRefused) and error.code == HTTPStatus.NOT_FOUND and not error.reason
    )
