"""Metrics of all processes together: what they count, and what controllers show as it is now.

Redis holds them, as most processes serve no HTTP, and any may end at any time. What is counted outlives all of them; a
Redis that lost it begins at 0, which Prometheus takes for the restart that it is. What is shown is gone soon after who
showed it.
"""

from __future__ import annotations

import time
from collections import defaultdict, deque
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, cast

import orjson
import structlog
from redis.exceptions import RedisError

from bot.model.metrics import CLUSTER_STATUS, FAMILIES, SYNC_SECONDS, SYNCS, Sample, Sort
from bot.store.connection import reachable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    import redis

    from bot.model.metrics import Family

_log = structlog.get_logger()

_COUNTED: Final = "foresail:metrics:counted"
_SHOWING: Final = "foresail:metrics:showing"
"""Names of those who show something."""
_LIFE: Final = 20_000
"""Milliseconds that what is shown outlives the last word of who shows it."""
_AT_ONCE: Final = 1000
_TOGETHER: Final = 1.0
_SUM: Final = "sum"
_BEYOND: Final = "+Inf"
_BY_NAME: Final = {one.name: one for one in FAMILIES}
_BY_APPLICATION: Final = frozenset({SYNCS, SYNC_SECONDS})
_AT: Final = b"at"
_SHOW: Final = """
-- KEYS: what somebody shows, the names of those who show something
-- ARGV: the name, milliseconds, whether what follows is all of it (1), field, value (empty: no more), field, value…
-- Returns 0, and does nothing, when all of it is needed.
if ARGV[3] == "1" then redis.call("DEL", KEYS[1])
elseif redis.call("EXISTS", KEYS[1]) == 0 then return 0 end
for at = 4, #ARGV, 2 do
    if ARGV[at + 1] == "" then redis.call("HDEL", KEYS[1], ARGV[at])
    else redis.call("HSET", KEYS[1], ARGV[at], ARGV[at + 1]) end
end
local time = redis.call("TIME")
redis.call("HSET", KEYS[1], "at", time[1] * 1000 + math.floor(time[2] / 1000))
redis.call("PEXPIRE", KEYS[1], ARGV[2])
redis.call("SADD", KEYS[2], ARGV[1])
return 1
"""


