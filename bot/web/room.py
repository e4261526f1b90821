"""Who may read a report now: few at a time, nobody more than his share, nobody for long while others wait. Pure."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

AT_ONCE: Final = 2
"""Reports written at a time: however slowly they are read, the other threads take webhooks."""
_THREADS: Final = 2 * AT_ONCE
"""Threads that readers can hold, with those who have been asked to leave and have not noticed yet."""
TURN: Final = 15.0
"""Seconds after which a reader makes room for another."""


@dataclass(eq=False, slots=True)
class Seat:
    """A reader's place."""

    address: str
    link: str
    since: float
    """When he came, on the monotonic clock."""
    is_over: bool = False
    """Whether he has to make room."""


_SHARED: Final[tuple[Callable[[Seat], str], ...]] = (lambda seat: seat.address, lambda seat: seat.link)
"""By what a share is counted: behind a proxy all have one address, and still each his link."""


class Room:
    """The seats of one process; safe to use from threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seats: list[Seat] = []

    def enter(self, address: str, link: str, *, now: float) -> Seat | None:
        """Give a reader a seat; None when he has to come again.

        Where all are taken, one makes room who has had his turn, or who has two more than the newcomer.
        """
        newcomer = Seat(address, link, now)
        with self._lock:
            reading = [one for one in self._seats if not one.is_over]
            if len(reading) >= AT_ONCE:
                other = _who_makes_room(newcomer, reading)
                if other is None or len(self._seats) >= _THREADS:
                    return None
                other.is_over = True
            self._seats.append(newcomer)
        return newcomer

    def leave(self, seat: Seat) -> None:
        """Note that a reader has gone."""
        with self._lock:
            self._seats.remove(seat)


def _who_makes_room(newcomer: Seat, reading: Sequence[Seat]) -> Seat | None:
    oldest = reading[0]
    if newcomer.since - oldest.since > TURN:
        return oldest
    for whose in _SHARED:
        shares = Counter(map(whose, reading))
        greedy, most = shares.most_common(1)[0]
        if most > shares[whose(newcomer)] + 1:
            return next(one for one in reading if whose(one) == greedy)
    return None
