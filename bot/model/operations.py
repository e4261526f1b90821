"""Sync operations and their progress, in Argo CD's shape (`.operation` and `.status.operationState`)."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from bot.model.resources import JsonObject, ResourceKey
from bot.model.retry import Retry


class Phase(StrEnum):
    """Phases of an operation and of one task of it."""

    RUNNING = "Running"
    TERMINATING = "Terminating"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    ERROR = "Error"

    @property
    def completed(self) -> bool:
        """Whether nothing more will happen."""
        return self in {Phase.SUCCEEDED, Phase.FAILED, Phase.ERROR}


class ResultCode(StrEnum):
    """What became of one object."""

    SYNCED = "Synced"
    SYNC_FAILED = "SyncFailed"
    PRUNED = "Pruned"
    PRUNE_SKIPPED = "PruneSkipped"


_USUAL_PHASE: Final = "Sync"


def timestamp(at: float | None = None) -> str:
    """Return a time, in Unix seconds, as objects of the API have it: RFC 3339 in UTC, whole seconds; None is now.

    What other processes reckon with is to come from the clock that they share.
    """
    moment = datetime.now(UTC) if at is None else datetime.fromtimestamp(at, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True)
class TaskResult:
    """One object's part of an operation, as `syncResult.resources[]` records it."""

    key: ResourceKey
    version: str
    sync_phase: str
    """PreSync, Sync, PostSync or SyncFail."""
    phase: Phase
    """Running while the object is not healthy yet; `hookPhase` on the wire, for hooks and ordinary objects alike."""
    code: ResultCode | None
    message: str = ""
    hook: bool = False
    differences: tuple[str, ...] | None = None
    """Fields that became something else than the preview said; None when nobody compared."""

    def to_wire(self) -> JsonObject:
        """Return the entry as Argo CD writes it, less what reading it back assumes: there may be thousands.

        What names the object is there even where it is empty: Argo CD's definition of an Application demands it.
        """
        unless_usual: JsonObject = {
            "message": self.message,
            "syncPhase": "" if self.sync_phase == _USUAL_PHASE else self.sync_phase,
            "hookPhase": "" if self.phase is Phase.SUCCEEDED and not self.hook else self.phase.value,
            "hookType": self.sync_phase if self.hook else "",
            "status": self.code.value if self.code is not None else "",
        }
        entry: JsonObject = {**asdict(self.key), "version": self.version}
        entry.update((name, value) for name, value in unless_usual.items() if value)
        if self.differences is not None:
            entry["foresailDifferences"] = list(self.differences)
        return entry

    @classmethod
    def from_wire(cls, entry: JsonObject) -> TaskResult:
        """Read an entry back; Argo CD writes no phase for what needs no waiting."""
        status, phase, differences = entry.get("status"), entry.get("hookPhase"), entry.get("foresailDifferences")
        return cls(
            key=_named(entry),
            version=str(entry.get("version") or ""),
            sync_phase=str(entry.get("syncPhase") or _USUAL_PHASE),
            phase=Phase(phase) if phase in tuple(Phase) else Phase.SUCCEEDED,
            code=ResultCode(status) if status in tuple(ResultCode) else None,
            message=str(entry.get("message") or ""),
            hook=bool(entry.get("hookType")),
            differences=tuple(map(str, differences)) if isinstance(differences, list) else None,
        )


@dataclass(frozen=True, slots=True)
class Occasion:
    """Why an operation is started: a commit on a branch, and what led there."""

    repository: str
    """Full name."""
    branch: str
    commit: str
    before: str = ""
    """What the branch held before the commit; empty when nobody knows."""
    change: str = ""
    """`owner/name#12`, the change whose merge made the commit; empty when none did."""
    head: str = ""
    """The head of that change: what its preview is about."""
    definition: str = ""
    """Digest of what the application asked for when the operation was started."""

    def to_info(self) -> dict[str, str]:
        """Return it as an operation's `info`."""
        return {name: value for name, value in asdict(self).items() if value}

    @classmethod
    def of(cls, info: dict[str, str]) -> Occasion:
        """Read it back; fields that are not there are empty."""
        return cls(**{field.name: info.get(field.name, "") for field in fields(cls)})


_UNSUPPORTED: Final = ("manifests", "source", "sources")
"""What Argo CD's clients may ask of a sync beyond its revision, and we cannot do yet."""
UNSUPPORTED: Final = "a sync takes what the Application says: no manifests or sources of one's own, and no force"
"""What is said of an operation that asks for more than we can do."""
_LAST_SYNC: Final = "lastSync"
"""Among what the record of a dry run or a partial sync says of itself: how the sync before it went."""


