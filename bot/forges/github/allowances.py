"""What GitHub says of its rate limits, passed on to whoever paces requests, and into the log."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import structlog

from bot.errors import Temporary

if TYPE_CHECKING:
    from bot.forges.github.errors import Answer, SlowDown
    from bot.forges.port import Pace

_log = structlog.get_logger()
_STEPS: Final = 20
"""In how many steps of an allowance it is told how it dwindles."""


class Allowances:
    """What each account has left; safe to use from threads."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._lock = threading.Lock()
        self._told: dict[str, tuple[int, int]] = {}

    def note(self, account: str, answer: Answer) -> None:
        """Pass on what an answer says, where it has changed by more than a little."""
        said = answer.allowance
        if said is None or said.limit == 0:
            return
        step = (said.reset, said.remaining * _STEPS // said.limit)
        with self._lock:
            if self._told.get(account) == step:
                return
            self._told[account] = step
        _log.info("forge allowance", account=account, limit=said.limit, remaining=said.remaining, reset=said.reset)
        with suppress(Temporary):  # what was asked has been answered
            self._pace.note(account, said)

    def refused(self, account: str, error: SlowDown) -> None:
        """Have everybody be silent for as long as GitHub asks: going on may get an account banned."""
        _log.warning("forge asks to slow down", account=account, reason=error.message, seconds=error.retry_after)
        with suppress(Temporary):  # GitHub's own words matter more
            self._pace.silence(account, error.retry_after)