class Metrics:
    """The metrics of one Redis; safe to use from threads."""

    def __init__(self, connection: redis.Redis, *, together: float = _TOGETHER) -> None:
        """Count nothing yet; what may be counted later waits for so many seconds for more."""
        self._connection = connection
        self._together = together
        self._show = connection.register_script(_SHOW)
        self._later: deque[Sample] = deque(maxlen=_AT_ONCE)
        self._sent_at = float("-inf")
        """When something was counted last, on the monotonic clock."""

    def count_later(self, *samples: Sample) -> None:
        """Count at once where that was not done a moment ago, else with what comes next: one request for many jobs."""
        self._later.extend(samples)
        if time.monotonic() - self._sent_at >= self._together:
            self.count()

    def count(self, *samples: Sample) -> None:
        """Add to what is counted, with what was to be later; while Redis is away nothing is, and nobody minds."""
        if not samples and not self._later:
            return
        self._sent_at = time.monotonic()
        try:
            with self._connection.pipeline(transaction=False) as pipeline:
                for sample in (*self._earlier(), *samples):
                    for part, number in _parts(sample):
                        pipeline.hincrbyfloat(_COUNTED, _field(sample, part), number)
                pipeline.execute()
        except RedisError as error:
            _log.info("not counted", reason=str(error))

    def _earlier(self) -> Iterator[Sample]:
        while True:
            try:
                yield self._later.popleft()
            except IndexError:  # another thread may have taken the last
                return

    def counted(self) -> dict[Family, dict[tuple[str, ...], dict[str, float]]]:
        """Return by family and the values of its labels what was counted, by part.

        A counter's only part is empty; a histogram's are the limits of its buckets, each for itself, `+Inf` and `sum`.
        """
        with reachable():
            kept = cast("Mapping[bytes, bytes]", self._connection.hgetall(_COUNTED))
        found: defaultdict[Family, dict[tuple[str, ...], dict[str, float]]] = defaultdict(dict)
        for field, number in kept.items():
            name, part, *values = orjson.loads(field)
            family = _BY_NAME.get(name)
            if family is not None and len(values) == len(family.labels):  # of an earlier version else
                found[family].setdefault(tuple(values), {})[part] = float(number)
        return dict(found)

    def keep_only(self, applications: Collection[str]) -> None:
        """Forget what was counted of Applications that are gone."""
        kept = frozenset[str | None]((None, *applications))
        with reachable():
            fields = cast("Iterable[bytes]", self._connection.hkeys(_COUNTED))
            gone = [field for field in fields if _application_of(field) not in kept]
            if gone:
                self._connection.hdel(_COUNTED, *gone)

    def show(self, whose: str, samples: Mapping[str, Sample | None], *, whole: bool) -> bool:
        """Show samples, each in a place of its own; None: not any more. What is shown lives on.

        With `whole` there is nothing else. False when all has to be shown anew.
        """
        rest = iter(samples.items())
        while True:
            some = list(islice(rest, _AT_ONCE))
            words: list[Any] = [whose, _LIFE, int(whole)]
            words += [word for place, sample in some for word in (place, "" if sample is None else _wire(sample))]
            with reachable():
                there = bool(self._show([_shown_by(whose), _SHOWING], words))
            if not there or len(some) < _AT_ONCE:
                return there
            whole = False

    def hide(self, whose: str) -> None:
        """Show nothing any more."""
        with reachable():
            self._connection.delete(_shown_by(whose))

    def shown(self) -> list[Sample]:
        """Return what is shown, of two in one place the later; of what is said of a cluster the worse."""
        with reachable():
            names = sorted(cast("set[bytes]", self._connection.smembers(_SHOWING)))
            by_name = [(name, self._shown(name.decode())) for name in names]
            if gone := [name for name, places in by_name if not places]:
                self._connection.srem(_SHOWING, *gone)
        found: dict[bytes, Sample] = {}
        for _, places in sorted(by_name, key=lambda one: int(one[1].get(_AT, 0))):
            for place, value in places.items():
                if place != _AT and (sample := _read(value)) is not None:
                    before = found.get(place)
                    worse = sample.family is CLUSTER_STATUS and before is not None and before.number < sample.number
                    found[place] = before if worse and before is not None else sample
        return list(found.values())

    def _shown(self, whose: str) -> dict[bytes, bytes]:
        return cast("dict[bytes, bytes]", self._connection.hgetall(_shown_by(whose)))


def _shown_by(whose: str) -> str:
    return f"foresail:metrics:shown:{whose}"


def _parts(sample: Sample) -> Iterator[tuple[str, float]]:
    if sample.family.sort is not Sort.HISTOGRAM:
        yield "", sample.number
        return
    yield next((str(limit) for limit in sample.family.buckets if sample.number <= limit), _BEYOND), 1.0
    yield _SUM, sample.number


def _field(sample: Sample, part: str) -> bytes:
    return orjson.dumps([sample.family.name, part, *sample.values])


def _application_of(field: bytes) -> str | None:
    """Return of which Application a field is; None: of none."""
    name, _, *values = orjson.loads(field)
    family = _BY_NAME.get(name)
    if family not in _BY_APPLICATION or len(values) != len(family.labels):
        return None
    return str(values[family.labels.index("name")])


def _wire(sample: Sample) -> bytes:
    return orjson.dumps([sample.family.name, sample.number, *sample.values])


def _read(value: bytes) -> Sample | None:
    name, number, *values = orjson.loads(value)
    family = _BY_NAME.get(name)
    if family is None or len(values) != len(family.labels):
        return None  # a controller of another version shows it
    return Sample(family, tuple(values), float(number))
