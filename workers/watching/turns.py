"""What is asked for from time to time: another look at open changes, at repositories and at registries."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.model.jobs import JobRequest, look_for_updates, look_round, poll

if TYPE_CHECKING:
    from bot.settings import Settings
    from bot.store.memory import Memory


@dataclass(slots=True)
class _Turn:
    request: Callable[[], JobRequest]
    every: float
    """Seconds; 0: never."""
    at: float


class Turns:
    """The turns of one controller; of several that ask at once, one is answered."""

    def __init__(self, settings: Settings, *, now: float) -> None:
        asked = (
            (look_round, settings.preview_refresh),
            (poll, settings.git_poll),
            (look_for_updates, settings.registry_poll),
        )
        self._turns = [_Turn(request, every, now + _apart(every)) for request, every in asked]

    def due(self, memory: Memory, now: float) -> Iterator[JobRequest]:
        """Yield what is due by a clock in seconds, and that once."""
        for turn in self._turns:
            if turn.every and now >= turn.at:
                turn.at, request = now + _apart(turn.every), turn.request()
                if memory.first_within(request.task, seconds=max(1, int(turn.every / 2))):
                    yield request


def _apart(every: float) -> float:
    """Return the seconds until the next turn: not the same for all who were started together."""
    return every * random.uniform(0.9, 1.0)  # noqa: S311 - spreads load
