"""Ask a server that could not be reached again only after a while: who waits for it must not hold up others."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from urllib3.exceptions import (
    ConnectTimeoutError,
    NameResolutionError,
    NewConnectionError,
    ProxyError,
    ReadTimeoutError,
    SSLError,
)

from bot.cluster.errors import ClusterAway
from bot.cluster.exchange import TooLong

if TYPE_CHECKING:
    from collections.abc import Callable

    from urllib3.exceptions import HTTPError

_SHORTEST: Final = 1.0
"""Seconds of a pause at least."""
_REST: Final = 4.0
"""A pause is so many times as long as it took to find out: at most a fifth of anybody's time goes to waiting."""


@dataclass
class Breaker:
    """Lets requests to one server through, or refuses them for a while; safe to use from threads."""

    patience: float = 5.0
    """Seconds in which a connection has to be made."""
    now: Callable[[], float] = time.monotonic
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _why: str = ""
    """Why it could not be reached last; empty: it could."""
    _until: float = 0.0

    def admit(self, name: str) -> None:
        """Raise ClusterAway while the server rests; of those who come after that, one tries."""
        with self._lock:
            if not self._why:
                return
            left = self._until - self.now()
            if left > 0:
                raise ClusterAway(name, self._why, retry_after=left)
            self._until = self.now() + self.patience

    def answered(self) -> None:
        """Take note that the server answered."""
        with self._lock:
            self._why = ""

    def failed(self, error: HTTPError, *, seconds: float) -> str:
        """Take note of what kept a request from being answered, and how long that took; return it in words.

        A connection that breaks may do so for its own reasons: then the server is asked again at once.
        """
        why, is_away = told(error)
        if is_away:
            with self._lock:
                self._why, self._until = why, self.now() + max(_SHORTEST, _REST * seconds)
        return why


_AWAY: Final = (
    (NameResolutionError, "its name cannot be resolved"),
    (NewConnectionError, "no connection is made"),
    (ConnectTimeoutError, "no connection is made in time"),
    (ReadTimeoutError, "it does not answer in time"),
    (SSLError, "its TLS is not accepted"),
    (ProxyError, "the proxy does not lead there"),
    (TooLong, "its answers are too long to be read"),
)
"""Errors after which the next request would fare as badly; the first that fits counts, as some are others too."""


def told(error: HTTPError) -> tuple[str, bool]:
    """Say what happened, the same words for the same thing, and whether the server is away."""
    words = next((words for kind, words in _AWAY if isinstance(error, kind)), "")
    details = _details(error)
    return (f"{words}: {details}" if details else words) or "the connection broke", bool(words)


def _details(error: HTTPError) -> str:
    """Return what the system or OpenSSL says, without addresses in memory and lines of source."""
    cause = error.__cause__ or (error.args[0] if error.args else None)
    if isinstance(error, SSLError):
        return str(getattr(cause, "verify_message", "") or getattr(cause, "reason", "") or "")
    return str(getattr(cause, "strerror", "") or "") if isinstance(error, NewConnectionError) else ""
