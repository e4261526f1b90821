"""What Foresail remembers in Redis to be quicker or to say more; all of it may be gone at any time."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

from redis.exceptions import RedisError

from bot.errors import Temporary

if TYPE_CHECKING:
    import redis

_MONTH: Final = 30 * 24 * 3600
_EPOCH: Final = "foresail:epoch"


class Memory:
    """Forecasts by change, and whether Redis is still the one we knew."""

    def __init__(self, connection: redis.Redis) -> None:
        self._connection = connection

    def keep_forecast(self, change: str, head_sha: str, forecast: bytes) -> None:
        """Keep what was predicted for a change's head, for a month."""
        try:
            self._connection.set(f"foresail:forecast:{change}:{head_sha}", zlib.compress(forecast), ex=_MONTH)
        except RedisError as error:
            raise Temporary(f"Redis: {error}") from error

    def forecast(self, change: str, head_sha: str) -> bytes | None:
        """Return what was predicted; None when nobody knows any more."""
        try:
            kept = self._connection.get(f"foresail:forecast:{change}:{head_sha}")
        except RedisError as error:
            raise Temporary(f"Redis: {error}") from error
        return zlib.decompress(kept) if isinstance(kept, bytes) else None

    def is_fresh(self) -> bool:
        """Whether Redis has been emptied since somebody last asked; the first asker after that learns it, nobody else."""
        try:
            return bool(self._connection.set(_EPOCH, b"1", nx=True))
        except RedisError as error:
            raise Temporary(f"Redis: {error}") from error
