"""Full reports in Redis: as many as there is room for, each to be opened by its link alone.

All of it may be gone at any time. A report is kept first and shown when it is told: a page never says what a comment
was not to say. Redis holds neither a link nor a word that could be read without the key *and* the link.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.store.connection import reachable
from bot.store.seal import Seal

if TYPE_CHECKING:
    import redis

LARGEST: Final = 8 << 20
"""Bytes of one report as it is kept; Redis does nothing else while it takes or hands out one."""
LONGEST: Final = 32 << 20
"""Bytes of one report as it is read."""
_TOKEN: Final = 48
"""Hexadecimal digits of a link: 192 bits."""
_DAY: Final = 24 * 3600
_KEYS: Final = ("foresail:reports", "foresail:reports:sizes")
"""The names by when they were last told, and their sizes with the sum of all as that of no name."""
_COMMON: Final = """
local used, sizes = KEYS[1], KEYS[2]

local function forget(name)
    local size = redis.call("HGET", sizes, name)
    if size then
        redis.call("HINCRBY", sizes, "", -size)
        redis.call("HDEL", sizes, name)
    end
    redis.call("ZREM", used, name)
    redis.call("DEL", "foresail:report:" .. name)
end

local function enter(name, size)
    local time = redis.call("TIME")
    redis.call("HSET", sizes, name, size)
    redis.call("HINCRBY", sizes, "", size)
    redis.call("ZADD", used, time[1] + time[2] / 1e6, name)
end
"""
_STAGE: Final = (
    _COMMON
    + """
-- KEYS: names by when they were told, sizes
-- ARGV: name, content, seconds it lives, bytes there is room for
local name, content, life, room = unpack(ARGV)
if redis.call("EXISTS", used) ~= redis.call("EXISTS", sizes) then  -- one of them was lost: the other tells only half
    for _, other in ipairs(redis.call("ZRANGE", used, 0, -1)) do forget(other) end
    for _, other in ipairs(redis.call("HKEYS", sizes)) do forget(other) end
    redis.call("DEL", used, sizes)
end
forget(name)
while tonumber(redis.call("HGET", sizes, "") or 0) + #content > tonumber(room) do
    local oldest = redis.call("ZRANGE", used, 0, 0)[1]
    if not oldest then redis.call("DEL", sizes) break end
    forget(oldest)
end
enter(name, #content)
redis.call("SET", "foresail:report:" .. name, content, "EX", life)
"""
)
_SHOW: Final = (
    _COMMON
    + """
-- KEYS: names by when they were told, sizes
-- ARGV: name it was kept by, name it is found by, seconds it lives
local staged, shown, life = unpack(ARGV)
local size = redis.call("HGET", sizes, staged)
forget(shown)  -- better no page than an older one
if redis.call("EXISTS", "foresail:report:" .. staged) == 0 then
    forget(staged)
    return 0
end
redis.call("RENAME", "foresail:report:" .. staged, "foresail:report:" .. shown)
forget(staged)
if size then enter(shown, size) end
redis.call("EXPIRE", "foresail:report:" .. shown, life)
return 1
"""
)


class Reports:
    """The full reports of one Redis; every call raises Temporary while that is away."""

    def __init__(self, connection: redis.Redis, *, key: str, room: int, days: float) -> None:
        """Keep at most `room` bytes, each report for so many days after it was told."""
        self._connection = connection
        self._key = key
        self._naming = Seal(key)
        self._room = room
        self._life = str(max(1, int(days * _DAY)))
        self._stage = connection.register_script(_STAGE)
        self._show = connection.register_script(_SHOW)

    def token(self, subject: str) -> str:
        """Return the part of a link that nobody without the key can guess: always the same of the same subject."""
        return self._naming.name(f"report of {subject}".encode())[:_TOKEN]

    def sealed(self, token: str, content: bytes) -> bytes | None:
        """Return content that this link alone opens; None when it has become too large."""
        seal = self._seal(token)
        closed = seal.closed(seal.name(b"report"), content)
        return closed if len(content) <= LONGEST and len(closed) <= min(LARGEST, self._room) else None

    def stage(self, token: str, number: int, sealed: bytes) -> None:
        """Keep a report until it is told, for a day; `number` is of its prediction. The oldest make room."""
        with reachable():
            self._stage(_KEYS, [self._staged(token, number), sealed, _DAY, self._room])

    def show(self, token: str, number: int) -> bool:
        """Have the link open what was kept; False when that is gone, and then it opens nothing older either."""
        names = [self._staged(token, number), self._name(token)]
        with reachable():
            return bool(self._show(_KEYS, [*names, self._life]))

    def has(self, token: str) -> bool:
        """Whether a link opens something, without reading it."""
        with reachable():
            return bool(self._connection.exists(f"foresail:report:{self._name(token)}"))

    def find(self, token: str) -> bytes | None:
        """Return what a link opens; None when there is no such report, or none any more."""
        name = self._name(token)
        with reachable():
            kept = self._connection.get(f"foresail:report:{name}")
        return self._seal(token).opened(name, kept, most=LONGEST) if isinstance(kept, bytes) else None

    def _seal(self, token: str) -> Seal:
        return Seal(f"{self._key}/{token}")

    def _name(self, token: str) -> str:
        return self._seal(token).name(b"report")

    def _staged(self, token: str, number: int) -> str:
        return f"{self._name(token)}:{number}"