@dataclass(frozen=True, slots=True)
class Operation:
    """A request to sync, as `.operation` holds it."""

    revision: str
    prune: bool
    info: dict[str, str] = field(default_factory=dict)
    """Name → value: where the operation's story is told, see `Occasion`."""
    username: str = ""
    automated: bool = False
    revisions: tuple[str, ...] = ()
    """Of each source, in their order, where they are not all at `revision`."""
    resources: tuple[ResourceKey, ...] = ()
    """The only objects that are synced, and no hook; none: all. An empty namespace stands for every one."""
    dry_run: bool = False
    """Whether everything is tried, and nothing written."""
    without_hooks: bool = False
    """Whether no hook runs (`syncStrategy.apply`)."""
    retry: Retry = field(default_factory=Retry)
    """How often it is tried again once it has failed."""
    heals: int = 0
    """How often what somebody changed was put back in a row; 0 for an operation that does something else."""

    @classmethod
    def parse(cls, wire: JsonObject) -> Operation | None:
        """Read `.operation`; None when it asks for nothing we know, or for more than we can do.

        Argo CD knows only `sync`. One that is to be dry, partial or from another source must not become a whole one.
        """
        sync = wire.get("sync")
        if not isinstance(sync, dict) or any(sync.get(name) for name in _UNSUPPORTED):
            return None
        resources, dry_run, strategy = sync.get("resources") or [], sync.get("dryRun") or False, _strategy(sync)
        if not isinstance(resources, list) or not all(isinstance(entry, dict) for entry in resources):
            return None  # what is to be partial must not become a whole one
        if not isinstance(dry_run, bool) or strategy is None:
            return None
        initiated = _mapping(wire.get("initiatedBy"))
        return cls(
            revision=str(sync.get("revision") or ""),
            prune=bool(sync.get("prune")),
            revisions=tuple(map(str, _list(sync.get("revisions")))),
            resources=tuple(map(_named, resources)),
            dry_run=dry_run,
            without_hooks=strategy == "apply",
            heals=_whole(sync.get("autoHealAttemptsCount")),
            info=cls.info_of(wire),
            username=str(initiated.get("username") or ""),
            automated=bool(initiated.get("automated")),
            retry=Retry.parse(wire.get("retry")),
        )

    @staticmethod
    def info_of(wire: JsonObject) -> dict[str, str]:
        """Read an operation's `info`, also of one that asks for more than we can do."""
        info = [entry for entry in _list(wire.get("info")) if isinstance(entry, dict) and "name" in entry]
        return {str(entry["name"]): str(entry.get("value", "")) for entry in info}

    def to_wire(self) -> JsonObject:
        """Return what `.operation` should hold, as a merge patch: nothing of an earlier one stays."""
        return {
            "initiatedBy": {"username": self.username or None, "automated": self.automated or None},
            "retry": self.retry.to_wire(),
            "info": [{"name": name, "value": value} for name, value in self.info.items()],
            "sync": {
                **self.revisions_to_wire(),
                "prune": self.prune,
                "dryRun": self.dry_run or None,
                "syncStrategy": {"apply": {}, "hook": None} if self.without_hooks else {"hook": {}, "apply": None},
                "resources": [asdict(key) for key in self.resources] or None,
                "autoHealAttemptsCount": self.heals or None,
                **dict.fromkeys(_UNSUPPORTED),  # else a record, once of an operation that was refused, stays unreadable
            },
        }

    def revisions_to_wire(self) -> JsonObject:
        """Return its revisions as part of a merge patch, so that nothing of an earlier operation's stays."""
        return {"revision": self.revision, "revisions": list(self.revisions) or None}

    @property
    def is_partial(self) -> bool:
        """Whether it says nothing about the application as a whole: it is dry, or about some objects."""
        return self.dry_run or bool(self.resources)

    @property
    def counts(self) -> bool:
        """Whether an application counts as synced to its revision; what is put back was synced to it before."""
        return not self.is_partial or (bool(self.heals) and not self.dry_run)

    def after(self, last: OperationState | None) -> Operation:
        """Return the same with a note of how the sync before went, where it does not take the place of that."""
        if self.counts or last is None:
            return self
        wire = replace(last, results=()).to_wire()
        return replace(self, info={**self.info, _LAST_SYNC: json.dumps(wire, sort_keys=True)})

    def is_record_of(self, asked: Operation) -> bool:
        """Whether this, from a record, is the operation that is asked for; a record says more of itself."""
        others = {name: value for name, value in asked.info.items() if name != _LAST_SYNC}
        return asked.revision in {"", self.revision} and self.info.items() >= others.items()

    def is_about(self, key: ResourceKey) -> bool:
        """Whether an object is among those that are synced."""
        return not self.resources or not {key, replace(key, namespace="")}.isdisjoint(self.resources)

    @property
    def each_revision(self) -> tuple[str, ...]:
        """Every revision it is about, the main one first."""
        return tuple(dict.fromkeys((self.revision, *self.revisions)))


