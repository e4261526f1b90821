"""Whether an application is to be synced to a revision now, and if not, the words for why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.engine.sync.plan import APPROVED
from bot.model.applications import SKIP_RECONCILE
from bot.model.operations import Occasion, Operation, OperationState, Phase

if TYPE_CHECKING:
    from bot.model.applications import Application

DONE: Final = "was synced to "
"""Begins the reason of an application that is where it should be, however that ended."""
HELD: Final = "held: "
"""Begins the message of an operation that ended because a person has to look first."""


def reason_to_wait(
    application: Application, *, revision: str, revisions: tuple[str, ...] = (), rolled_out: bool = False
) -> str:
    """Return why no operation is to be started, nothing when one is.

    Without `revisions`, those of each source, it is enough that one source was synced to the revision.

    `rolled_out`: its ApplicationSet says that it is its turn.
    """
    if words := _by_itself(application, rolled_out=rolled_out):
        return words
    if application.deleting:
        return "is being deleted"
    if application.operation is not None and not is_overtaken(application, revision=revision, revisions=revisions):
        sync = application.operation.get("sync")
        running = str(sync.get("revision") or "") if isinstance(sync, dict) else ""
        waits = f"waits for the operation at {running[:7] or 'another revision'} to end"
        ahead = Occasion.of(Operation.info_of(application.operation)).change
        # However many wait, the newest is synced next and brings the others along: no place is behind the second.
        return f"2nd, behind {ahead}: {waits}" if ahead else waits
    last = OperationState.last_sync(application.status)
    if last is None or not last.phase.completed:
        return ""
    done = last.operation.revisions
    same = done == revisions if done and revisions else revision in last.operation.each_revision
    same = same and last.operation.info.get("definition", "") in {"", application.spec.definition}
    if same and not _is_released(application, last, revision):
        return f"{DONE}{revision[:7]} already: {last.phase.lower()}"
    return ""


def _by_itself(application: Application, *, rolled_out: bool) -> str:
    """Return why its syncs do not start by themselves, nothing where they do."""
    if application.left_alone:
        return f"is left alone while its annotation {SKIP_RECONCILE} says so"
    if application.automated or rolled_out:
        return ""
    person = "its syncs are not automated: waits for a person"
    return f"{person}, or for its ApplicationSet to roll it out" if application.generator else person


def is_overtaken(application: Application, *, revision: str, revisions: tuple[str, ...] = ()) -> bool:
    """Whether an operation that waits to be tried again is about something else than is wanted now."""
    state = OperationState.of_status(application.status)
    if application.operation is None or state is None or not state.rests:
        return False
    asked = state.operation.revisions
    same = asked == revisions if asked and revisions else revision in state.operation.each_revision
    return not same or state.operation.info.get("definition", "") not in {"", application.spec.definition}


def reason_to_refuse(application: Application) -> str:
    """Return why a person cannot have an operation started now, nothing when one can."""
    if application.left_alone:
        return f"is left alone while its annotation {SKIP_RECONCILE} says so"
    if application.deleting:
        return "is being deleted"
    return "has an operation that has not ended" if application.operation is not None else ""


def is_held(state: OperationState) -> bool:
    """Whether an operation ended because a person has to look first."""
    return state.phase is Phase.FAILED and state.message.startswith(HELD)


def _is_released(application: Application, last: OperationState, revision: str) -> bool:
    return is_held(last) and application.annotation(APPROVED) == revision
