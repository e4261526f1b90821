"""Tokens of installations: read from GitHub's answers, and kept until they are about to expire."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from bot.forges.github.errors import Answer
from bot.forges.github.payload import BadAnswer

_FRESH: Final = 600.0
"""Seconds a token must still be good for when it is handed out; `git fetch` may take some of them."""
_YOUNG: Final = 60.0
"""Seconds in which a new token would say the same as this one."""


@dataclass(frozen=True, slots=True)
class Token:
    """An installation's token, and until when it is good."""

    value: str = field(repr=False)
    expires_at: float
    made_at: float
    """Both in seconds since the epoch."""
    allows: frozenset[str] = frozenset()
    """Permissions that it was asked for with."""


class Tokens:
    """Tokens by what they are for; each is asked for once, however many threads need it."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._kept: dict[Hashable, Token] = {}
        self._lock = threading.Lock()
        self._making: defaultdict[Hashable, threading.Lock] = defaultdict(threading.Lock)

    def get(self, key: Hashable, make: Callable[[], Token]) -> Token:
        """Return the token for something, which `make` asks for when there is none that is good for long enough."""
        with self._lock:
            making = self._making[key]
        with making:
            token = self._kept.get(key)
            if token is None or token.expires_at - self._clock() < _FRESH:
                token = make()
                with self._lock:
                    self._kept[key] = token
            return token

    def forget(self, value: str) -> bool:
        """Drop a token; return whether it was old enough for a new one to be different."""
        with self._lock:
            for key, token in self._kept.items():
                if token.value == value:
                    del self._kept[key]
                    return self._clock() - token.made_at > _YOUNG
        return False


def read_token(answer: Answer, *, now: float, allows: frozenset[str]) -> Token:
    """Read a new token, and say nothing of it in an error."""
    value, until = answer.payload.at("token").text(), answer.payload.at("expires_at").text()
    if not fits_a_header(value):
        raise BadAnswer("token", "one word")
    try:
        expires_at = datetime.fromisoformat(until).timestamp()
    except ValueError as error:
        raise BadAnswer("expires_at", "a time") from error
    return Token(value=value, expires_at=expires_at, made_at=now, allows=allows)


def fits_a_header(token: str) -> bool:
    """Whether a token can be sent; the HTTP library would quote one that cannot in its error."""
    return bool(token) and token.isascii() and token.isprintable() and " " not in token