@dataclass(frozen=True, slots=True)
class OperationState:
    """How far an operation has come, as `.status.operationState` holds it."""

    operation: Operation
    phase: Phase
    message: str
    started_at: str
    """RFC 3339, UTC, whole seconds."""
    results: tuple[TaskResult, ...] = ()
    finished_at: str = ""
    """When its last attempt ended; of an operation that runs: it rests until it is tried again."""
    retry_count: int = 0
    """Attempts beyond the first, the one that is waited for included."""

    @property
    def rests(self) -> bool:
        """Whether an attempt has failed, and the next is waited for."""
        return self.phase is Phase.RUNNING and bool(self.finished_at)

    @property
    def attempted(self) -> bool:
        """Whether an attempt has come to its end, be it the last or not."""
        return self.phase.completed or bool(self.finished_at)

    def to_wire(self) -> JsonObject:
        """Return what `.status.operationState` should hold."""
        state: JsonObject = {
            "operation": self.operation.to_wire(),
            "phase": self.phase.value,
            "message": self.message,
            "startedAt": self.started_at,
            "syncResult": {
                **self.operation.revisions_to_wire(),
                "resources": [result.to_wire() for result in self.results],
            },
        }
        # A merge patch keeps what it does not mention: an older operation's end must be taken away by name.
        state["finishedAt"] = self.finished_at or None
        state["retryCount"] = self.retry_count or None
        return state

    @classmethod
    def of_status(cls, status: JsonObject | None) -> OperationState | None:
        """Read the record in an Application's `.status`; None when there is none that can be understood."""
        return cls.parse(_mapping(_mapping(status).get("operationState")))

    @classmethod
    def last_sync(cls, status: JsonObject | None) -> OperationState | None:
        """Read how the last operation went that counts as a sync of the application; None when there was none."""
        state = cls.of_status(status)
        if state is None or state.operation.counts:
            return state
        try:
            noted = json.loads(state.operation.info.get(_LAST_SYNC, ""))
        except ValueError:
            return None
        before = cls.parse(_mapping(noted))
        return before if before is not None and before.operation.counts else None

    @staticmethod
    def is_to_end(status: JsonObject | None) -> bool:
        """Whether somebody asks in an Application's `.status` for what runs to be ended, as `argocd` does."""
        return bool(_mapping(_mapping(status).get("operationState")).get("phase") == Phase.TERMINATING)

    @classmethod
    def parse(cls, wire: JsonObject) -> OperationState | None:
        """Read `.status.operationState`; None when it cannot be understood, whoever wrote it."""
        operation = Operation.parse(_mapping(wire.get("operation")))
        if operation is None or wire.get("phase") not in tuple(Phase) or not _is_time(wire.get("startedAt")):
            return None
        result = _mapping(wire.get("syncResult"))
        entries = [entry for entry in _list(result.get("resources")) if isinstance(entry, dict)]
        return cls(
            operation=operation,
            phase=Phase(wire["phase"]),
            message=str(wire.get("message") or ""),
            started_at=str(wire.get("startedAt") or ""),
            results=tuple(TaskResult.from_wire(entry) for entry in entries),
            finished_at=str(wire["finishedAt"]) if _is_time(wire.get("finishedAt")) else "",
            retry_count=_whole(wire.get("retryCount")),
        )


def _strategy(sync: JsonObject) -> str | None:
    """Return how a sync is to be done; None for one that we cannot do."""
    strategy = _mapping(sync.get("syncStrategy"))
    if any(_mapping(strategy.get(name)).get("force") for name in ("apply", "hook")):
        return None
    return "apply" if isinstance(strategy.get("apply"), dict) else "hook"


def _named(entry: JsonObject) -> ResourceKey:
    return ResourceKey(*(str(entry.get(name) or "") for name in ("group", "kind", "namespace", "name")))


def _whole(value: Any) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def _is_time(value: Any) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _mapping(value: Any) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
