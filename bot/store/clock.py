"""The time, as all processes agree on it: Redis's, so that no process's own clock can be wrong."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from redis.exceptions import RedisError

if TYPE_CHECKING:
    import redis

_KEPT: Final = 5.0
"""Seconds for which we count on by ourselves, by a clock that never jumps."""


class Clock:
    """A clock that is set by Redis's now and then; while Redis is away it goes on as it was set last."""

    def __init__(self, connection: redis.Redis) -> None:
        self._connection = connection
        self._ahead = time.time() - time.monotonic()
        """Seconds from the monotonic clock to the time."""
        self._asked = float("-inf")

    def now(self) -> float:
        """Return the time in Unix seconds."""
        if time.monotonic() - self._asked > _KEPT:
            self._asked = time.monotonic()
            self._set()
        return time.monotonic() + self._ahead

    def _set(self) -> None:
        try:
            seconds, micros = self._connection.time()
        except RedisError:
            return
        self._ahead = seconds + micros / 1e6 - time.monotonic()
