"""Faults on order: what GitHub and the network do on a bad day, so many times and no more."""

from __future__ import annotations

import random
import re
import threading
import time
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import translate
from typing import Final


class Fault(StrEnum):
    """What goes wrong with a request."""

    DELAY = "delay"
    """It is answered late."""
    ERROR = "error500"
    """It is refused with 500 and has no effect."""
    SECONDARY_LIMIT = "secondary_limit"
    """It is refused with 403 and Retry-After, as when too much is written at once."""
    DROP_CONNECTION = "drop_connection"
    """The connection goes away before it is looked at."""
    LOSE_ANSWER = "lose_answer"
    """It takes effect, and then the connection goes away: the caller cannot know."""


_WEATHER: Final = (
    *(Fault.ERROR, Fault.DROP_CONNECTION, Fault.LOSE_ANSWER, Fault.DELAY) * 3,
    Fault.SECONDARY_LIMIT,
)
"""What bad weather brings; a limit is told seldom, as it holds everything up."""

_LATE: Final = 0.2
"""Seconds by which an answer comes late in it."""


@dataclass(slots=True)
class _Order:
    pattern: re.Pattern[str]
    kind: Fault
    times: int
    seconds: float
    held: Held | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """A request that is answered when somebody says so."""

    reached: threading.Event = field(default_factory=threading.Event)
    """Set once it is there."""
    go_on: threading.Event = field(default_factory=threading.Event)
    """To be set to have it answered."""


@dataclass(frozen=True, slots=True)
class Injected:
    """A fault to act on now."""

    kind: Fault
    seconds: float
    held: Held | None = None

    def delay(self) -> None:
        """Wait as long as the answer is to be late."""
        if self.held is None:
            time.sleep(self.seconds)
        else:
            self.held.reached.set()
            self.held.go_on.wait(self.seconds)


class Faults:
    """Standing orders for faults, of which the first that matches a request is used up by one; and bad weather."""

    def __init__(self) -> None:
        self._orders: list[_Order] = []
        self._weather = re.compile("")
        self._share = 0.0
        self._chance = random.Random()  # noqa: S311 - the same weather again for the same seed
        self._lock = threading.Lock()

    def add(self, match: str, *, kind: Fault, times: int = 1, seconds: float = 1.0) -> None:
        """Order `times` faults for requests whose `METHOD /path` fits the shell pattern `match`.

        The path is below the API's root, for example `POST /repos/*/statuses/*`; for Git it is `GET /owner/name.git/*`.
        `seconds` is the delay, or what Retry-After says.
        """
        order = _Order(pattern=re.compile(translate(match)), kind=kind, times=times, seconds=seconds)
        with self._lock:
            self._orders.append(order)

    def hold(self, match: str, *, seconds: float = 60.0) -> Held:
        """Hold up the next request that fits until it is told to go on, for `seconds` at most."""
        held = Held()
        order = _Order(re.compile(translate(match)), Fault.DELAY, 1, seconds, held)
        with self._lock:
            self._orders.append(order)
        return held

    def rage(self, share: float, *, seed: int, match: str = "*") -> None:
        """Have this share of all requests that fit the pattern fail in ways that `seed` chooses, until `clear`."""
        with self._lock:
            self._share, self._weather = share, re.compile(translate(match))
            self._chance = random.Random(seed)  # noqa: S311 - see above

    def clear(self) -> None:
        """Drop every order, and let the sun shine."""
        with self._lock:
            self._orders.clear()
            self._share = 0.0

    def take(self, method: str, path: str) -> Injected | None:
        """Return the fault a request meets, and count it."""
        with self._lock:
            for order in self._orders:
                if order.times > 0 and order.pattern.match(f"{method} {path}"):
                    order.times -= 1
                    return Injected(kind=order.kind, seconds=order.seconds, held=order.held)
            if self._share and self._weather.match(f"{method} {path}") and self._chance.random() < self._share:
                return Injected(kind=self._chance.choice(_WEATHER), seconds=_LATE)
        return None
