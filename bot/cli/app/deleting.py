"""Delete Applications, with their objects or without, and say how far that has come."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import typer

from bot.cli.app import showing
from bot.cli.app.glance import Glance, text_at
from bot.cli.app.operating import patched
from bot.cli.app.tables import inert
from bot.cli.app.waiting import Vigil
from bot.cli.outcome import Answer
from bot.cli.output import write, write_error
from bot.engine.deletion import Stage, propagated, stage_of
from bot.engine.writes import DELETION_APPROVED
from bot.errors import Rejected
from bot.model.applications import SKIP_RECONCILE
from bot.model.operations import timestamp
from bot.model.reports import counted
from bot.model.resources import metadata_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.cli.app.control import Control
    from bot.model.resources import JsonObject

_UNASKED: Final = "nobody is there to be asked whether its objects are to be deleted"


@dataclass(frozen=True, slots=True)
class Farewell:
    """How Applications are deleted."""

    cascade: bool = True
    """Whether their objects go with them."""
    background: bool = False
    """Whether what depends on these may go later."""
    approve: bool = False
    """Whether what waits for a person's approval may go."""
    yes: bool = False
    """Whether nobody is asked."""

    def finalizers(self, before: Sequence[str]) -> list[str]:
        """Return an Application's finalizers that ask for what is wanted; those of others stay."""
        kept = [name for name in before if name not in Stage.CASCADE.value]
        return [*kept, propagated(background=self.background)] if self.cascade else kept


def delete(control: Control, names: Sequence[str], asked: Farewell, *, wait: bool, timeout: float) -> Answer:
    """Delete Applications; one that is refused keeps none of the others. NO where a person does not want it."""
    begun, answer = list[str](), Answer.YES
    for name in names:
        try:
            seen = control.one(name)
            if asked.cascade and not asked.yes and not _confirmed(seen):
                answer = max(answer, Answer.NO)
                continue
            _delete(control, name, asked)
        except Rejected as error:
            write_error(error)
            answer = Answer.ERROR
        else:
            begun.append(name)
            write(f"{inert(name)}: is being deleted\n")
    if wait and begun and not Vigil(control, frozenset(begun), showing.told, timeout).ends():
        showing.told(f"foresail: not deleted within {timeout:g} s")
        return max(answer, Answer.NO)
    return answer


def _confirmed(seen: Glance) -> bool:
    if not sys.stdin.isatty():
        raise Rejected(f"{seen.name}: {_UNASKED}", remedy="Say so: --yes; or keep them: --no-cascade.")
    objects = counted(len(seen.resources), "object")
    return typer.confirm(inert(f"Delete Application {seen.name} with its {objects}?"), err=True)


def _delete(control: Control, name: str, asked: Farewell) -> None:
    def finalized(seen: Glance) -> JsonObject:
        metadata = metadata_of(seen.obj)
        before = [str(one) for one in metadata.get("finalizers") or ()]
        wanted = asked.finalizers(before)
        if metadata.get("deletionTimestamp"):  # finalizers can be taken away from then on, and none added
            wanted = before if asked.cascade else wanted
        if seen.is_left_alone and stage_of(wanted) is not None:
            raise Rejected(
                f"{name} is left alone while its annotation {SKIP_RECONCILE} says so: its finalizers would keep it",
                remedy="Take the annotation away, or keep its objects: --no-cascade.",
            )
        return {"metadata": {"finalizers": wanted}}

    seen = patched(control, name, finalized)
    control.cluster.delete(seen.obj, propagation="Background")
    if asked.approve:
        _approve(control, name, str(metadata_of(seen.obj).get("uid")))


def _approve(control: Control, name: str, uid: str) -> None:
    """Approve of what waits for that, by the server's clock where ours is behind; nothing where all is gone already."""

    def approved(seen: Glance) -> JsonObject:
        deleted_at = text_at(seen.obj, "metadata", "deletionTimestamp")
        return {"metadata": {"annotations": {DELETION_APPROVED: max(timestamp(), deleted_at)}}}

    obj = control.read(name)
    if obj is not None and metadata_of(obj).get("uid") == uid:
        patched(control, name, approved)
