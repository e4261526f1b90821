"""What somebody asks for after the merge: sync, retry, cancel, go back, and let go on what waits for a person.

All of it is written to the Applications as `argocd` and `kubectl` write it, with the author's name; nothing but what is
merged is ever synced.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeAlias

from bot.engine.sync.history import each_revision, is_of_the_same_sources, last_without
from bot.engine.sync.plan import APPROVED
from bot.engine.sync.start import is_held, reason_to_refuse
from bot.errors import Rejected
from bot.model.answers import Answer
from bot.model.changes import repository_identity
from bot.model.holds import HELD, Hold
from bot.model.jobs import advance, notify
from bot.model.operations import Occasion, Operation, OperationState, Phase, timestamp
from bot.model.retry import Retry
from bot.preview.inert import clipped
from workers.commands.reach import Reach
from workers.commands.rules import demand_of, demand_role
from workers.operating.ending import state_of
from workers.operating.operations import change as changed
from workers.operating.windows import hold_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.model.applications import Application
    from bot.model.changes import Change
    from bot.model.commands import Command
    from bot.model.resources import JsonObject
    from workers.changes.asked import Asked
    from workers.changes.landscape import Landscape

_COMMAND: Final = "command"
"""In an operation's info: the comment that asked for it, so that a job which starts again knows its own."""
_LONGEST: Final = 1500
"""Characters of an answer."""
_FAILED: Final = frozenset({Phase.FAILED, Phase.ERROR})


def sync(asked: Asked, command: Command) -> Answer:
    """Sync applications to the merge commit, also where that does not happen by itself."""
    return _each(asked, command, _Act.sync)


def retry(asked: Asked, command: Command) -> Answer:
    """Try operations again that brought the merge commit and failed."""
    return _each(asked, command, _Act.retry)


def cancel(asked: Asked, command: Command) -> Answer:
    """End the operations that bring the merge commit."""
    return _each(asked, command, _Act.cancel)


def rollback(asked: Asked, command: Command) -> Answer:
    """Go back to what was synced before the merge commit, and hold it there: by itself it would come again."""
    return _each(asked, command, _Act.rollback)


def approve_held(asked: Asked, command: Command) -> Answer:
    """Have operations go on at the merge commit, or behind it, that wait for a person."""
    return _each(asked, command, _Act.approve)


