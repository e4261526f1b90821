"""What is to be done for all Applications together: by one controller, however many there are."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from bot.model.jobs import recover
from workers.watching.sharing import DUTY
from workers.watching.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.model.jobs import JobRequest
    from bot.services import Services
    from workers.watching.generating import SetWatch
    from workers.watching.sharing import Sharing

_RECOVERY: Final = 3600.0


class Duties:
    """Recovery, on start and from time to time, and what else has its turns."""

    def __init__(self, services: Services, share: Sharing, generating: SetWatch) -> None:
        self._memory = services.memory
        self._share = share
        self._generating = generating
        self._every = min(_RECOVERY, services.settings.status_deadline / 2)
        self._recovered = float("-inf")
        self._looked = float("-inf")
        self._turns = Turns(services.settings, now=time.monotonic())

    def due(self) -> Iterator[JobRequest]:
        """Yield what is due, and ours to ask for. Raises Temporary while Redis is away."""
        now = time.monotonic()
        lost = self._memory.is_empty(self._share.me)
        if lost or now - self._looked > self._every:
            # Each for itself: of what was asked for the others' sets, who asked for it may be gone.
            self._generating.look_at_all(now)
            self._memory.mark(self._share.me)
            self._looked = now
            self._recovered = float("-inf")
        if not self._share.may(DUTY):
            return
        if now - self._recovered > self._every:
            yield recover()
            self._recovered = now
        yield from self._turns.due(self._memory, now)
