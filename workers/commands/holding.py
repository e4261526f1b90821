"""Hold and release: what is delivered to applications by itself, as somebody asks who may write to their repository.

A hold is an annotation of the Application: it outlives everything but that, and `kubectl` can write one too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from bot.errors import Rejected
from bot.model.answers import Answer
from bot.model.changes import ChangeState
from bot.model.commands import Verb
from bot.model.holds import HELD, Hold, HoldAsked
from bot.model.jobs import notify, refresh
from bot.model.operations import timestamp
from bot.settings import Mode
from workers.commands.reach import Reach
from workers.commands.rules import demand_of, demand_role
from workers.operating.operations import change as changed
from workers.operating.windows import hold_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from bot.model.applications import Application
    from bot.model.commands import Command
    from bot.model.resources import JsonObject
    from workers.changes.asked import Asked

Found = TypeVar("Found")


def hold(asked: Asked, command: Command) -> Answer:
    """Have nothing delivered by itself to the applications of the change, or to others of the repository by name."""
    wish = HoldAsked.parse(command.words)
    now = asked.services.clock.now()
    until = timestamp(now + wish.lasts.total_seconds()) if wish.lasts is not None else ""
    one = Hold(by=asked.author, why=wish.why, until=until, change=str(asked.change), since=timestamp(now))
    names = _names(asked, Verb.HOLD, wish.names)
    held, missed = each(names, lambda name: _held(asked, name, one))
    _have_told(asked)
    busy = [name for name, application in held.items() if application.operation is not None]
    running = f". What runs already goes on ({', '.join(busy)}): {asked.command('cancel')} ends it" if busy else ""
    return Answer(done=not missed, words=f"{', '.join(held)}: {one.words}{running}{missed}")


def release(asked: Asked, command: Command) -> Answer:
    """End the holds of the applications of the change, or of others of the repository by name."""
    names = _names(asked, Verb.RELEASE, command.words)
    released, missed = each(names, lambda name: _released(asked, name))
    ended = {name: one for name, one in released.items() if one is not None}
    if not ended:
        raise Rejected(f"nobody holds {', '.join(released)}{missed}")
    asked.services.queue.enqueue(*map(refresh, ended))
    _have_told(asked)
    told = "; ".join(f"{name} was {one.words}" for name, one in ended.items())
    return Answer(done=not missed, words=f"{', '.join(ended)} released: {told}{missed}")


def each(names: Iterable[str], act: Callable[[str], Found]) -> tuple[dict[str, Found], str]:
    """Do something to each application; return what came of it, and in words what was refused of the others.

    Rejected where it was refused of all. One that has gone meanwhile must not hide what became of the others.
    """
    done, refused = dict[str, Found](), list[str]()
    for name in names:
        try:
            done[name] = act(name)
        except Rejected as error:
            refused.append(f"{name} {error.message}")
    if not done:
        raise Rejected("; ".join(refused))
    return done, f". Not so: {'; '.join(refused)}" if refused else ""


def _names(asked: Asked, verb: Verb, words: Sequence[str]) -> tuple[str, ...]:
    if asked.services.settings.mode is Mode.PREVIEW:
        raise Rejected("this Foresail only previews: something else does the syncing")
    reach = Reach.of_repository(asked) if words else Reach.of(asked)
    names = reach.chosen(words)
    demand_of(asked, reach.landscape, verb, names)
    return names


def _held(asked: Asked, name: str, one: Hold) -> Application:
    def patch(application: Application) -> JsonObject:
        demand_role(asked, application, Verb.HOLD)
        return {"metadata": {"annotations": {HELD: one.to_annotation()}}}

    return changed(asked.services, name, patch)


def _released(asked: Asked, name: str) -> Hold | None:
    """Take the hold of an application away and return it, None where there is none: the one that is told of."""
    ended: Hold | None = None

    def patch(application: Application) -> JsonObject:
        nonlocal ended
        demand_role(asked, application, Verb.RELEASE)
        ended = hold_of(asked.services, application)
        return {"metadata": {"annotations": {HELD: None}}} if ended is not None else {}

    if asked.services.applications.get(name) is not None:
        changed(asked.services, name, patch)
    return ended


def _have_told(asked: Asked) -> None:
    """Have the merge commit told, whose status may wait for another reason now."""
    if asked.change.state is ChangeState.MERGED and asked.change.merge_sha:
        asked.services.queue.enqueue(notify(asked.repository.full_name, asked.change.merge_sha))
