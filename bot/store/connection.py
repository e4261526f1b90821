"""A connection to Redis with limits of its own on how long anything may take."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as NoConnectionError
from redis.exceptions import RedisError
from redis.retry import Retry

from bot.errors import Rejected, Temporary

if TYPE_CHECKING:
    from collections.abc import Iterator

TIMEOUT: Final = 2.0
"""Seconds one command may take; a webhook request would rather tell the forge to come again than wait longer."""
_KEEPALIVE: Final = {socket.TCP_KEEPIDLE: 30, socket.TCP_KEEPINTVL: 5, socket.TCP_KEEPCNT: 3}
"""A connection whose other end silently went is closed within 45 idle seconds, not found dead by the next command."""


def connect(url: str) -> redis.Redis:
    """Return a client for `url`; it connects when it is first used. Raises Rejected for what is no Redis URL."""
    try:
        return redis.Redis.from_url(
            url,
            socket_timeout=TIMEOUT,
            socket_connect_timeout=TIMEOUT,
            socket_keepalive=True,
            socket_keepalive_options=_KEEPALIVE,
            # Once more at once, for a connection that went away while idle, but not for one that does not answer: that
            # would double the wait. How to wait longer is the caller's business.
            retry=Retry(NoBackoff(), 1, supported_errors=(NoConnectionError,)),
        )
    except ValueError as error:
        raise Rejected(f"FORESAIL_REDIS_URL: {error}", remedy="Use redis://host:port/0 or rediss://…") from error


@contextmanager
def reachable() -> Iterator[None]:
    """Turn Redis's errors into Temporary."""
    try:
        yield
    except RedisError as error:
        raise Temporary(f"Redis: {error}") from error
