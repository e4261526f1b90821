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
        self._keep(f"forecast:{change}:{head_sha}", forecast)

    def forecast(self, change: str, head_sha: str) -> bytes | None:
        """Return what was predicted; None when nobody knows any more."""
        return self._kept(f"forecast:{change}:{head_sha}")

    def keep_expected(self, repository: str, commit: str, names: bytes) -> None:
        """Keep which applications a commit is to be seen in, for a month."""
        self._keep(f"expected:{repository}:{commit}", names)

    def expected(self, repository: str, commit: str) -> bytes | None:
        """Return which applications a commit is to be seen in; None when nobody knows any more."""
        return self._kept(f"expected:{repository}:{commit}")

    def first_within(self, what: str, *, seconds: int) -> bool:
        """Whether nobody has asked the same within the last seconds."""
        try:
            return bool(self._connection.set(f"foresail:within:{what}", b"1", nx=True, ex=seconds))
        except RedisError as error:
            raise Temporary(f"Redis: {error}") from error

    def is_empty(self) -> bool:
        """Whether Redis has lost our mark, and with it everything else; true until somebody marks it again."""
        try:
            return not self._connection.exists(_EPOCH)
        except RedisError as error:
            raise Temporary(f"Redis: {error}") from error

    def mark(self) -> None:
        """Leave a mark that is gone when Redis is emptied."""
        try:
            self._connection.set(_EPOCH, b"1")
        except RedisError as error:
            raise Temporary(f"Redis: {error}") from error

    def _keep(self, name: str, value: bytes) -> None:
        try:
            self._connection.set(f"foresail:{name}", zlib.compress(value), ex=_MONTH)
        except RedisError as error:
            raise Temporary(f"Redis: {error}") from error

    def _kept(self, name: str) -> bytes | None:
        try:
            kept = self._connection.get(f"foresail:{name}")
        except RedisError as error:
            raise Temporary(f"Redis: {error}") from error
        return zlib.decompress(kept) if isinstance(kept, bytes) else None
