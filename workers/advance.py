"""Advance: carry one operation as far as it goes without waiting; called again whenever its objects have moved.

Everything is decided anew from Git, the cluster and the Application's own record, so any worker goes on where another
was killed. What was applied already is recognised by its field ownership, not by memory: nothing is applied twice.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import structlog

from bot.cluster.applications import Conflict, RecordTooLarge
from bot.engine.deletion import with_hook_finalizers
from bot.engine.diff.ignored import Ignored
from bot.engine.projects import Fence
from bot.engine.sync.advance import Finish, Run, Wait, advance
from bot.engine.sync.cleanup import hooks_to_delete
from bot.engine.sync.plan import SyncPlan, not_there, unconfirmed
from bot.engine.sync.record import Scene, failure_patch, status_patch
from bot.engine.sync.retry import after_attempt, deadline
from bot.engine.sync.terminate import TERMINATED, terminate
from bot.engine.targets import Targets
from bot.engine.writes import Writes
from bot.errors import Rejected, Temporary
from bot.model.operations import Operation, OperationState, Phase, timestamp
from bot.prediction.desired import Wanted
from bot.preview.redaction import secrets_of
from bot.preview.scrub import scrub
from bot.settings import Mode
from workers.operating.acts import Actor, NotYet, actor_of, dry_end
from workers.operating.claims import CLAIM, Claim, is_claimed
from workers.operating.culprits import explained
from workers.operating.ending import end, finish, follow_up, make_good, rest, state_of, write_end
from workers.operating.guards import why_held
from workers.operating.retries import begin
from workers.operating.revisions import fixed
from workers.operating.scenes import is_own, scene_of
from workers.operating.unreached import patient, reached, resumed
from workers.operating.unusable import excuse, refuse
from workers.operating.windows import admitted, why_shut
from workers.progress import Progress
from workers.runtime import job_with_excuse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.cluster.objects import Cluster
    from bot.engine.order import Task
    from bot.model.applications import Application
    from bot.model.jobs import JobRequest
    from bot.model.operations import TaskResult
    from bot.model.resources import JsonObject
    from bot.services import Services

_log = structlog.get_logger()
_RECORDS: Final = 25
"""Records of one wave at most where each object would have to be recorded: they grow with what they hold."""
_MOST_STEPS: Final = 500
"""Waves one job runs through; each step ends in a record, so stopping here loses nothing."""


@job_with_excuse(excuse)
def run(services: Services, payload: JsonObject) -> JobRequest | None:
    """Advance an application's operation, unless there is none or somebody else is at it."""
    if services.settings.mode is not Mode.PREVIEW:
        with patient(services, str(payload["application"])):
            _look_at(services, str(payload["application"]))
    return None


def _look_at(services: Services, name: str) -> None:
    application = services.applications.get(name)
    if application is None or application.left_alone:
        return  # the controller asks again when it is no longer left alone
    if application.operation is None:
        make_good(services, application)
        return
    operation = Operation.parse(application.operation)
    if operation is None:
        refuse(services, application)
        return
    if is_claimed(services, application):
        return  # the controller asks again when the claim runs out
    with structlog.contextvars.bound_contextvars(application=name, revision=operation.revision[:12]):
        state = state_of(application, operation, now=services.clock.now())
        if _is_to_end(application):
            _Advance.to_end(services, application, state).terminate()
            return
        attempt = begin(services, application, state) if state.rests else (application, state)
        admission = admitted(services, *attempt) if attempt is not None else None
        if attempt is not None and admission is not None:
            _run(_Advance.prepare(services, attempt[0], admission))


def _is_to_end(application: Application) -> bool:
    """Whether an operation is to be ended: a person asks for that, or for its application to be deleted."""
    return application.deleting or OperationState.is_to_end(application.status)


def carry_on_new(services: Services, application: Application, operation: Operation) -> bool:
    """Begin an operation that nobody has written yet: that and the first step's claim are one write.

    False when somebody else was faster to write to the Application, which is then to be read again.
    """
    application = replace(application, operation=operation.to_wire())
    task = _Advance.prepare(services, application, state_of(application, operation, now=services.clock.now()))
    task.is_new = True
    with structlog.contextvars.bound_contextvars(application=application.name, revision=operation.revision[:12]):
        _run(task)
    return not task.is_new


