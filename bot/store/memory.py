"""What Foresail remembers in Redis to be quicker or to say more; all of it may be gone at any time."""

from __future__ import annotations

import uuid
import zlib
from typing import TYPE_CHECKING, Final, cast

from bot.store.connection import reachable
from bot.store.index import Index
from bot.store.touching import Touching
from bot.store.untold import Untold

if TYPE_CHECKING:
    from collections.abc import Iterable

    import redis

_HOUR: Final = 3600
_DAY: Final = 24 * _HOUR
_MOST_AWAITED: Final = 50
"""Commits that are told of the end of one application's sync."""
_MONTH: Final = 30 * _DAY
_EPOCH: Final = "foresail:epoch"
_SWAP: Final = """
if (redis.call("GET", KEYS[1]) or "") ~= ARGV[1] then return 0 end
redis.call("SET", KEYS[1], ARGV[2], "EX", ARGV[3])
return 1
"""
_PUT_OFF: Final = """
local waits = redis.call("GET", KEYS[1])
redis.call("SET", KEYS[1], waits and waits ~= ARGV[1] and "" or ARGV[1], "EX", ARGV[2])
"""
_TAKE_PUT_OFF: Final = """
local waits = redis.call("GET", KEYS[1])
if waits then
  redis.call("HSET", KEYS[2], "waits", waits)
  redis.call("EXPIRE", KEYS[2], ARGV[1])
  redis.call("DEL", KEYS[1])
end
return redis.call("HGET", KEYS[2], "waits")
"""


