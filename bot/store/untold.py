"""What was predicted of a change and could not be told yet, and that nothing older is told over something newer."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final, cast

from bot.store.connection import reachable

if TYPE_CHECKING:
    import redis

_MONTH: Final = 30 * 24 * 3600
_BEGIN: Final = """
-- Numbers are times, so that they go on growing after Redis has lost them.
local time = redis.call("TIME")
local number = math.max(time[1] * 1000000 + time[2], tonumber(redis.call("HGET", KEYS[1], "last") or 0) + 1)
redis.call("HSET", KEYS[1], "last", string.format("%.0f", number))
redis.call("EXPIRE", KEYS[1], ARGV[1])
return number
"""
_CLAIM: Final = """
if tonumber(redis.call("HGET", KEYS[1], "told") or 0) > tonumber(ARGV[1]) then return 0 end
redis.call("HSET", KEYS[1], "told", ARGV[1])
redis.call("EXPIRE", KEYS[1], ARGV[2])
return 1
"""
_KEEP: Final = """
local found = redis.call("HMGET", KEYS[1], "untold", "told")
if tonumber(found[1] or 0) > tonumber(ARGV[1]) or tonumber(found[2] or 0) > tonumber(ARGV[1]) then return 0 end
redis.call("HSET", KEYS[1], "untold", ARGV[1], "words", ARGV[2])
redis.call("EXPIRE", KEYS[1], ARGV[3])
return 1
"""
_DROP: Final = """
if tonumber(redis.call("HGET", KEYS[1], "untold") or 0) <= tonumber(ARGV[1]) then
    redis.call("HDEL", KEYS[1], "untold", "words")
end
"""


class Untold:
    """Predictions of changes by their numbers, which grow; all of it may be gone at any time."""

    def __init__(self, connection: redis.Redis) -> None:
        self._connection = connection

    def begin(self, change: str) -> int:
        """Return the number of a prediction that begins now."""
        with reachable():
            return int(cast("int", self._connection.eval(_BEGIN, 1, _key(change), str(_MONTH))))

    def claim(self, change: str, number: int) -> bool:
        """Note that a prediction is being told; False when a newer one was told, or begun to be."""
        with reachable():
            return bool(self._connection.eval(_CLAIM, 1, _key(change), str(number), str(_MONTH)))

    def keep(self, change: str, number: int, words: bytes) -> None:
        """Keep what is to be told, for a month, unless something newer is kept or told."""
        with reachable():
            self._connection.eval(_KEEP, 1, _key(change), str(number), zlib.compress(words), str(_MONTH))

    def find(self, change: str) -> bytes | None:
        """Return what is to be told; None when there is nothing."""
        with reachable():
            kept = self._connection.hget(_key(change), "words")
        return zlib.decompress(kept) if isinstance(kept, bytes) else None

    def drop(self, change: str, number: int) -> None:
        """Forget what was to be told, unless it is newer than this."""
        with reachable():
            self._connection.eval(_DROP, 1, _key(change), str(number))


def _key(change: str) -> str:
    return f"foresail:untold:{change}"
