"""Turns: a preview that the forge's limits hold up for long says so on its change."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from bot.errors import Paced, Rejected, Temporary
from bot.model.changes import ChangeState, StatusState
from bot.model.reports import Outcome
from workers.telling.statuses import TURN, is_known, tell

if TYPE_CHECKING:
    from bot.model.changes import Change, Repository
    from bot.services import Services

LONG: Final = 180.0
"""Seconds that are waited without a word: to say it costs the forge a third of what a preview does."""
TELLS: Final = "a preview is told to wait"
_SPACED: Final = 6.0
"""Seconds between two that are told, so that the words do not use up what the previews wait for."""
AGAIN: Final = 60.0
"""Seconds until one tries again that could not be told."""


def take_turn(services: Services, repository: Repository, number: int, *, anew: bool = False) -> None:
    """Count a preview that begins now; Paced when it has to wait, which its change is told when that takes long.

    What was told of its head before stands meanwhile, unless it is to be told `anew`.
    """
    try:
        services.forge.begin_preview(repository, number)
    except Paced as later:
        if later.retry_after < LONG:
            raise
        if not services.memory.first_within(TELLS, seconds=_SPACED):
            raise Paced(later.message, retry_after=AGAIN) from later  # its place in the row is kept
        with suppress(Temporary, Rejected):
            change = services.forge.change(repository, number)
            if change.state is ChangeState.OPEN and (anew or not is_known(services, change)):
                _tell_to_wait(services, change, until=services.clock.now() + later.retry_after)
        raise


def _tell_to_wait(services: Services, change: Change, *, until: float) -> None:
    begins = f"{datetime.fromtimestamp(until, UTC):%H:%M} UTC"
    tell(services, change, Outcome(StatusState.PENDING, f"{TURN}, about {begins}: the forge limits requests"))
