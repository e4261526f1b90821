"""What of an application itself keeps syncs, or what follows from them, from being done as its change has it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from bot.engine.sync.rollback import window_of
from bot.errors import Rejected
from bot.model.applications import SKIP_RECONCILE
from bot.model.holds import HELD, Hold

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.model.applications import Application


def holds_of(application: Application) -> Iterator[str]:
    """Yield in words what holds an application now, and what of its annotations cannot be followed."""
    if application.left_alone:
        yield f"while its annotation {SKIP_RECONCILE} is there, nothing of this is synced"
        return
    hold = Hold.at(application.annotation(HELD), now=time.time()) if application.automated else None
    if hold is not None:
        yield f"{hold.words}: nothing of this is synced by itself"
    try:
        window_of(application)
    except Rejected as error:
        yield f"{error.message}: nothing is taken back by itself"
