"""The pace at which forges are written to, kept in Redis so that all workers together keep to it.

Nobody waits here: who cannot write now is told when to come back, and finds the place kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from bot.errors import Paced
from bot.model.pacing import Allowance, Charge, Figures
from bot.store.connection import reachable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import redis

    from bot.model.pacing import Limit

_HOLDS: Final = 5.0
"""Seconds for which somebody who is late holds up those behind; a job comes back when a worker is free."""
_KEPT: Final = 600.0
"""Seconds for which somebody who is late keeps the place."""
_HOUR: Final = 3600
_LONGEST_SILENCE: Final = 7200.0
_MICROSECONDS: Final = 1_000_000
_TAKE: Final = """
-- The generic cell rate algorithm, a token bucket of which only the time is kept at which it is full again, and a place
-- for each who has to wait, so that nobody who came later is served first.
-- KEYS: until when an account is silent, the places, the times of its limits
-- ARGV: whose place, how many requests, for how long a place holds others up, for how long it is kept; then of each
-- limit: interval, burst in intervals
-- Returns after how many microseconds to come back; 0: go on, it is counted. All times are in microseconds, of Redis.
local time = redis.call("TIME")
local now = time[1] * 1000000 + time[2]
local silent = tonumber(redis.call("GET", KEYS[1]) or 0)
if silent > now then return silent - now end

local whose, count, holds, kept = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local own = redis.call("HGET", KEYS[2], whose)
local since = own and tonumber(string.match(own, "^%d+")) or now

-- Return how many requests are waiting to be sent before these.
local function ahead()
    local found, places = 0, redis.call("HGETALL", KEYS[2])
    for number = 1, #places, 2 do
        local came, asks, due = string.match(places[number + 1], "^(%d+) (%d+) (%d+)$")
        if tonumber(due) + kept < now then
            redis.call("HDEL", KEYS[2], places[number])
        elseif places[number] ~= whose and tonumber(came) < since and tonumber(due) + holds >= now then
            found = found + asks
        end
    end
    return found
end

local at, before, full = now, ahead(), {}
for number = 1, #KEYS - 2 do
    local interval, burst = tonumber(ARGV[3 + 2 * number]), tonumber(ARGV[4 + 2 * number])
    full[number] = math.max(tonumber(redis.call("GET", KEYS[2 + number]) or 0), now)
    at = math.max(at, full[number] + (before + math.min(count, burst) - burst) * interval)
    full[number] = full[number] + count * interval
end
if at > now then
    redis.call("HSET", KEYS[2], whose, string.format("%.0f %d %.0f", since, count, at))
    redis.call("PEXPIRE", KEYS[2], math.ceil((at - now + kept) / 1000) + 60000)
    return math.ceil(at - now)
end
redis.call("HDEL", KEYS[2], whose)
for number = 1, #full do
    local rest = math.ceil((full[number] - now) / 1000)
    redis.call("SET", KEYS[2 + number], string.format("%.0f", full[number]), "PX", rest + 1000)
end
return 0
"""
_SILENCE: Final = """
-- KEYS: until when an account is silent. ARGV: for how many microseconds it is to be
local time = redis.call("TIME")
local ends = time[1] * 1000000 + time[2] + ARGV[1]
if ends > tonumber(redis.call("GET", KEYS[1]) or 0) then
    redis.call("SET", KEYS[1], string.format("%.0f", ends), "PX", math.ceil(ARGV[1] / 1000) + 1000)
end
"""
_ACCOUNTS: Final = "foresail:pace"


class Pace:
    """Room for requests by account; safe to use from threads, and by any number of processes."""

    def __init__(self, connection: redis.Redis, limits: Iterable[Limit]) -> None:
        self._connection = connection
        self._limits = tuple(limits)
        self._script = connection.register_script(_TAKE)

    def take(self, account: str, charge: Charge, *, whose: str, requests: int = 1) -> None:
        """Count requests that are sent now; Paced when there is no room, and then `whose` keeps the place in the row.

        More requests than a limit takes at once go together once it is untouched; whoever comes next waits for them.
        """
        limits = [one for one in self._limits if charge in one.counts]
        keys = [_key(account, "silent"), _key(account, f"{charge}-places")]
        keys += [_key(account, f"{one.charge}-{one.seconds:g}") for one in limits]
        arguments: list[Any] = [whose, requests, int(_HOLDS * _MICROSECONDS), int(_KEPT * _MICROSECONDS)]
        arguments += [word for one in limits for word in (one.interval * _MICROSECONDS, one.burst)]
        with reachable():
            wait = int(cast("int", self._script(keys, arguments))) / _MICROSECONDS
        if wait > 0:
            raise Paced(f"{account} has no room for {whose} now", retry_after=wait)

    def silence(self, account: str, seconds: float) -> None:
        """Send nothing for an account for so long, as the forge has asked."""
        duration = min(seconds, _LONGEST_SILENCE) * _MICROSECONDS
        with reachable():
            self._connection.eval(_SILENCE, 1, _key(account, "silent"), str(int(duration)))

    def note(self, account: str, allowance: Allowance) -> None:
        """Remember what a forge said an account has left."""
        fields = {"limit": allowance.limit, "remaining": allowance.remaining, "reset": allowance.reset}
        with reachable():
            pipeline = self._connection.pipeline()
            pipeline.hset(_key(account, "allowance"), mapping=cast("Mapping[Any, Any]", fields))
            pipeline.expire(_key(account, "allowance"), _HOUR)
            pipeline.sadd(_ACCOUNTS, account)
            pipeline.expire(_ACCOUNTS, _HOUR)
            pipeline.execute()

    def figures(self) -> tuple[Figures, ...]:
        """Return where every account stands that a forge has spoken about within the hour."""
        with reachable():
            accounts = sorted(one.decode() for one in cast("set[bytes]", self._connection.smembers(_ACCOUNTS)))
            return tuple(self._figures(account) for account in accounts)

    def _figures(self, account: str) -> Figures:
        said = cast("dict[bytes, bytes]", self._connection.hgetall(_key(account, "allowance")))
        seconds, microseconds = self._connection.time()
        silent = float(cast("bytes | None", self._connection.get(_key(account, "silent"))) or 0) / _MICROSECONDS
        names = (b"limit", b"remaining", b"reset")
        return Figures(
            account=account,
            allowance=Allowance(*(int(said[name]) for name in names)) if said.keys() >= set(names) else None,
            silent_for=max(0.0, silent - seconds - microseconds / _MICROSECONDS),
            waiting=sum(self._waiting(account, charge) for charge in Charge),
        )

    def _waiting(self, account: str, charge: Charge) -> int:
        return self._connection.hlen(_key(account, f"{charge}-places"))


def _key(account: str, what: str) -> str:
    return f"foresail:pace:{account}:{what}"
