"""Writes put together to the operations of Applications that they are part of. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from bot.model.resources import JsonObject
from tests.chaos.audit import HOOK, WAVE, Write, annotation

_COMPLETED: Final = frozenset({"Succeeded", "Failed", "Error"})
_PHASES: Final = ("PreSync", "Sync", "PostSync", "SyncFail")


@dataclass(frozen=True, slots=True)
class Act:
    """One write to an object that an application owns."""

    write: Write
    attempt: int
    """How often the operation had been tried again by then."""

    @property
    def turn(self) -> tuple[int, int]:
        """Phase and wave of what is applied: later ones are greater."""
        phase = annotation(self.write.sent, HOOK) or "Sync"
        return _PHASES.index(phase), int(annotation(self.write.sent, WAVE) or 0)


@dataclass(slots=True)
class Operation:
    """One operation of an application, from the write that began it to the one that ended it."""

    application: str
    began: Write
    asked: JsonObject
    """`.operation` as it was begun."""
    before: JsonObject
    """`.status.operationState` of the operation before: no word about this one."""
    acts: list[Act] = field(default_factory=list)
    records: list[tuple[Write, JsonObject]] = field(default_factory=list)
    """Each `.status.operationState` since, with the write that brought it."""
    ended: Write | None = None
    phase: str = ""
    """What it ended as; empty while it runs, or when it was taken away."""
    history: tuple[JsonObject, ...] = ()
    """`.status.history` when it ended."""

    @property
    def revision(self) -> str:
        return str(_mapping(self.asked.get("sync")).get("revision") or "")

    @property
    def prunes(self) -> bool:
        return bool(_mapping(self.asked.get("sync")).get("prune"))

    @property
    def is_partial(self) -> bool:
        """Whether it names its objects: then it puts back what somebody changed."""
        return bool(_mapping(self.asked.get("sync")).get("resources"))

    @property
    def started_at(self) -> str:
        return str(self.records[-1][1].get("startedAt") or "") if self.records else ""

    @property
    def wanted(self) -> tuple[str, str]:
        """What it was to bring: the revision, and the digest of what the application asked for."""
        info = {one.get("name"): one.get("value") for one in self.asked.get("info") or []}
        return self.revision, str(info.get("definition") or "")

    @property
    def attempt(self) -> int:
        return int(self.records[-1][1].get("retryCount") or 0) if self.records else 0


@dataclass(slots=True)
class Story:
    """Everything that was written, in order."""

    writes: list[Write]
    operations: dict[str, list[Operation]]
    """By application, in order."""
    astray: list[Write]
    """Foresail's writes to objects of an application while no operation of it ran."""
    relapses: list[tuple[Operation, Write]]
    """Writes that gave an operation which had ended another end."""
    owners: dict[str, str]
    """By key: the application that an object was applied for last."""

    @classmethod
    def of(cls, writes: Iterable[Write]) -> Story:
        """Put writes together, in the order in which the server received them."""
        story = cls(sorted(writes, key=lambda one: one.at), defaultdict(list), [], [], {})
        for write in story.writes:
            if write.is_of_an_application and write.verb != "delete":
                story._tell(write)
            elif write.is_ours and not write.is_of_an_application:
                story._act(write)
        return story

    def _tell(self, write: Write) -> None:
        """Take note of an Application as a write has left it."""
        told = self.operations[write.name]
        last = told[-1] if told else None
        asked = _mapping(write.answered.get("operation"))
        status = _mapping(write.answered.get("status"))
        state = _mapping(status.get("operationState"))
        if last is not None and last.ended is None:
            self._follow(last, write, asked, status)
        elif last is not None and not asked and last.phase and state.get("phase") != last.phase:
            self.relapses.append((last, write))
        if asked and (not told or told[-1].ended is not None):
            told.append(Operation(write.name, write, asked, before=state))

    def _follow(self, operation: Operation, write: Write, asked: JsonObject, status: JsonObject) -> None:
        state = _mapping(status.get("operationState"))
        if state not in (operation.before, operation.records[-1][1] if operation.records else {}):
            operation.records.append((write, state))
        overtaken = asked.get("info") != operation.asked.get("info")
        if overtaken or not asked:
            operation.ended = write
            ended = state.get("phase") in _COMPLETED and state != operation.before
            operation.phase = str(state["phase"]) if ended else ""
            operation.history = tuple(status.get("history") or ())

    def _act(self, write: Write) -> None:
        """Take note of a write to anything else."""
        owner = write.owner or self.owners.get(write.key, "")
        if write.owner:
            self.owners[write.key] = write.owner
        last = next(iter(self.operations[owner][-1:]), None) if owner in self.operations else None
        if last is None or last.ended is not None:
            self.astray.append(write)
        else:
            last.acts.append(Act(write, last.attempt))


def _mapping(value: Any) -> JsonObject:
    return value if isinstance(value, dict) else {}


def by_attempt(operation: Operation) -> Mapping[int, list[Act]]:
    """Return what an operation did, by how often it had been tried again."""
    found: defaultdict[int, list[Act]] = defaultdict(list)
    for act in operation.acts:
        found[act.attempt].append(act)
    return found
