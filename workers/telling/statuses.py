"""The status of a change's head: what is predicted of it and of every other open change with that head.

Redis remembers what each change was told, by head. When it has forgotten, the forge is asked which changes there are,
and those about which nothing is known are previewed again; until then the status waits for them.
"""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import orjson
import structlog

from bot.errors import Rejected, Temporary
from bot.model import jobs
from bot.model.changes import ChangeState, CommitStatus, StatusState
from bot.model.jobs import preview
from bot.model.reports import STATUS_LENGTH, Outcome
from bot.preview.inert import clipped
from bot.preview.shared import is_shared, together

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from bot.forges.port import Said
    from bot.model.changes import Change, Repository
    from bot.model.checks import Details
    from bot.services import Services

_log = structlog.get_logger()
_WRITING: Final = 20.0
"""Seconds one status may take to be written; after them somebody else may write it."""
_WAITS: Final = Outcome(StatusState.PENDING, "its preview has not begun")
TURN: Final = "its preview waits for its turn"
"""What a status begins with whose preview the forge's limits hold up."""
STARTED: Final = Outcome(StatusState.PENDING, "predicting what merging this changes")


@dataclass(frozen=True, slots=True)
class Told:
    """What was said of a commit in one turn; as long as nobody has had another, the forge need not be asked for it."""

    turn: str
    said: Said


def tell(
    services: Services, change: Change, outcome: Outcome, details: Details | None = None, *, before: Told | None = None
) -> Told:
    """Say about a change's head what is predicted of it, worse things about the same commit first.

    Where several changes have the head, details of one would stand beside the words of another, and are left out.
    `before` is what was told of it earlier in the same job.
    """
    with _writing(services, change) as (turn, last):
        kept = _kept(services, change)
        others = _still_open(services, change, kept) if kept else _asked_for(services, change)
        _keep(services, change, change.number, outcome)
        told = together({**others, change.number: outcome}, mark=change.repository.mark)
        known = before.said if before is not None and before.turn == last else None
        said = _write(services, change, told, None if others else details, before=known)
    _keep_to_the_newest(services, change)
    return Told(turn, said)


def withdraw(services: Services, change: Change, words: str) -> None:
    """Take back what was said of a change's head, as it is over or has moved on; `words` end a pending status."""
    with _writing(services, change):
        kept = _kept(services, change)
        own = kept.pop(change.number, None)
        others = _still_open(services, change, kept)
        services.memory.drop_outcome(change.repository.full_name, change.head_sha, change.number)
        if others:
            _write(services, change, together(others, mark=change.repository.mark))
        elif own is None or own.state is StatusState.PENDING:
            _end(services, change, words)


def is_known(services: Services, change: Change) -> bool:
    """Whether anybody remembers what a change was told at its head."""
    return change.number in _kept(services, change)


def says(services: Services, change: Change, outcome: Outcome) -> bool:
    """Whether this is what a change was told last at its head, as far as anybody remembers."""
    return _kept(services, change).get(change.number) == outcome


def end_if_stuck(services: Services, change: Change, status: CommitStatus, *, now: float) -> bool:
    """End a status that says for too long that somebody is at work, if nobody is; tell whether it was ended.

    Those that say what a person is waited for stay: nobody but that person can end them.
    """
    under_way = any(one in status.description for one in (STARTED.description, _WAITS.description, TURN))
    age = now - status.said_at if status.said_at else 0.0
    if status.state is not StatusState.PENDING or not under_way or age < services.settings.status_deadline:
        return False
    if services.queue.has(preview(change.repository, change.number), jobs.tell(change.repository, change.number)):
        return False
    incident = uuid.uuid4().hex[:12]
    _log.error("status ended", incident=incident, change=str(change), head=change.head_sha, age=round(age))
    tell(services, change, Outcome(StatusState.ERROR, f"nobody works on this any more; incident {incident}"))
    return True


def context(services: Services) -> str:
    """Return the name of the status, which a required check is required by."""
    return f"{services.settings.instance}/preview"


def saying(repository: Repository, sha: str) -> str:
    """Name that a commit's status is said; whoever does that takes a turn at it."""
    return f"status of {repository.full_name}@{sha}"


