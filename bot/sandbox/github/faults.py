"""Faults on order: what GitHub and the network do on a bad day, so many times and no more."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import translate


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


@dataclass(slots=True)
class _Order:
    pattern: re.Pattern[str]
    kind: Fault
    times: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Injected:
    """A fault to act on now."""

    kind: Fault
    seconds: float


class Faults:
    """Standing orders for faults; the first that matches a request is used up by one."""

    def __init__(self) -> None:
        self._orders: list[_Order] = []
        self._lock = threading.Lock()

    def add(self, match: str, *, kind: Fault, times: int = 1, seconds: float = 1.0) -> None:
        """Order `times` faults for requests whose `METHOD /path` fits the shell pattern `match`.

        The path is below the API's root, for example `POST /repos/*/statuses/*`; for Git it is `GET /owner/name.git/*`.
        `seconds` is the delay, or what Retry-After says.
        """
        order = _Order(pattern=re.compile(translate(match)), kind=kind, times=times, seconds=seconds)
        with self._lock:
            self._orders.append(order)

    def clear(self) -> None:
        """Drop every order."""
        with self._lock:
            self._orders.clear()

    def take(self, method: str, path: str) -> Injected | None:
        """Return the fault a request meets, and count it."""
        with self._lock:
            for order in self._orders:
                if order.times > 0 and order.pattern.match(f"{method} {path}"):
                    order.times -= 1
                    return Injected(kind=order.kind, seconds=order.seconds)
        return None
