"""An index of which Applications use which repository: kept in Redis by one controller, and gone soon after it.

It only says where to look. Whoever asks has to do without it at any time, and reads what it leads to from the cluster.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import orjson

from bot.store.connection import reachable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import redis

_KEY: Final = "foresail:applications"
_LIFE: Final = 5_000
"""Milliseconds the index outlives the last word of its keeper."""
_KEEP: Final = """
-- KEYS: the index
-- ARGV: who keeps it, milliseconds it lives on, whether what follows is all of it (1), field, value, field, value…
local keeper = redis.call("HGET", KEYS[1], "keeper")
if keeper and keeper ~= ARGV[1] then return "somebody else's" end
if ARGV[3] == "1" then redis.call("DEL", KEYS[1]) elseif not keeper then return "nobody's" end
redis.call("HSET", KEYS[1], "keeper", ARGV[1])
for at = 4, #ARGV, 2 do redis.call("HSET", KEYS[1], ARGV[at], ARGV[at + 1]) end
redis.call("PEXPIRE", KEYS[1], ARGV[2])
return "ours"
"""


class Keeping(StrEnum):
    """Whose the index is."""

    OURS = "ours"
    OTHERS = "somebody else's"
    NOBODYS = "nobody's"


@dataclass(frozen=True, slots=True)
class Entry:
    """What the index says about one repository."""

    applications: frozenset[str]
    """Names of those that have it among their sources, the unusable ones too."""
    total: int
    """How many Applications there are of all repositories."""
    addresses: frozenset[str]
    """Where the repositories are that any of them uses."""


@dataclass(frozen=True, slots=True)
class Words:
    """What a keeper writes down."""

    applications: Mapping[str, Iterable[str]]
    """By identity of a repository: names of those that use it now."""
    total: int
    addresses: Iterable[str] | None
    """None: the same as before."""

    def fields(self) -> list[Any]:
        """Return fields and values by turns."""
        words: list[Any] = ["total", self.total]
        if self.addresses is not None:
            words += ["addresses", orjson.dumps(list(self.addresses))]
        for repository, names in self.applications.items():
            words += [f"of {repository}", orjson.dumps(list(names))]
        return words


class Index:
    """The index of one Redis; every call raises Temporary while that is away."""

    def __init__(self, connection: redis.Redis) -> None:
        self._connection = connection
        self._keep = connection.register_script(_KEEP)

    def of(self, repository: str) -> Entry | None:
        """Return what is known about a repository, by its identity; None when nobody keeps the index."""
        with reachable():
            found: Any = self._connection.hmget(_KEY, ["total", "addresses", f"of {repository}"])
        total, addresses, names = found
        if total is None or addresses is None:
            return None
        return Entry(frozenset(orjson.loads(names or b"[]")), int(total), frozenset(orjson.loads(addresses)))

    def keep(self, keeper: str, words: Words, *, whole: bool) -> Keeping:
        """Write down what changed and let the index live on; nothing is written when it is not the keeper's.

        With `whole` the words are all there is, and whoever comes first becomes the keeper of one that is nobody's.
        """
        with reachable():
            answer = self._keep([_KEY], [keeper, _LIFE, int(whole), *words.fields()])
        return Keeping(answer.decode())