def _keep_to_the_newest(services: Services, change: Change) -> None:
    """Take back what was said of the change's earlier head, which may be the one that somebody slow told just now."""
    words = f"{change.repository.mark}{change.number} has moved on"
    while (told := services.memory.head(str(change))) != change.head_sha:
        if told and services.forge.change(change.repository, change.number).head_sha != change.head_sha:
            withdraw(services, change, words)
            return
        if services.memory.swap_head(str(change), told, change.head_sha):
            if told:
                withdraw(services, replace(change, head_sha=told), words)
            return


def _end(services: Services, change: Change, words: str) -> None:
    """Leave no status that nobody works on any more: pending, or about a change that is over."""
    status = services.forge.statuses(change.repository, change.head_sha).get(context(services))
    if status is not None and is_shared(status.description):
        _have_previewed(services, change, _siblings(services, change))
    if status is not None and status.state is StatusState.PENDING:
        _write(services, change, Outcome(StatusState.ERROR, clipped(words, STATUS_LENGTH)))


def _asked_for(services: Services, change: Change) -> dict[int, Outcome]:
    """Return the other changes with this head when nobody remembers any, and have them previewed."""
    others = _siblings(services, change)
    _have_previewed(services, change, others)
    for number in others:
        _keep(services, change, number, _WAITS)
    return dict.fromkeys(others, _WAITS)


def _have_previewed(services: Services, change: Change, numbers: Iterable[int]) -> None:
    services.queue.enqueue(*(preview(change.repository, number) for number in numbers))


def _siblings(services: Services, change: Change) -> list[int]:
    """Ask the forge for the other open changes with this head."""
    return [
        other.number
        for other in services.forge.changes_of_commit(change.repository, change.head_sha)
        if other.state is ChangeState.OPEN and other.head_sha == change.head_sha and other.number != change.number
    ]


def _still_open(services: Services, change: Change, kept: Mapping[int, Outcome]) -> dict[int, Outcome]:
    """Return the outcomes of the others that still are open with this head; one request for each of them."""
    found = {}
    for number, outcome in kept.items():
        if number == change.number:
            continue
        if _has_the_head(services, change, number):
            found[number] = outcome
        else:
            services.memory.drop_outcome(change.repository.full_name, change.head_sha, number)
    return found


def _has_the_head(services: Services, change: Change, number: int) -> bool:
    try:
        other = services.forge.change(change.repository, number)
    except Rejected:
        return False  # it was transferred or is gone
    return other.state is ChangeState.OPEN and other.head_sha == change.head_sha


def _kept(services: Services, change: Change) -> dict[int, Outcome]:
    kept = services.memory.outcomes(change.repository.full_name, change.head_sha)
    read = ((number, orjson.loads(one)) for number, one in kept.items())
    return {number: Outcome(StatusState(one["state"]), one["description"]) for number, one in read}


def _keep(services: Services, change: Change, number: int, outcome: Outcome) -> None:
    services.memory.keep_outcome(change.repository.full_name, change.head_sha, number, orjson.dumps(outcome))


def _write(
    services: Services, change: Change, outcome: Outcome, details: Details | None = None, *, before: Said | None = None
) -> Said:
    words = clipped(outcome.description, STATUS_LENGTH)
    status = CommitStatus(context(services), outcome.state, words, details=details)
    return services.forge.set_statuses(change.repository, change.head_sha, [status], before=before)


@contextmanager
def _writing(services: Services, change: Change) -> Iterator[tuple[str, str]]:
    """Hold the commit's status: two changes must not both be the last to say what stands; yield this turn and the last.

    A forge may take longer than the hold lasts. What was said so late may stand over what somebody else has said
    meanwhile: Temporary has it said again, and takes from everybody what they believe to know.
    """
    name = saying(change.repository, change.head_sha)
    with services.locks.hold(name, seconds=_WRITING):
        turn, last = services.memory.take_turn(name)
        yield turn, last
        if services.memory.last_turn(name) != turn:
            services.memory.take_turn(name)
            raise Temporary(f"somebody else has said a {name} while this took too long")
