"""Locks between processes, for what must not interleave; each ends by itself."""

from __future__ import annotations

import uuid
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from redis.exceptions import RedisError

from bot.errors import Temporary

if TYPE_CHECKING:
    from collections.abc import Iterator

    import redis

_RELEASE: Final = """
if redis.call("GET", KEYS[1]) == ARGV[1] then return redis.call("DEL", KEYS[1]) end
return 0
"""


class Locks:
    """Locks by name. Redis may forget one: what it guards has to be right in the end even then."""

    def __init__(self, connection: redis.Redis) -> None:
        self._connection = connection

    @contextmanager
    def hold(self, name: str, *, seconds: float) -> Iterator[None]:
        """Hold a lock for at most `seconds`; Temporary when somebody else does."""
        key, token = f"foresail:lock:{name}", uuid.uuid4().hex
        try:
            taken = self._connection.set(key, token, nx=True, px=int(seconds * 1000))
        except RedisError as error:
            raise Temporary(f"Redis: {error}") from error
        if not taken:
            raise Temporary(f"somebody else works on {name}", retry_after=1.0)
        try:
            yield
        finally:
            with suppress(RedisError):  # it ends by itself
                self._connection.eval(_RELEASE, 1, key, token)
