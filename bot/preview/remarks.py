"""Remarks on an object: what a reader has to know beside what becomes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.engine.diff.ignored import RESPECT

if TYPE_CHECKING:
    from bot.model.predictions import ResourceStates
    from bot.model.resources import JsonObject

_REPAIRED: Final = "the API server refuses this object as the target branch has it; the change repairs that"
_NOT_THERE: Final = "does not exist yet: a sync creates it"
_GONE: Final = "was there at the last sync and is gone: a sync creates it again"
_ENDING: Final = "is being deleted right now; a sync creates it again once it is gone"
_WITHOUT: Final = "a sync without this change would create it again"
_NAMED: Final = 3
"""Fields that are named in a sentence."""


def repairs(states: ResourceStates) -> str:
    """Say that the change makes valid what is not, where it does."""
    return _REPAIRED if states.base is not None and states.base.refusal is not None else ""


def written_anyway(fields: set[str]) -> str:
    """Say what a sync writes though a comparison ignores it: nothing of it is kept unless the sync is told to."""
    if not fields:
        return ""
    named = sorted(fields)[:_NAMED]
    more = f" and {len(fields) - len(named)} more" if len(fields) > len(named) else ""
    return f"a sync also writes {', '.join(named)}{more}, where differences are ignored ({RESPECT} would keep them)"


def existence(states: ResourceStates) -> str:
    """Say that the object is not there, and why."""
    if states.ending is not None or states.live is not None:
        return ending(states)
    return gone(states) or _NOT_THERE


def gone(states: ResourceStates) -> str:
    """Say that it was there at the last sync."""
    return _GONE if states.recorded else ""


def ending(states: ResourceStates) -> str:
    """Say that it is on its way out."""
    return _ENDING if states.ending is not None else ""


def lacking(states: ResourceStates) -> str:
    """Say that a sync of the target branch creates the object again, where it was there or is on its way out."""
    words = ending(states) or gone(states)
    return _WITHOUT if words and states.head is None else words


def version(before: JsonObject, after: JsonObject) -> str:
    """Say that it is written in another version, where it is."""
    old, new = before.get("apiVersion"), after.get("apiVersion")
    return "" if old == new else f"moves from {old} to {new}, so the same fields may be written differently"