@dataclass(frozen=True)
class _Act:
    """One application that something is asked of."""

    asked: Asked
    landscape: Landscape
    change: Change
    application: Application
    verb: str

    def sync(self) -> tuple[JsonObject, str]:
        """Return what is to be written, and what that comes to in words; Rejected where nothing is."""
        self._refuse_busy()
        hold, commit = hold_of(self.asked.services, self.application), self.change.merge_sha
        if hold is not None:
            raise Rejected(f"is {hold.words}; {self.asked.command('release')} ends that")
        if any(one != commit and self._has(one) for one in self._synced):
            raise Rejected(f"was last synced to {self._synced[0][:7]}, which has this change and more")
        occasion = Occasion(self.change.repository.full_name, self.change.base_branch, commit)
        occasion = replace(occasion, change=str(self.change), head=self.change.head_sha)
        operation = Operation(commit, self.application.spec.prunes, self._info(occasion))
        return {"operation": self._mine(operation).to_wire()}, f"sync to {commit[:7]} started"

    def retry(self) -> tuple[JsonObject, str]:
        state = self._last
        if self.application.operation is not None and state is not None and state.rests:
            raise Rejected("is tried again by itself; cancel it first where that takes too long")
        self._refuse_busy()
        if state is None or state.phase not in _FAILED or not any(map(self._has, state.operation.each_revision)):
            raise Rejected("has no failed operation that brought this change")
        if is_held(state):
            raise Rejected(f"waits for a person: {self.asked.command('approve')}")
        return {"operation": self._again(state).to_wire()}, f"tried again at {state.operation.revision[:7]}"

    def cancel(self) -> tuple[JsonObject, str]:
        running = Operation.parse(self.application.operation or {})
        if running is None or not any(map(self._has, running.each_revision)):
            raise Rejected("has no running operation that brings this change")
        state = replace(state_of(self.application, running), phase=Phase.TERMINATING)
        return {"status": {"operationState": state.to_wire()}}, f"operation at {running.revision[:7]} is to end"

    def rollback(self) -> tuple[JsonObject, str]:
        self._refuse_busy()
        if not any(map(self._has, self._synced)):
            raise Rejected("was not brought to this change, or has gone back already")
        entry = last_without(self.application, self._has)
        if entry is None:
            raise Rejected("remembers no sync before this change; revert it in Git")
        if not is_of_the_same_sources(self.application, entry):
            raise Rejected("had other sources before this change; revert it in Git")
        revisions = each_revision(entry)
        several = revisions if len(self.application.spec.effective_sources) > 1 else ()
        revision = self._own(revisions)
        # The merge commit is told of its end; what the change was predicted to do is nothing to compare it with.
        occasion = Occasion(self.change.repository.full_name, self.change.base_branch, self.change.merge_sha)
        operation = Operation(revision, self.application.spec.prunes, self._info(occasion), revisions=several)
        # Whether it gets there, nobody knows yet.
        why = f"goes back from {self.change.merge_sha[:7]} to {revision[:7]}"
        hold = Hold(by=self.asked.author, why=why, change=str(self.change), since=timestamp())
        held = {"annotations": {HELD: hold.to_annotation()}}
        words = f"goes back to {revision[:7]} and is held there; {self.asked.command('release')} ends that"
        return {"metadata": held, "operation": self._mine(operation).to_wire()}, words

    def approve(self) -> tuple[JsonObject, str]:
        state = self._last
        self._refuse_busy()
        if state is None or not is_held(state):
            raise Rejected("has nothing that waits for a person")
        if not self._is_about(state.operation):
            raise Rejected("has nothing of this very change that waits for a person; look at the newest one")
        revision = state.operation.revision
        allowed = {"annotations": {APPROVED: revision}}
        return {"metadata": allowed, "operation": self._again(state).to_wire()}, f"goes on at {revision[:7]}"

    @property
    def is_done(self) -> bool:
        """Whether this very command has done it before, and was killed before it could tell."""
        infos = [Operation.info_of(self.application.operation or {}), self._last.operation.info if self._last else {}]
        return any(info.get(_COMMAND) == self._name for info in infos)

    @property
    def _name(self) -> str:
        return f"{self.verb} {self.asked.where} on {self.change}"

    @property
    def _last(self) -> OperationState | None:
        return OperationState.last_sync(self.application.status)

    @property
    def _synced(self) -> tuple[str, ...]:
        return self._last.operation.each_revision if self._last is not None else ()

    def _has(self, revision: str) -> bool:
        """Whether a revision has the merge commit."""
        mirror, commit = self.landscape.mirror, self.change.merge_sha
        return revision == commit or (mirror.has(revision) and mirror.is_ancestor(commit, revision))

    def _is_about(self, operation: Operation) -> bool:
        """Whether an operation is at this very change, or goes back from it as somebody asked on it.

        One at a later change has this one in it, and more that nobody has looked at here.
        """
        asked_here = operation.info.get(_COMMAND, "").endswith(f" on {self.change}")
        return asked_here or self.change.merge_sha in operation.each_revision

    def _own(self, revisions: tuple[str, ...]) -> str:
        """Return the revision of the source that is the change's repository."""
        sources = zip(self.application.spec.effective_sources, revisions, strict=False)
        own = (one for source, one in sources if repository_identity(source.repo_url) == self.landscape.identity)
        return next(own, revisions[0])

    def _refuse_busy(self) -> None:
        if reason := reason_to_refuse(self.application):
            raise Rejected(reason)

    def _info(self, occasion: Occasion) -> dict[str, str]:
        return replace(occasion, definition=self.application.spec.definition).to_info()

    def _again(self, state: OperationState) -> Operation:
        """Return an operation that ended, to be begun anew."""
        occasion = Occasion.of(state.operation.info)
        return self._mine(replace(state.operation, info=self._info(occasion), heals=0, resources=()))

    def _mine(self, operation: Operation) -> Operation:
        """Return an operation in the name of who asked for it."""
        info = {**operation.info, _COMMAND: self._name}
        policy = Retry.parse(self.application.spec.sync_policy.retry)
        return replace(operation, username=self.asked.author, automated=False, info=info, retry=policy)


_Deed: TypeAlias = "Callable[[_Act], tuple[JsonObject, str]]"
"""Makes of an application what is to be written to it, and what that comes to in words."""


def _each(asked: Asked, command: Command, act: _Deed) -> Answer:
    """Ask the same of each application; what is refused of one keeps none of the others from it."""
    reach, services = Reach.of_merged(asked), asked.services
    told, done = list[str](), list[str]()
    chosen = reach.chosen(command.words)
    if command.verb is not None:
        demand_of(asked, reach.landscape, command.verb, chosen)
    for name in chosen:
        try:
            told.append(f"{name} {_one(asked, reach.landscape, name, (command, act))}")
            done.append(name)
        except Rejected as error:
            told.append(f"{name} {error.message}")
    if not done:
        raise Rejected("; ".join(told))
    services.queue.enqueue(*map(advance, done), notify(asked.repository.full_name, asked.change.merge_sha))
    return Answer(done=len(done) == len(told), words=clipped("; ".join(told), _LONGEST))


def _one(asked: Asked, landscape: Landscape, name: str, what: tuple[Command, _Deed]) -> str:
    command, act = what
    words = ""

    def patch(application: Application) -> JsonObject:
        nonlocal words
        if command.verb is not None:
            demand_role(asked, application, command.verb)
        one = _Act(asked, landscape, asked.change, application, str(command.verb))
        body, words = ({}, "was asked for that already") if one.is_done else act(one)
        return body

    changed(asked.services, name, patch)
    return words
