"""Hold and release: what is delivered to applications by itself, as somebody asks who may write to their repository.

A hold is an annotation of the Application: it outlives everything but that, and `kubectl` can write one too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.errors import Rejected
from bot.model.answers import Answer
from bot.model.changes import ChangeState
from bot.model.holds import HELD, Hold, HoldAsked
from bot.model.jobs import notify, refresh
from bot.model.operations import timestamp
from bot.settings import Mode
from workers.commands.reach import Reach
from workers.operating.operations import change as changed
from workers.operating.windows import hold_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.model.applications import Application
    from bot.model.commands import Command
    from bot.model.resources import JsonObject
    from workers.changes.asked import Asked


def hold(asked: Asked, command: Command) -> Answer:
    """Have nothing delivered by itself to the applications of the change, or to others of the repository by name."""
    wish = HoldAsked.parse(command.words)
    now = asked.services.clock.now()
    until = timestamp(now + wish.lasts.total_seconds()) if wish.lasts is not None else ""
    one = Hold(by=asked.author, why=wish.why, until=until, change=str(asked.change), since=timestamp(now))
    names = _names(asked, wish.names)
    busy = [name for name in names if _held(asked, name, one).operation is not None]
    _have_told(asked)
    running = f". What runs already goes on ({', '.join(busy)}): {asked.command('cancel')} ends it" if busy else ""
    return Answer(done=True, words=f"{', '.join(names)}: {one.words}{running}")


def release(asked: Asked, command: Command) -> Answer:
    """End the holds of the applications of the change, or of others of the repository by name."""
    names = _names(asked, command.words)
    ended = {name: one for name in names if (one := _released(asked, name)) is not None}
    if not ended:
        raise Rejected(f"nobody holds {', '.join(names)}")
    asked.services.queue.enqueue(*map(refresh, ended))
    _have_told(asked)
    told = "; ".join(f"{name} was {one.words}" for name, one in ended.items())
    return Answer(done=True, words=f"{', '.join(ended)} released: {told}")


def _names(asked: Asked, words: Sequence[str]) -> tuple[str, ...]:
    if asked.services.settings.mode is Mode.PREVIEW:
        raise Rejected("this Foresail only previews: something else does the syncing")
    return Reach.of_repository(asked).chosen(words) if words else Reach.of(asked).chosen(())


def _held(asked: Asked, name: str, one: Hold) -> Application:
    def patch(_application: Application) -> JsonObject:
        return {"metadata": {"annotations": {HELD: one.to_annotation()}}}

    return changed(asked.services, name, patch)


def _released(asked: Asked, name: str) -> Hold | None:
    """Take the hold of an application away and return it, None where there is none: the one that is told of."""
    ended: Hold | None = None

    def patch(application: Application) -> JsonObject:
        nonlocal ended
        ended = hold_of(asked.services, application)
        return {"metadata": {"annotations": {HELD: None}}} if ended is not None else {}

    if asked.services.applications.get(name) is not None:
        changed(asked.services, name, patch)
    return ended


def _have_told(asked: Asked) -> None:
    """Have the merge commit told, whose status may wait for another reason now."""
    if asked.change.state is ChangeState.MERGED and asked.change.merge_sha:
        asked.services.queue.enqueue(notify(asked.repository.full_name, asked.change.merge_sha))
