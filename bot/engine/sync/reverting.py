"""What an Application says of a revision that is taken back in Git, a condition: so it is done once. Pure."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Final

from bot.engine.conditions import conditions_of, conditions_saying, conditions_without

if TYPE_CHECKING:
    from bot.engine.sync.rollback import GoingBack
    from bot.model.resources import JsonObject

CONDITION: Final = "AutoRollback"
"""Type of the condition; Argo CD has none for it."""
DUE: Final = "a revert is to be proposed"
"""Ends what is said while none is."""
_NAMED: Final = 12
"""Characters of a revision with which the condition begins."""


def told_patch(status: JsonObject | None, back: GoingBack, words: str, *, now: str) -> JsonObject:
    """Return a merge patch of `.status` that says what is done about a revision; nothing where that is said already."""
    said = f"{back.bad.revision[:_NAMED]} {back.why}: {words}"
    return conditions_saying(status, _is_ours, kind=CONDITION, words=said, now=now)


def settled_patch(status: JsonObject | None, revision: str, *, due: bool) -> JsonObject:
    """Return a merge patch of `.status` that takes away what is no longer so.

    `revision` is that of the last sync; `due`: it still turns out badly, and is to be taken back.
    """
    stays = is_told(status, revision) and (due or not is_due(status))
    return {} if stays else conditions_without(status, _is_ours)


def is_told(status: JsonObject | None, revision: str) -> bool:
    """Whether it is said what is done, or to be done, about a revision."""
    return bool(said_of(status, revision))


def is_answered(status: JsonObject | None, revision: str) -> bool:
    """Whether it is said what is done about a revision, and not only that something is to be done."""
    return is_told(status, revision) and not is_due(status)


def said_of(status: JsonObject | None, revision: str) -> str:
    """Return what is said of a revision that is taken back in Git; empty where nothing is."""
    return next((words for words in _told(status) if words.startswith(f"{revision[:_NAMED]} ")), "")


def is_due(status: JsonObject | None) -> bool:
    """Whether all that is said is that something is to be done."""
    return any(words.endswith(DUE) for words in _told(status))


def due_since(status: JsonObject | None) -> float | None:
    """Return since when, in Unix seconds, something is to be done; None where nothing is: it may take long."""
    for one in conditions_of(status):
        if _is_ours(one) and str(one.get("message")).endswith(DUE):
            with suppress(ValueError):
                return datetime.fromisoformat(str(one.get("lastTransitionTime"))).timestamp()
    return None


def _told(status: JsonObject | None) -> list[str]:
    return [str(one.get("message")) for one in conditions_of(status) if _is_ours(one)]


def _is_ours(condition: JsonObject) -> bool:
    return condition.get("type") == CONDITION