def _run(task: _Advance) -> None:
    services, name = task.services, task.application.name
    try:
        task.run()
    except Conflict as error:
        if task.is_new:
            return
        _log.info("operation is advanced by somebody else", reason=error.message)
        now = services.applications.get(name)
        if now is not None and _is_to_end(now):
            _look_at(services, name)  # the claim is ours: anybody else would have to wait until it runs out
    except RecordTooLarge as error:
        if task.is_new:
            raise
        _log.warning("operation cannot be recorded", reason=error.message)
        end(services, name, Phase.FAILED, f"{error.message} {error.remedy} {task.state.message}")


@dataclass
class _Advance:
    """One operation while this job has it in hand."""

    services: Services
    application: Application
    state: OperationState
    targets: Targets
    failure: str
    """Why there are no targets, in the tool's words."""
    cluster: Cluster | None = None
    hidden: frozenset[str] = frozenset()
    """Secret values that no word about the operation may hold."""
    ignored: Ignored = field(default_factory=Ignored)
    """In which fields objects may differ from what is wanted."""
    writes: Writes = field(default_factory=Writes)
    """How its objects are written."""
    fence: Fence = field(default_factory=Fence)
    """What its project permits; what it does not is left as it is, whoever wrote it."""
    saved_at: float = 0.0
    """When the claim was last renewed, on the monotonic clock."""
    is_new: bool = False
    """Whether the operation itself is still to be written."""

    @classmethod
    def prepare(cls, services: Services, application: Application, state: OperationState) -> _Advance:
        """Fix the revisions and find out what the application wants at them."""
        try:
            services.sources.refuse_forbidden(application)
            source, operation = fixed(services.sources.trees, application, state.operation)
            tree = services.sources.trees.at(source, operation.revision, project=application.spec.project)
            cluster = reached(services, application)
        except Rejected as error:
            return cls(services, application, state, Targets({}, ()), error.message)
        state = replace(resumed(state, now=services.clock.now()), operation=operation)
        desired = services.sources.desired([Wanted(application, tree, operation.revisions)])[0]
        hidden = secrets_of(desired.targets.objects.values())
        found = cls(services, application, state, desired.targets, desired.failure, cluster, hidden)
        return replace(found, ignored=desired.ignored, writes=desired.writes, fence=desired.fence)

    @classmethod
    def to_end(cls, services: Services, application: Application, state: OperationState) -> _Advance:
        """Prepare to end it: what can be found out about what it wants, and what it has recorded anyway."""
        try:
            return cls.prepare(services, application, state)
        except Temporary as error:  # a person may end it because of that
            _log.warning("operation is ended by its record alone", reason=error.message)
            return cls(services, application, state, Targets({}, ()), "")

    def terminate(self) -> None:
        """End the operation as a person asks: hooks that run are deleted, what was applied stays.

        Killed before the end is recorded, it is asked for again, and deletes again.
        """
        cluster = self.services.sources.cluster_of(self.application)
        scene = self._nothing if cluster.why_away() else self._look(cluster)
        ending = terminate(scene.plan.tasks, self.state, scene.live, assess=self.services.assess)
        for hook in filter(self._is_own, ending.unwanted):
            cluster.delete(hook, propagation="Background")
        words = f"{TERMINATED}: the application is being deleted" if self.application.deleting else TERMINATED
        state = replace(self.state, phase=Phase.FAILED, message=words, results=ending.results)
        _log.info("operation terminated", hooks=len(ending.unwanted))
        finish(self.services, self.application, state)

    @property
    def _nothing(self) -> Scene:
        return Scene(self.application, {}, {}, SyncPlan((), ()))

    def run(self) -> None:
        """Take steps until there is nothing to do but to wait."""
        cluster = self.cluster
        if self.failure or cluster is None:
            self._finish(Phase.ERROR, self.failure, self._nothing)
            return
        for _ in range(_MOST_STEPS):
            scene = self._look(cluster)
            words = "" if self.state.results else self._held(cluster, scene)
            if words:
                self._finish(Phase.FAILED, words, scene)
                return
            if self.state.operation.dry_run:
                self._try(cluster, scene)
                return
            if not self._go_on(cluster, scene):
                return

    def _try(self, cluster: Cluster, scene: Scene) -> None:
        """Record what the API server says of every task, and write nothing else."""
        found = self._actor(cluster, scene).tried(scene.plan.tasks, scene.live)
        self._record([replace(one, message=self._scrubbed(one.message)) for one in found])
        self._finish(*dry_end(found), scene)

    def _go_on(self, cluster: Cluster, scene: Scene) -> bool:
        """Take the next step; False when there is none for now, or none any more."""
        assess = self.services.assess
        progress = advance(scene.plan.tasks, self.state.results, scene.live, overdue=self._overdue(), assess=assess)
        before, self.state = self.state, replace(self.state, results=progress.results)
        match progress.step:
            case Run(tasks=tasks):
                return self._step(cluster, scene, tasks)
            case Wait(words=words):
                self._wait(words, scene, before)
            case Finish(phase=phase, words=words):
                self._clean_up(cluster, scene, before)
                words = explained(cluster, self.state, scene.live, words) if phase is Phase.FAILED else words
                self._finish(phase, words, scene)
        return False

    def _look(self, cluster: Cluster) -> Scene:
        """Read everything the operation is about, and derive what is to be done."""
        of, done = (self.services, self.application, self.state, cluster), self.state.results
        scene = scene_of(*of, targets=self.targets, fence=self.fence, done=done)
        self.hidden |= secrets_of(scene.live.values())
        return scene

    def _is_own(self, obj: JsonObject) -> bool:
        return is_own(obj, self.application, self.state)

    def _held(self, cluster: Cluster, scene: Scene) -> str:
        objects = (scene.live[key] for key in self.targets.objects if key in scene.live)
        if words := not_there(self.state.operation, scene.plan):
            return words
        if words := self.writes.shared(self.application, self.application.instance, objects):
            return words
        return why_held(self.services, self.application, self.state, scene, lambda: self._actor(cluster, scene))

    def _overdue(self) -> str:
        limit = self.services.settings.sync_deadline
        late = self.services.clock.now() > deadline(self.state, limit=limit)
        return f"not healthy within {limit:.0f} s" if late else ""

    def _step(self, cluster: Cluster, scene: Scene, tasks: Sequence[Task]) -> bool:
        """Carry out one wave and record it; False when it has to wait before it can go on."""
        words = unconfirmed(tasks, self.application, since=self.state.started_at)
        if words := words or why_shut(self.services, self.application, self.state):
            self._wait(words, scene, self.state)
            return False
        self._save(f"applying {len(tasks)} of {len(scene.plan.tasks)} objects", scene)
        actor = self._actor(cluster, scene)
        blockers = [blocker for task in tasks if (blocker := actor.blocker(task, scene.live)) is not None]
        if blockers:
            for blocker in blockers:
                cluster.delete(blocker, propagation="Background")
            self._wait("waiting for deletion of hooks of an earlier operation", scene, self.state)
            return False
        count = len(self.state.results)
        words = self._carry_out(actor, scene, tasks)
        if len(self.state.results) == count:
            if overdue := self._overdue():
                self._finish(Phase.FAILED, f"{overdue}: {words}", scene)
            else:
                self._wait(words, scene, self.state)
            return False
        self.hidden |= secrets_of(actor.written.values())
        return not self._waits_for(tasks, replace(scene, live={**scene.live, **actor.written}))

    def _waits_for(self, tasks: Sequence[Task], scene: Scene) -> bool:
        """Whether what was just written has to become healthy, by the server's own answers; the wait is recorded then.

        Whatever is not waited for is looked at anew: it may have gone, or moved while others were written.
        """
        if any(task.prune for task in tasks):
            return False
        progress = advance(scene.plan.tasks, self.state.results, scene.live, assess=self.services.assess)
        if not isinstance(progress.step, Wait):
            return False
        before, self.state = self.state, replace(self.state, results=progress.results)
        self._wait(progress.step.words, scene, before)
        return True

    def _carry_out(self, actor: Actor, scene: Scene, tasks: Sequence[Task]) -> str:
        """Act on the tasks, recording so often that a claim never runs out; return what the others wait for.

        What a killed worker applied and did not record is recognised by field ownership. Where admission may rewrite
        objects it is not, so that there every few objects are recorded. Raises Temporary, with what was done recorded.
        """
        most = 100 if not actor.proof.admission_mutates else max(1, len(tasks) // _RECORDS)
        done: list[TaskResult] = []
        failed: list[TaskResult] = []
        waits: list[NotYet] = []
        try:
            for task in tasks:
                # Before it acts: whoever was stopped for longer than the claim lasts finds out that it is another's.
                late = time.monotonic() - self.saved_at > self.services.settings.claim_seconds / 3
                if late or len(done) >= most:
                    self._record(done)
                    done = []
                    self._save(self.state.message, scene)
                result = actor.act(task, scene.live)
                if isinstance(result, NotYet):
                    waits.append(result)
                else:
                    results = failed if result.phase is Phase.FAILED else done
                    results.append(replace(result, message=self._scrubbed(result.message)))
        except Temporary as error:
            self._record(done)
            self._save(f"tried again in a moment: {error.message}", scene)
            raise
        # A failure ends the operation: what was deleted to be created again would stay deleted.
        self._record(done if any(one.deleting for one in waits) else [*done, *failed])
        return "; ".join([*(one.words for one in waits[:1]), *(f"{one.key}: {one.message}" for one in failed[:1])])

    def _actor(self, cluster: Cluster, scene: Scene) -> Actor:
        return actor_of(self.services, cluster, self.state, scene, writes=self.writes, ignored=self.ignored)

    def _record(self, done: Sequence[TaskResult]) -> None:
        self.state = replace(self.state, results=(*self.state.results, *done))

    def _wait(self, words: str, scene: Scene, before: OperationState) -> None:
        """Record what changed and let go: the controller asks again when an object moves."""
        waiting = replace(self.state, message=self._scrubbed(words))
        if self.is_new or waiting != before or self.application.annotation(CLAIM):
            self.state = waiting
            self._patch(self._written(scene))
            self._progress.tell()
        else:
            self._progress.tell_what_was_put_off()

    @property
    def _progress(self) -> Progress:
        return Progress(self.services, self.application.name, self.state.operation)

    def _save(self, words: str, scene: Scene) -> None:
        """Record the state and (again) claim the operation, under optimistic locking; Conflict when it is not ours."""
        self.state = replace(self.state, message=self._scrubbed(words))
        self.saved_at = time.monotonic()
        claim = Claim.mine(until=self.services.clock.now() + self.services.settings.claim_seconds)
        self._patch(self._written(scene, claim))

    def _finish(self, phase: Phase, words: str, scene: Scene) -> None:
        at = timestamp(self.services.clock.now())
        self.state = after_attempt(replace(self.state, phase=phase, message=self._scrubbed(words), finished_at=at))
        patch = self._written(scene)
        if self.state.rests:
            self.application, self.is_new = rest(self.services, self.application, self.state, patch), False
            _log.info("operation will be tried again", message=self.state.message)
            return
        self.application, self.is_new = write_end(self.services, self.application, patch), False
        _log.info("operation ended", phase=str(phase), message=self.state.message)
        follow_up(self.services, self.application, self.state)

    def _written(self, scene: Scene, claim: Claim | None = None) -> JsonObject:
        """Return what is written to the Application: how it is, who is at it, and what its deletion has to wait for."""
        metadata: JsonObject = {"annotations": {CLAIM: str(claim) if claim is not None else None}}
        before = self.application.finalizers
        finalizers = before if self.failure else with_hook_finalizers(before, self.targets.objects.values())
        if finalizers != before and not self.application.deleting:
            metadata["finalizers"] = list(finalizers)
        operation = {"operation": self.application.operation} if self.is_new else {}
        failed = failure_patch(self.application, self.state, now=timestamp()) if self.failure else None
        return {"metadata": metadata, **operation, "status": failed or status_patch(scene, self.state, now=timestamp())}

    def _scrubbed(self, words: str) -> str:
        keys = (*self.targets.objects, *(result.key for result in self.state.results))
        return scrub(words, self.hidden, named=map(str, keys))

    def _patch(self, patch: JsonObject) -> None:
        self.application, self.is_new = self.services.applications.update(self.application, patch), False

    def _clean_up(self, cluster: Cluster, scene: Scene, before: OperationState) -> None:
        """Delete the hooks whose policy says so; how they ended is recorded first."""
        due = list(filter(self._is_own, hooks_to_delete(self.state.results, scene.live)))
        if due and self.state != before:
            self._save("deleting hooks that have ended", scene)
        for obj in due:
            cluster.delete(obj, propagation="Background")
