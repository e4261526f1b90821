"""Renders in Redis: as many as there is room for, each made by one process while others wait for it.

All of it may be gone at any time. What is kept is written in one step, so there is never half of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from bot.store.connection import reachable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import redis

LARGEST: Final = 4 << 20
"""Bytes of one entry; Redis does nothing else while it takes or hands out one."""
_LIFE: Final = 24 * 3600
"""Seconds an entry is kept after it was last used."""
_AT_ONCE: Final = 64
"""Entries asked for in one step, which holds up everybody else's for so long."""
_KEYS: Final = ("foresail:renders", "foresail:renders:sizes")
"""The names by when they were last used, and their sizes with the sum of all as that of no name."""
_ANSWER: Final = "foresail:render:answer:"
_COMMON: Final = """
local ENTRY, CLAIM = "foresail:render:entry:", "foresail:render:claim:"
local used, sizes = KEYS[1], KEYS[2]

local function now()
    local time = redis.call("TIME")
    return time[1] + time[2] / 1e6
end

-- Forget an entry; its size is known even when Redis has dropped it by itself.
local function forget(name)
    local size = redis.call("HGET", sizes, name)
    if size then
        redis.call("HINCRBY", sizes, "", -size)
        redis.call("HDEL", sizes, name)
    end
    redis.call("ZREM", used, name)
    redis.call("DEL", ENTRY .. name)
end

local function release(name, who)
    if redis.call("GET", CLAIM .. name) == who then redis.call("DEL", CLAIM .. name) end
end
"""
_LOOK: Final = (
    _COMMON
    + """
-- KEYS: names by last use, sizes
-- ARGV: who asks (empty: nobody who would make one), milliseconds a claim lasts, seconds an entry lives; then names
-- Returns of each name the entry; or 1: it is to be made by who asks; or 0: somebody else makes it, or nobody does
local answers = {}
for at = 4, #ARGV do
    local name = ARGV[at]
    local entry = redis.call("GET", ENTRY .. name)
    if entry then
        redis.call("ZADD", used, now(), name)
        redis.call("EXPIRE", ENTRY .. name, ARGV[3])
    elseif ARGV[1] == "" then
        entry = 0
    else
        forget(name)
        entry = redis.call("SET", CLAIM .. name, ARGV[1], "NX", "PX", ARGV[2]) and 1 or 0
    end
    table.insert(answers, entry)
end
return answers
"""
)
_KEEP: Final = (
    _COMMON
    + """
-- KEYS: names by last use, sizes
-- ARGV: who has made it, bytes there is room for, seconds it lives, name, entry
local who, room, life, name, entry = unpack(ARGV)

-- Forget all there is, where one of the two lists was lost and the other tells only half.
local function forget_all(names)
    for _, other in ipairs(names) do forget(other) end
    redis.call("DEL", used, sizes)
end

local known = redis.call("EXISTS", sizes) == 1
redis.call("HINCRBY", sizes, "", 0)  -- a Redis that is full refuses what takes memory, but only as a first write
if not known then forget_all(redis.call("ZRANGE", used, 0, -1)) end
forget(name)
while tonumber(redis.call("HGET", sizes, "") or 0) + #entry > tonumber(room) do
    local oldest = redis.call("ZRANGE", used, 0, 0)[1]
    if oldest then forget(oldest) else forget_all(redis.call("HKEYS", sizes)) end
end
redis.call("HSET", sizes, name, #entry)
redis.call("HINCRBY", sizes, "", #entry)
redis.call("ZADD", used, now(), name)
redis.call("SET", ENTRY .. name, entry, "EX", life)
release(name, who)
"""
)
_RENEW: Final = (
    _COMMON
    + """
-- KEYS: names by last use, sizes
-- ARGV: who is making them, milliseconds a claim lasts, names
for at = 3, #ARGV do
    if redis.call("GET", CLAIM .. ARGV[at]) == ARGV[1] then redis.call("PEXPIRE", CLAIM .. ARGV[at], ARGV[2]) end
end
"""
)
_RELEASE: Final = (
    _COMMON
    + """
-- KEYS: names by last use, sizes
-- ARGV: who will not make them, names
for at = 2, #ARGV do release(ARGV[at], ARGV[1]) end
"""
)


@dataclass(frozen=True, slots=True)
class Found:
    """What there is of the names that were asked for; of the others somebody else makes it."""

    entries: dict[str, bytes]
    ours: frozenset[str]
    """Who asked is to make these."""


class Renders:
    """The renders of one Redis; every call raises Temporary while that is away."""

    def __init__(self, connection: redis.Redis, *, room: int) -> None:
        """Keep at most `room` bytes of entries."""
        self._connection = connection
        self._room = room
        self._look = connection.register_script(_LOOK)
        self._keep = connection.register_script(_KEEP)
        self._renew = connection.register_script(_RENEW)
        self._release = connection.register_script(_RELEASE)

    def look(self, names: Sequence[str], *, who: str = "", claim: float = 0.0) -> Found:
        """Return what there is, and what is to be made by `who` within `claim` seconds, unless that is nobody.

        After that time it is for whoever asks next.
        """
        entries, ours = dict[str, bytes](), set[str]()
        for start in range(0, len(names), _AT_ONCE):
            some = names[start : start + _AT_ONCE]
            with reachable():
                answers: list[Any] = self._look(_KEYS, [who, int(claim * 1000), _LIFE, *some])
            for name, answer in zip(some, answers, strict=True):
                if isinstance(answer, bytes):
                    entries[name] = answer
                elif answer == 1:
                    ours.add(name)
        return Found(entries, frozenset(ours))

    def keep(self, name: str, entry: bytes, *, who: str = "") -> bool:
        """Keep what `who` has made, dropping what was not used for longest; False when it is too large."""
        if len(entry) > min(LARGEST, self._room):
            return False
        with reachable():
            self._keep(_KEYS, [who, self._room, _LIFE, name, entry])
        return True

    def release(self, names: Iterable[str], *, who: str) -> None:
        """Let somebody else make what was for `who` to make."""
        with reachable():
            self._release(_KEYS, [who, *names])

    def renew(self, names: Iterable[str], *, who: str, claim: float) -> None:
        """Give `who` another `claim` seconds for what is still for it to make."""
        with reachable():
            self._renew(_KEYS, [who, int(claim * 1000), *names])

    def answer(self, name: str, words: bytes, *, seconds: int) -> None:
        """Say for a while why there is no such render."""
        with reachable():
            self._connection.set(f"{_ANSWER}{name}", words, ex=seconds)

    def answers(self, names: Sequence[str]) -> dict[str, bytes]:
        """Return what was said of renders that there are not."""
        with reachable():
            found: Any = self._connection.mget([f"{_ANSWER}{name}" for name in names]) if names else []
        return {name: words for name, words in zip(names, found, strict=True) if words is not None}
