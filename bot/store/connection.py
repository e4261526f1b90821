"""A connection to Redis with limits of its own on how long anything may take."""

from __future__ import annotations

from typing import Final

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from bot.errors import Rejected

_TIMEOUT: Final = 5.0
"""Seconds one command may take; a webhook request would rather tell the forge to come again than wait longer."""


def connect(url: str) -> redis.Redis:
    """Return a client for `url`; it connects when it is first used. Raises Rejected for what is no Redis URL."""
    try:
        return redis.Redis.from_url(
            url,
            socket_timeout=_TIMEOUT,
            socket_connect_timeout=_TIMEOUT,
            # Once more at once, for a connection that went away while idle; how to wait is the caller's business.
            retry=Retry(NoBackoff(), 1),
        )
    except ValueError as error:
        raise Rejected(f"FORESAIL_REDIS_URL: {error}", remedy="Use redis://host:port/0 or rediss://…") from error
