"""Whether a revision that turned out badly is taken back by itself, and to which one. Pure.

Argo CD has nothing of the kind. What is gone back to is held there, as the newest commit is still the bad one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from bot.engine.diff.quantities import duration
from bot.engine.sync.history import each_revision, entries_of, is_of_the_same_sources
from bot.engine.sync.start import is_held
from bot.engine.sync.terminate import TERMINATED
from bot.errors import Rejected
from bot.model.health import Health
from bot.model.holds import Hold
from bot.model.operations import Occasion, Operation, OperationState, Phase, ResultCode, timestamp
from bot.model.retry import Retry

if TYPE_CHECKING:
    from bot.model.applications import Application
    from bot.model.health import HealthStatus
    from bot.model.resources import JsonObject

AUTO_ROLLBACK: Final = "foresail.dev/auto-rollback"
"""On an Application: for how long after its sync a new revision is taken back once it degrades, `10m`.

`10m revert` has it taken back in Git, by a change of ours, and nothing held.
"""
_REVERT: Final = "revert"
BY: Final = "Foresail"
"""Who holds what has gone back by itself."""
_LONGEST: Final = 24 * 3600.0
_NANOSECONDS: Final = 10**9
_WORDS: Final = 160
"""Characters of what is said about an object."""


@dataclass(frozen=True, slots=True)
class GoingBack:
    """What takes an application back; both are written at once."""

    operation: Operation
    hold: Hold
    bad: Operation
    """What is gone back from."""
    why: str
    """What is wrong with that, in words that follow a revision's name."""
    in_git: bool
    """Whether that is asked for instead, where it can be had."""


def window_of(application: Application) -> float:
    """Return the seconds for which a new revision may be taken back, 0 for never; Rejected for what is no duration."""
    said, how, *more = (*application.annotation(AUTO_ROLLBACK).split(), "", "")[:3]
    if not said:
        return 0.0
    found = duration(said) if how in {"", _REVERT} and not any(more) else None
    if found is None or not 0 <= found <= _LONGEST * _NANOSECONDS:
        raise Rejected(
            f"its annotation {AUTO_ROLLBACK} is no duration of up to 24h", remedy="Write one like 10m, or 10m revert."
        )
    return float(found / _NANOSECONDS)


def going_back(application: Application, last: OperationState, health: HealthStatus, *, now: float) -> GoingBack | None:
    """Return what takes an application back to the sync before its last one; None while that one is to stay.

    `last` is the last whole sync, `health` how the application is now, `now` in Unix seconds. Rejected for a window
    that cannot be read.
    """
    window = window_of(application)
    if not window or not application.automated or application.deleting or not last.finished_at:
        return None
    ended = datetime.fromisoformat(last.finished_at).timestamp()
    why = _why(last, health) if now < ended + window else ""
    entry = _before(application, last) if why else None
    if entry is None or not is_of_the_same_sources(application, entry):
        return None
    if len(each_revision(entry)) != len(application.spec.effective_sources):
        return None  # somebody else's entry, of who knows which sources
    operation = _operation(application, last.operation, each_revision(entry))
    bad = last.operation.revision
    hold = Hold(
        by=BY,
        why=f"{bad[:7]} {why}, goes back to {operation.revision[:7]}",
        change=Occasion.of(last.operation.info).change,
        since=timestamp(now),
        back_from=bad,
    )
    in_git = application.annotation(AUTO_ROLLBACK).split()[1:] == [_REVERT]
    return GoingBack(operation, hold, last.operation, why, in_git)


def _why(last: OperationState, health: HealthStatus) -> str:
    """Return what is wrong with the revision of the last sync; empty where nothing is, or it never got there."""
    if last.phase is Phase.SUCCEEDED and health.status is Health.DEGRADED:
        return f"degraded: {_short(health.message)}" if health.message else "degraded"
    wrote = any(one.code in {ResultCode.SYNCED, ResultCode.PRUNED} and not one.hook for one in last.results)
    if last.phase is Phase.FAILED and wrote and not is_held(last) and last.message != TERMINATED:
        return f"failed: {_short(last.message)}"
    return ""


def _before(application: Application, last: OperationState) -> JsonObject | None:
    """Return the sync before the last one; None when the revisions of that one have been there before.

    Then they were not new: the Application was, or somebody had changed something by hand, or had them brought back.
    """
    entries = [entry for entry in entries_of(application) if each_revision(entry)]
    now = last.operation.revisions or (last.operation.revision,)
    if last.phase is Phase.SUCCEEDED and entries and each_revision(entries[-1]) == now:
        entries.pop()  # what remembers the last one itself; of one that failed there is none
    return entries[-1] if entries and all(each_revision(one) != now for one in entries) else None


def _operation(application: Application, bad: Operation, revisions: tuple[str, ...]) -> Operation:
    several = revisions if len(application.spec.effective_sources) > 1 else ()
    place = bad.revisions.index(bad.revision) if bad.revision in bad.revisions else 0
    told = Occasion.of(bad.info)
    # The bad commit is told of its end; what its change was predicted to do is nothing to compare that with.
    occasion = Occasion(told.repository, told.branch, told.commit, definition=application.spec.definition)
    return Operation(
        revisions[place] if place < len(revisions) else revisions[0],
        application.spec.prunes,
        occasion.to_info(),
        automated=True,
        revisions=several,
        retry=Retry.parse(application.spec.sync_policy.retry),
    )


def _short(words: str) -> str:
    words = " ".join(words.split())
    return words if len(words) <= _WORDS else f"{words[: _WORDS - 1]}…"
