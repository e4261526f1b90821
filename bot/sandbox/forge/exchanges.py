"""What was asked and what was answered, so that a contract test can hold both against the forge's schema."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_KEPT = 10_000
_SECRET_HEADERS = frozenset({"authorization", "private-token", "cookie"})


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer."""

    method: str
    template: str
    """The route as the API's description writes it, `/repos/{owner}/{repo}/…`; empty for an unknown route."""
    path: str
    """The path below the API's root as it was sent, without the query."""
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """Request headers by lower-case name, without credentials."""
    body: Any
    """The request's JSON; None when there was none."""
    status: int
    answer: Any
    """The answer's JSON; None when it had no body."""
    answer_headers: Mapping[str, str]


class ExchangeLog:
    """The newest exchanges, oldest first; safe to use from threads."""

    def __init__(self, kept: int = _KEPT) -> None:
        self._exchanges: deque[Exchange] = deque(maxlen=kept)
        self._lock = threading.Lock()

    def add(self, exchange: Exchange) -> None:
        """Remember an exchange."""
        with self._lock:
            self._exchanges.append(exchange)

    def all(self) -> tuple[Exchange, ...]:
        """Return what is remembered."""
        with self._lock:
            return tuple(self._exchanges)

    def take(self) -> tuple[Exchange, ...]:
        """Return what is remembered, and forget it."""
        with self._lock:
            taken = tuple(self._exchanges)
            self._exchanges.clear()
            return taken

    def clear(self) -> None:
        """Forget everything, so that a test sees only what follows."""
        with self._lock:
            self._exchanges.clear()


def without_secrets(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers by lower-case name, credentials left out."""
    return {name.lower(): value for name, value in headers.items() if name.lower() not in _SECRET_HEADERS}
