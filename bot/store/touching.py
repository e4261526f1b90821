"""Which open changes touch which objects: an index that previews write, and that may be gone at any time.

An object is a digest here, and what is kept of a change that touches it are some words of its preview. The index holds
10,000 changes of 100 objects in some 150 MB, each object costing what those cost that touch it; one that more than a
few changes touch is only counted.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from bot.store.connection import reachable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import redis

MOST: Final = 1_000
"""Objects of one change that are known."""
_NAMED: Final = 20
"""Changes of one object that are read; of more it is only known how many there are."""
_LIFE: Final = 30 * 24 * 3600
"""Seconds without any preview of a change after which it is forgotten."""
_COMMON: Final = """
local change, repository = ARGV[1], ARGV[2]
local record = "foresail:touching:change:" .. change
local of_repository = "foresail:touching:repository:" .. repository

local function withdraw()
    for _, digest in ipairs(redis.call("LRANGE", record, 1, -1)) do
        redis.call("HDEL", "foresail:touching:object:" .. digest, change)
    end
    redis.call("DEL", record)
    redis.call("SREM", of_repository, change)
end
"""
_WRITE: Final = (
    _COMMON
    + """
-- ARGV: change, repository, its head, seconds it lives, changes that are read; then digest, words, digest, words…
-- Returns of each object that others touch too: its digest, how many they are, and their names and words by turns
local head, life, named = ARGV[3], ARGV[4], tonumber(ARGV[5])
withdraw()
redis.call("RPUSH", record, head)
local found = {}
for at = 6, #ARGV, 2 do
    local object = "foresail:touching:object:" .. ARGV[at]
    local others = redis.call("HLEN", object)
    if others > 0 then
        local who = others <= named and redis.call("HGETALL", object) or {}
        table.insert(found, {ARGV[at], others, who})
    end
    redis.call("HSET", object, change, ARGV[at + 1])
    redis.call("EXPIRE", object, life)
    redis.call("RPUSH", record, ARGV[at])
end
redis.call("EXPIRE", record, life)
if #ARGV > 5 then
    redis.call("SADD", of_repository, change)
    redis.call("EXPIRE", of_repository, life)
else
    redis.call("DEL", record)
end
return found
"""
)
_DROP: Final = (
    _COMMON
    + """
-- ARGV: change, repository, its head: nothing is done when the change was written at another; empty: at any
if ARGV[3] == "" or redis.call("LINDEX", record, 0) == ARGV[3] then withdraw() end
"""
)


@dataclass(frozen=True, slots=True)
class Others:
    """The other changes that touch an object."""

    count: int
    words: Mapping[str, bytes]
    """By their names: what was kept of them; empty where they are too many."""


class Touching:
    """The index of one Redis; every call raises Temporary while that is away."""

    def __init__(self, connection: redis.Redis) -> None:
        self._connection = connection
        self._write = connection.register_script(_WRITE)
        self._drop = connection.register_script(_DROP)

    def write(self, change: str, repository: str, head_sha: str, objects: Mapping[str, bytes]) -> dict[str, Others]:
        """Have it that a change touches these objects and no other, and return which of them others touch too.

        `objects` are words by the names of objects, of which the first `MOST` count.
        """
        names = {_digest(name): name for name in list(objects)[:MOST]}
        pairs = [part for digest, name in names.items() for part in (digest, objects[name])]
        with reachable():
            found: list[Any] = self._write([], [change, repository, head_sha, _LIFE, _NAMED, *pairs])
        return {names[digest.decode()]: Others(count, _words(who)) for digest, count, who in found}

    def drop(self, change: str, repository: str, head_sha: str = "") -> None:
        """Forget a change that is over, unless it was written at another head than this."""
        with reachable():
            self._drop([], [change, repository, head_sha])

    def keep_only(self, repository: str, changes: Iterable[str]) -> None:
        """Forget the changes of a repository that are not among these, the open ones."""
        with reachable():
            known: Any = self._connection.smembers(f"foresail:touching:repository:{repository}")
        for gone in {name.decode() for name in known}.difference(changes):
            self.drop(gone, repository)


def _digest(name: str) -> str:
    return hashlib.blake2b(name.encode(errors="surrogatepass"), digest_size=12).hexdigest()


def _words(who: list[bytes]) -> dict[str, bytes]:
    return {name.decode(): words for name, words in zip(who[::2], who[1::2], strict=True)}
