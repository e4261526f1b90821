"""Have the progress of an operation told, not at every word of it: forges count what is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.model.jobs import notify
from bot.model.operations import Occasion

if TYPE_CHECKING:
    from bot.model.operations import Operation
    from bot.services import Services

_PACE: Final = 3
"""Seconds between two words about the progress of one application."""


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of one operation, as its commit is told of it."""

    services: Services
    name: str
    """The application's."""
    operation: Operation

    def tell(self) -> None:
        """Have it told; words that come too soon are told at a later look, if they still hold; the end always is."""
        occasion = Occasion.of(self.operation.info)
        if not occasion.repository or self.operation.is_partial:
            return
        if self.services.memory.first_within(self._key, seconds=_PACE):
            self.services.queue.enqueue(notify(occasion.repository, occasion.commit))
            self.services.memory.strike(self._key)
        else:
            self.services.memory.note(self._key)

    def tell_what_was_put_off(self) -> None:
        """Have told what came too soon before."""
        if self.services.memory.is_noted(self._key):
            self.tell()

    @property
    def _key(self) -> str:
        return f"{self.name}@{Occasion.of(self.operation.info).commit}"
