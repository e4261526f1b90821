"""The stand-in's clock: real time plus what a test adds, so that tokens expire without anybody waiting."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime


class Clock:
    """Tell the time in seconds since the epoch; `advance` moves it forward at once."""

    def __init__(self, source: Callable[[], float] = time.time) -> None:
        self._source = source
        self._ahead = 0.0

    def now(self) -> float:
        """Return the stand-in's time."""
        return self._source() + self._ahead

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass."""
        self._ahead += seconds


def timestamp(seconds: float) -> str:
    """Write a time as GitHub does: whole seconds, UTC, `Z`."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
