"""What a person hears of operations that they have started or stopped."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from bot.cli.app import operating, showing
from bot.cli.app.glance import mapping_at, revisions_of, text_at
from bot.cli.app.tables import inert
from bot.cli.app.waiting import Conditions, Vigil
from bot.cli.outcome import Answer
from bot.cli.output import write, write_error
from bot.errors import Rejected
from bot.model.operations import Phase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.cli.app.control import Control
    from bot.cli.app.glance import Glance


@dataclass(frozen=True, slots=True)
class Manner:
    """What is waited for before and after."""

    queue: bool = False
    """For the end of an operation that runs already."""
    wait: bool = False
    """For the end of the one that is asked for."""
    timeout: float = 0.0
    """Seconds each of these may take; 0: for ever."""


def sync(control: Control, names: Sequence[str], asked: operating.Asked, manner: Manner) -> Answer:
    """Start an operation of each Application; what is refused is told, and keeps none of the others from theirs."""
    username, started = operating.username_of(control), list[str]()
    for name in names:
        try:
            if manner.queue:
                operating.rest(control, name, showing.told, timeout=manner.timeout)
            operating.start(control, name, partial(asked.of, username=username))
        except Rejected as error:
            write_error(error)
        else:
            started.append(name)
            write(f"{inert(name)}: operation started\n")
    answer = _succeeded(control, started, manner) if manner.wait and started else Answer.YES
    return answer if len(started) == len(names) else Answer.ERROR


def rollback(control: Control, name: str, asked: operating.Rollback, manner: Manner) -> Answer:
    """Start the operation that takes an Application back."""
    begun = operating.start(control, name, partial(asked.of, username=operating.username_of(control)))
    revision = revisions_of(mapping_at(begun.obj, "operation", "sync"))
    write(f"{inert(name)}: rollback to {inert(revision)} started\n")
    return _succeeded(control, [name], manner) if manner.wait else Answer.YES


def terminate(control: Control, name: str, manner: Manner) -> Answer:
    """Have the operation of an Application stopped."""
    operating.terminate(control, name)
    write(f"{inert(name)}: operation is to end\n")
    return _ended(control, [name], manner)[0] if manner.wait else Answer.YES


def _succeeded(control: Control, names: Sequence[str], manner: Manner) -> Answer:
    answer, ended = _ended(control, names, manner)
    failed = [one for one in ended if one.phase != Phase.SUCCEEDED]
    for one in failed:
        words = text_at(one.state, "message")
        showing.told(inert(f"foresail: the operation of {one.name} ended: {one.phase}: {words}"))
    return Answer.NO if failed else answer


def _ended(control: Control, names: Sequence[str], manner: Manner) -> tuple[Answer, Sequence[Glance]]:
    """Wait for the end of operations; return the Applications with theirs as each has ended."""
    vigil, conditions = Vigil(control, frozenset(names), showing.told, manner.timeout), Conditions(operation=True)
    reached = vigil.waits(conditions, together=False)
    return showing.waited(vigil, conditions, reached=reached), list(vigil.met.values())
