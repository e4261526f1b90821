"""How far a commit has come: from what Applications record to deliveries and commit statuses."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from bot.engine.sync.record import UNKNOWN_HOOK
from bot.engine.sync.retry import announced_first
from bot.engine.sync.reverting import said_of
from bot.engine.sync.start import is_held, reason_to_wait
from bot.model.changes import CommitStatus, StatusState
from bot.model.checks import Button, Details
from bot.model.deliveries import Delivery, DeliveryState
from bot.model.holds import HELD, Hold
from bot.model.operations import Operation, OperationState, Phase, ResultCode
from bot.model.reports import STATUS_LENGTH, counted
from bot.preview.inert import clipped

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bot.model.applications import Application
    from bot.model.resources import JsonObject

MOST_STATUSES: Final = 20
"""Applications of one commit that get a status of their own; beyond that only the sum is told."""

_STATES: Final = {
    DeliveryState.HEALTHY: StatusState.SUCCESS,
    DeliveryState.SUPERSEDED: StatusState.SUCCESS,
    DeliveryState.FAILED: StatusState.FAILURE,
    DeliveryState.DELETED: StatusState.ERROR,
}
_FAILED: Final = frozenset({DeliveryState.FAILED, DeliveryState.DELETED})


def delivery_of(
    name: str, application: Application | None, *, commit: str, covers: Callable[[str], bool], closed: str = ""
) -> Delivery:
    """Tell how far `commit` has come in an application.

    `covers(revision)` says whether a source at a revision holds the commit; `closed` for which sync window syncs wait.
    None: the Application does not exist yet.
    """
    if application is None:
        return Delivery(name, "", DeliveryState.QUEUED, "waits for the Application to be created")
    delivery = Delivery(name, str(application.spec.destination), DeliveryState.QUEUED)
    state = OperationState.last_sync(application.status)
    if state is not None and any(map(covers, state.operation.each_revision)):
        return _taken_back(_with_leftovers(_recorded(delivery, state), application), application, state)
    running = Operation.parse(application.operation or {})
    if running is not None and running.counts and running.revision and any(map(covers, running.each_revision)):
        return replace(delivery, state=DeliveryState.SYNCING, words="started")
    hold = Hold.of(application.annotation(HELD))
    if hold is not None and hold.back_from and covers(hold.back_from):
        missed = f", which failed: {state.message}" if state is not None and _is_lost(state) else ""
        return replace(delivery, state=DeliveryState.FAILED, words=f"{hold.words}{missed}")
    words = reason_to_wait(application, revision=commit)
    if closed and not words:
        return replace(delivery, state=DeliveryState.WAITING, words=closed)
    waits = DeliveryState.QUEUED if application.automated else DeliveryState.WAITING
    return replace(delivery, state=waits, words=words)


def _is_lost(state: OperationState) -> bool:
    return state.phase.completed and state.phase is not Phase.SUCCEEDED


def without_its_application(missing: Delivery, parent: Delivery | None, *, declared: bool, done: bool) -> Delivery:
    """Tell how far a commit has come in an application that does not exist.

    `parent` tells of the application that is to write it with this commit, None when it was there already; `declared`
    is whether some application still says that there is one, `done` whether the commit had come to a good end in it.
    """
    if parent is not None and not parent.state.final and parent.state is not DeliveryState.HELD:
        return missing
    if parent is not None and parent.state in {*_FAILED, DeliveryState.HELD}:
        words = f"its Application was not written: see {parent.application}"
        return replace(missing, state=DeliveryState.FAILED, words=words)
    if done or (parent is not None and not declared):
        return replace(missing, state=DeliveryState.SUPERSEDED, words="its Application was removed again")
    return replace(missing, state=DeliveryState.DELETED, words="application was deleted while it synced")


def not_generated_yet(missing: Delivery, name: str, applicationset: JsonObject | None) -> Delivery:
    """Tell how far a commit has come in an Application that an ApplicationSet is to create.

    None: there is no such ApplicationSet yet, as with one that comes with the same commit.
    """
    status = (applicationset or {}).get("status")
    conditions = _entries(status.get("conditions") if isinstance(status, dict) else None)
    for one in conditions:
        if one.get("type") == "ErrorOccurred" and one.get("status") == "True":
            return replace(missing, state=DeliveryState.WAITING, words=f"ApplicationSet {name}: {one.get('message')}")
    return replace(missing, words=f"waits for ApplicationSet {name} to create it")


def statuses_of(deliveries: Sequence[Delivery], *, instance: str, by_hand: bool = False) -> list[CommitStatus]:
    """Return the statuses of a commit, each application's first, the sum last.

    `by_hand`: whether something may be asked for at them, as a change was merged by the commit.
    """
    each = [
        CommitStatus(
            f"{instance}/sync/{delivery.application}",
            _STATES.get(delivery.state, StatusState.PENDING),
            clipped(_words(delivery), STATUS_LENGTH),
            details=_details([delivery]) if by_hand else None,
        )
        for delivery in deliveries[:MOST_STATUSES]
        if len(deliveries) <= MOST_STATUSES
    ]
    return [*each, replace(_sum(deliveries, instance), details=_details(deliveries) if by_hand else None)]


def _details(deliveries: Sequence[Delivery]) -> Details:
    """Offer what may help as it is: no retry of what has not failed, and nothing once all is well."""
    states = {delivery.state for delivery in deliveries}
    offers = {
        Button.SYNC: DeliveryState.WAITING in states,
        Button.RETRY: DeliveryState.FAILED in states,
        Button.HOLD: any(not state.final for state in states),
    }
    return Details(buttons=tuple(button for button, offered in offers.items() if offered))


def _recorded(delivery: Delivery, state: OperationState) -> Delivery:
    delivery = replace(delivery, revision=state.operation.revision, seconds=_seconds(state), words=state.message)
    if is_held(state):
        return replace(delivery, state=DeliveryState.HELD)
    if state.phase is Phase.SUCCEEDED:
        return _healthy(delivery, state)
    if state.phase.completed:
        return replace(delivery, state=DeliveryState.FAILED)
    if state.rests:
        return replace(delivery, state=DeliveryState.SYNCING, seconds=None, words=announced_first(state))
    progressing = bool(state.results) and state.message.startswith("waiting for healthy")
    return replace(delivery, state=DeliveryState.PROGRESSING if progressing else DeliveryState.SYNCING)


def _taken_back(delivery: Delivery, application: Application, state: OperationState) -> Delivery:
    """Say of what has come to an end that it turned out badly all the same, and is taken back in Git."""
    words = said_of(application.status, state.operation.revision)
    return replace(delivery, state=DeliveryState.FAILED, words=words) if words and delivery.state.final else delivery


def _with_leftovers(delivery: Delivery, application: Application) -> Delivery:
    """Say what is not as Git has it though all went well: such an application is healthy and not Synced."""
    if delivery.state is not DeliveryState.HEALTHY:
        return delivery
    status = application.status or {}
    left = sum(bool(entry.get("requiresPruning")) for entry in _entries(status.get("resources")))
    words = [f"{counted(left, 'object')} left behind (requires pruning)"] if left else []
    words += [str(one.get("message")) for one in _entries(status.get("conditions")) if one.get("type") == UNKNOWN_HOOK]
    return replace(delivery, words="; ".join(words))


def _entries(value: Any) -> list[JsonObject]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _healthy(delivery: Delivery, state: OperationState) -> Delivery:
    """Add whether what was written is what the preview said; known only when every object was compared."""
    applied = [result for result in state.results if result.code in {ResultCode.SYNCED, ResultCode.PRUNED}]
    differing = tuple(f"{result.key}: {', '.join(result.differences)}" for result in applied if result.differences)
    compared = bool(applied) and all(result.differences is not None for result in applied)
    as_predicted = False if differing else compared or None
    return replace(delivery, state=DeliveryState.HEALTHY, words="", as_predicted=as_predicted, differences=differing)


def _seconds(state: OperationState) -> float | None:
    if not state.finished_at:
        return None
    return (datetime.fromisoformat(state.finished_at) - datetime.fromisoformat(state.started_at)).total_seconds()


def _words(delivery: Delivery) -> str:
    match delivery.state:
        case DeliveryState.HEALTHY:
            synced = f"Healthy at {delivery.revision[:7]}"
            return f"{synced}; {delivery.words}" if delivery.words else f"Synced and {synced}"
        case DeliveryState.QUEUED:
            return f"queued: {delivery.words}" if delivery.words else "queued"
        case _:
            return delivery.words or str(delivery.state)


def _sum(deliveries: Sequence[Delivery], instance: str) -> CommitStatus:
    context = f"{instance}/sync"
    if not deliveries:
        return CommitStatus(context, StatusState.SUCCESS, "No application is affected")
    healthy = sum(delivery.state in {DeliveryState.HEALTHY, DeliveryState.SUPERSEDED} for delivery in deliveries)
    left = any(delivery.words for delivery in deliveries if delivery.state is DeliveryState.HEALTHY)
    words = f"{healthy} of {counted(len(deliveries), 'application')} {'Healthy' if left else 'Synced and Healthy'}"
    if healthy == len(deliveries):
        return CommitStatus(context, StatusState.SUCCESS, words)
    failed = [delivery for delivery in deliveries if delivery.state in _FAILED]
    open_ones = [delivery for delivery in deliveries if not delivery.state.final]
    running = [delivery for delivery in open_ones if delivery.state not in {DeliveryState.WAITING, DeliveryState.HELD}]
    first = min(failed, key=lambda each: each.state is DeliveryState.DELETED) if failed else open_ones[0]
    words = clipped(f"{words}; {first.application}: {_words(first)}", STATUS_LENGTH)
    # While something still runs the last word is not spoken: a required status must not flicker.
    state = _STATES[first.state] if failed and not running else StatusState.PENDING
    return CommitStatus(context, state, words)