class Memory:
    """Forecasts, outcomes and expectations by change or commit, and whether Redis is still the one we knew."""

    def __init__(self, connection: redis.Redis) -> None:
        self._connection = connection
        self.index = Index(connection)
        """Which Applications use which repository."""
        self.touching = Touching(connection)
        """Which open changes touch which objects."""
        self.untold = Untold(connection)
        """What was predicted of changes and could not be told yet."""

    def keep_forecast(self, change: str, head_sha: str, forecast: bytes) -> None:
        """Keep what was predicted for a change's head, for a month."""
        self._keep(f"forecast:{change}:{head_sha}", forecast)

    def forecast(self, change: str, head_sha: str) -> bytes | None:
        """Return what was predicted; None when nobody knows any more."""
        return self._kept(f"forecast:{change}:{head_sha}")

    def begin_telling(self, change: str) -> str:
        """Forget what a change was told last, as it is told something now; return what `end_telling` asks for."""
        teller = uuid.uuid4().hex
        with reachable():
            self._connection.set(f"foresail:told:{change}", teller, ex=_MONTH)
        return teller

    def end_telling(self, change: str, teller: str, told: bytes) -> None:
        """Keep what a change was told, for a month, unless somebody else has begun to tell it something."""
        kept = zlib.compress(told)
        with reachable():
            self._connection.eval(_SWAP, 1, f"foresail:told:{change}", teller, kept, str(_MONTH))

    def told(self, change: str) -> bytes | None:
        """Return what a change was told last; None when nobody knows, or it is being told something."""
        with reachable():
            kept = self._connection.get(f"foresail:told:{change}")
        try:
            return zlib.decompress(kept) if isinstance(kept, bytes) else None
        except zlib.error:
            return None  # it names a teller

    def keep_expected(self, repository: str, commit: str, names: bytes) -> None:
        """Keep which applications a commit is to be seen in, for a month."""
        self._keep(f"expected:{repository}:{commit}", names)

    def expected(self, repository: str, commit: str) -> bytes | None:
        """Return which applications a commit is to be seen in; None when nobody knows any more."""
        return self._kept(f"expected:{repository}:{commit}")

    def keep_outcome(self, repository: str, head_sha: str, number: int, outcome: bytes) -> None:
        """Keep what a change was told at a head, for a month after the last word about that head."""
        name = f"foresail:outcomes:{repository}:{head_sha}"
        with reachable():
            pipeline = self._connection.pipeline()
            pipeline.hset(name, str(number), outcome)
            pipeline.expire(name, _MONTH)
            pipeline.execute()

    def outcomes(self, repository: str, head_sha: str) -> dict[int, bytes]:
        """Return by its number what each change was told at a head; empty when nobody knows any more."""
        with reachable():
            kept = self._connection.hgetall(f"foresail:outcomes:{repository}:{head_sha}")
        return {int(number): outcome for number, outcome in kept.items() if isinstance(outcome, bytes)}

    def drop_outcome(self, repository: str, head_sha: str, number: int) -> None:
        """Forget what a change was told at a head that it no longer has."""
        with reachable():
            self._connection.hdel(f"foresail:outcomes:{repository}:{head_sha}", str(number))

    def head(self, change: str) -> str:
        """Return at which head a change was told something last; empty when nobody knows."""
        with reachable():
            head = self._connection.get(f"foresail:head:{change}")
        return head.decode() if isinstance(head, bytes) else ""

    def swap_head(self, change: str, earlier: str, head_sha: str) -> bool:
        """Keep for a month at which head a change was told something, unless it is not `earlier` any more."""
        with reachable():
            return bool(self._connection.eval(_SWAP, 1, f"foresail:head:{change}", earlier, head_sha, str(_MONTH)))

    def take_turn(self, name: str) -> tuple[str, str]:
        """Be the last, for a day, to have had a turn at something; return what names this turn and the one before."""
        mine = uuid.uuid4().hex
        with reachable():
            before = self._connection.set(f"foresail:turn:{name}", mine, ex=_DAY, get=True)
        return mine, before.decode() if isinstance(before, bytes) else ""

    def last_turn(self, name: str) -> str:
        """Return what names the last turn at something; empty when nobody knows."""
        with reachable():
            last = self._connection.get(f"foresail:turn:{name}")
        return last.decode() if isinstance(last, bytes) else ""

    def keep_deployed(self, repository: str, commit: str, deployed: bytes) -> None:
        """Keep for a month what a forge was told of a commit's deployments."""
        self._keep(f"deployed:{repository}:{commit}", deployed)

    def deployed(self, repository: str, commit: str) -> bytes | None:
        """Return what a forge was told of a commit's deployments; None when nobody knows."""
        return self._kept(f"deployed:{repository}:{commit}")

    def forget_deployed(self, repository: str, commit: str) -> None:
        """Forget it, as something more is told now."""
        with reachable():
            self._connection.delete(f"foresail:deployed:{repository}:{commit}")

    def keep_asked(self, asking: str) -> None:
        """Remember for a month that people were asked to review a change."""
        self._keep(f"asked:{asking}", b"")

    def was_asked(self, asking: str) -> bool:
        """Whether people were asked to review a change, as far as anybody remembers."""
        return self._kept(f"asked:{asking}") is not None

    def keep_done(self, what: str) -> None:
        """Remember for a day that something was done, so that the forge is not asked again whether it was."""
        with reachable():
            self._connection.set(f"foresail:done:{what}", b"1", ex=_DAY)

    def was_done(self, what: str) -> bool:
        """Whether something was lately found to be done."""
        with reachable():
            return bool(self._connection.exists(f"foresail:done:{what}"))

    def keep_answer(self, command: str, answer: bytes) -> None:
        """Keep for a day what a command came to, so that it is not done again when telling it fails."""
        with reachable():
            self._connection.set(f"foresail:answer:{command}", answer, ex=_DAY)

    def answer(self, command: str) -> bytes | None:
        """Return what a command came to; None when it was not done, or nobody knows."""
        with reachable():
            kept = self._connection.get(f"foresail:answer:{command}")
        return kept if isinstance(kept, bytes) else None

    def first_within(self, what: str, *, seconds: float) -> bool:
        """Whether nobody has asked the same within the last seconds."""
        with reachable():
            return bool(self._connection.set(f"foresail:within:{what}", b"1", nx=True, px=int(seconds * 1000)))

    def note(self, what: str) -> None:
        """Remember for a day that something was left undone."""
        with reachable():
            self._connection.set(f"foresail:undone:{what}", b"1", ex=_DAY)

    def is_noted(self, what: str) -> bool:
        """Whether something was left undone."""
        with reachable():
            return bool(self._connection.exists(f"foresail:undone:{what}"))

    def strike(self, what: str) -> None:
        """Forget that something was left undone: now it is done."""
        with reachable():
            self._connection.delete(f"foresail:undone:{what}")

    def noted(self, key: str) -> bytes | None:
        """Return what a registry was last heard to have; None when nobody knows any more."""
        return self._kept(f"registry:{key}")

    def keep_note(self, key: str, value: bytes) -> None:
        """Keep what a registry has, for a month."""
        self._keep(f"registry:{key}", value)

    def keep_routine(self, change: str, head_sha: str, *, base_sha: str) -> None:
        """Keep for an hour, until it is predicted again, that a change does nothing but move versions on this base.

        Without a base: forget it.
        """
        name = f"foresail:routine:{change}:{head_sha}"
        with reachable():
            if base_sha:
                self._connection.set(name, base_sha, ex=_HOUR)
            else:
                self._connection.delete(name)

    def routine_on(self, change: str, head_sha: str) -> str:
        """Return on which base a change was just predicted to do nothing but move versions; empty where it was not."""
        with reachable():
            base_sha = self._connection.get(f"foresail:routine:{change}:{head_sha}")
        return base_sha.decode() if isinstance(base_sha, bytes) else ""

    def keep_refused(self, branch: str) -> None:
        """Keep for a day that a person does not want what a branch of ours would propose: the forge knows for ever."""
        with reachable():
            self._connection.set(f"foresail:refused:{branch}", b"1", ex=_DAY)

    def is_refused(self, branch: str) -> bool:
        """Whether a person was lately found not to want it."""
        with reachable():
            return bool(self._connection.exists(f"foresail:refused:{branch}"))

    def keep_away(self, cluster: str, why: str, *, seconds: int) -> None:
        """Remember for some seconds that a cluster does not answer, and why."""
        with reachable():
            self._connection.set(f"foresail:away:{cluster}", why, ex=seconds)

    def forget_away(self, cluster: str) -> None:
        """Forget that a cluster does not answer: it does again."""
        with reachable():
            self._connection.delete(f"foresail:away:{cluster}")

    def why_away(self, cluster: str) -> str:
        """Return why a cluster does not answer; empty when nobody says so."""
        with reachable():
            kept = self._connection.get(f"foresail:away:{cluster}")
        return kept.decode() if isinstance(kept, bytes) else ""

    def put_off(self, application: str, commit: str = "") -> None:
        """Remember for a day that something waits for the end of an application's operation: a commit, or whatever.

        Of two commits nobody here knows which is newer, so that both together are whatever.
        """
        with reachable():
            self._connection.eval(_PUT_OFF, 1, f"foresail:put-off:{application}", commit, str(_DAY))

    def await_ends(self, applications: Iterable[str], told: str) -> None:
        """Remember for a day that something is told of how applications end; of an application, the last fifty."""
        with reachable():
            pipeline = self._connection.pipeline(transaction=False)
            now, _ = self._connection.time()
            for key in (f"foresail:awaited:{one}" for one in applications):
                pipeline.zadd(key, {told: now})
                pipeline.zremrangebyrank(key, 0, -_MOST_AWAITED - 1)
                pipeline.expire(key, _DAY)
            pipeline.execute()

    def await_no_more(self, applications: Iterable[str], told: str) -> None:
        """Forget that."""
        with reachable():
            pipeline = self._connection.pipeline(transaction=False)
            for one in applications:
                pipeline.zrem(f"foresail:awaited:{one}", told)
            pipeline.execute()

    def awaited(self, application: str) -> list[str]:
        """Return what is told of how an application ends."""
        with reachable():
            found = cast("list[bytes]", self._connection.zrange(f"foresail:awaited:{application}", 0, -1))
        return [one.decode() for one in found]

    def begin_ending(self, application: str) -> None:
        """Note for a day that the end of an application's operation is written; what it calls for is still to come."""
        with reachable():
            pipeline = self._connection.pipeline()
            pipeline.hset(f"foresail:ending:{application}", "begun", b"1")
            pipeline.expire(f"foresail:ending:{application}", _DAY)
            pipeline.execute()

    def take_put_off(self, application: str) -> str | None:
        """Return what waited for the end of an application's operation, None for nothing; the same until that is over.

        Who asks sees to it, and says `end_ending` then.
        """
        names = (f"foresail:put-off:{application}", f"foresail:ending:{application}")
        with reachable():
            found = self._connection.eval(_TAKE_PUT_OFF, 2, *names, str(_DAY))
        return found.decode() if isinstance(found, bytes) else None

    def is_ending(self, application: str) -> bool:
        """Whether what the end of an application's operation calls for may still be to come."""
        with reachable():
            return bool(self._connection.exists(f"foresail:ending:{application}"))

    def end_ending(self, application: str) -> None:
        """Forget the end of an application's operation: all that it calls for is asked for."""
        with reachable():
            self._connection.delete(f"foresail:ending:{application}")

    def is_empty(self, whose: str) -> bool:
        """Whether Redis has lost somebody's mark, and with it everything else; true until it is marked again."""
        with reachable():
            return not self._connection.exists(f"{_EPOCH}:{whose}")

    def mark(self, whose: str) -> None:
        """Leave somebody's mark, which is gone when Redis is emptied, or after a day."""
        with reachable():
            self._connection.set(f"{_EPOCH}:{whose}", b"1", ex=_DAY)

    def _keep(self, name: str, value: bytes) -> None:
        with reachable():
            self._connection.set(f"foresail:{name}", zlib.compress(value), ex=_MONTH)

    def _kept(self, name: str) -> bytes | None:
        with reachable():
            kept = self._connection.get(f"foresail:{name}")
        return zlib.decompress(kept) if isinstance(kept, bytes) else None
