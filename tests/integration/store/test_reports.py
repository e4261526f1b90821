"""Full reports in Redis: opened by their links alone, shown when they are told, never more than there is room for."""

from __future__ import annotations

import os
import uuid

from bot.sandbox.redis import RedisServer
from bot.store.reports import LARGEST, Reports
from tests.integration.store.conftest import Bench

DAYS = 14.0


def reports(bench: Bench, *, key: str = "", room: int = 1 << 20, days: float = DAYS) -> Reports:
    return Reports(bench.connection, key=key or uuid.uuid4().hex, room=room, days=days)


def put(kept: Reports, subject: str, content: bytes, *, number: int = 1) -> str:
    token = kept.token(subject)
    sealed = kept.sealed(token, content)
    assert sealed is not None
    kept.stage(token, number, sealed)
    return token


def everything(bench: Bench) -> bytes:
    found = [bench.connection.get(name) or b"" for name in bench.connection.scan_iter("foresail:report:*")]
    return b"\n".join([*bench.connection.scan_iter("foresail:report*"), *found])  # type: ignore[list-item] # bytes


def test_a_report_is_found_once_it_was_told(bench: Bench) -> None:
    kept = reports(bench)
    token = put(kept, "acme/shop#1@abc", b"a report")
    assert kept.find(token) is None
    assert kept.show(token, 1)
    assert kept.find(token) == b"a report"


def test_the_same_head_has_the_same_link_and_the_newest_report(bench: Bench) -> None:
    kept = reports(bench)
    put(kept, "acme/shop#1@abc", b"older")
    token = put(kept, "acme/shop#1@abc", b"newer", number=2)
    assert kept.show(token, 1)
    assert kept.show(token, 2)
    assert kept.find(token) == b"newer"


def test_what_was_lost_before_it_was_told_leaves_nothing_older(bench: Bench) -> None:
    kept = reports(bench)
    token = put(kept, "acme/shop#1@abc", b"older")
    kept.show(token, 1)
    assert not kept.show(token, 2)
    assert kept.find(token) is None


def test_nobody_reads_it_with_another_link_or_key_and_redis_knows_neither(bench: Bench) -> None:
    kept = reports(bench)
    token = put(kept, "acme/shop#1@abc", b"what stands in a report" * 20)
    kept.show(token, 1)
    assert kept.find(kept.token("acme/shop#1@abd")) is None
    assert kept.find(token[:-1]) is None
    assert reports(bench).find(token) is None
    seen = everything(bench)
    assert token.encode() not in seen
    assert b"stands in" not in seen


def test_another_report_under_the_same_name_does_not_open(bench: Bench) -> None:
    kept = reports(bench)
    one, other = put(kept, "one", b"one"), put(kept, "other", b"other")
    for token in (one, other):
        kept.show(token, 1)
    names = [name for name in bench.connection.scan_iter("foresail:report:*") if bench.connection.type(name)]
    for name in names:
        bench.connection.set(name, bench.connection.get(names[0]) or b"")
    assert [kept.find(one), kept.find(other)].count(None) >= 1


def test_those_told_least_recently_make_room(bench: Bench) -> None:
    kept = reports(bench, room=3_500)
    tokens = []
    for number in range(5):
        tokens.append(put(kept, f"change {number}", os.urandom(1_000)))
        kept.show(tokens[-1], 1)
    assert [kept.find(token) is None for token in tokens] == [True, True, False, False, False]
    sizes = bench.connection.hgetall("foresail:reports:sizes")
    assert int(sizes.pop(b"")) == sum(map(int, sizes.values())) <= 3_500


def test_one_that_is_too_large_is_not_kept(bench: Bench) -> None:
    kept = reports(bench, room=1 << 30)
    assert kept.sealed(kept.token("large"), os.urandom(LARGEST + 1)) is None
    small = reports(bench, room=1_000)
    assert small.sealed(small.token("large"), os.urandom(2_000)) is None


def test_its_end_is_counted_from_when_it_was_told(bench: Bench) -> None:
    kept = reports(bench, days=2)
    kept.show(put(kept, "change", b"report"), 1)
    (name,) = bench.connection.scan_iter("foresail:report:*")
    assert 86_400 < int(str(bench.connection.ttl(name))) <= 2 * 86_400


def test_a_redis_that_lost_half_of_it_is_filled_again(bench: Bench, redis_server: RedisServer) -> None:
    kept = reports(bench)
    kept.show(put(kept, "one", b"one"), 1)
    bench.connection.delete("foresail:reports:sizes")
    token = put(kept, "two", b"two")
    assert kept.show(token, 1)
    assert kept.find(token) == b"two"
    redis_server.restart()
    assert kept.find(token) is None
    assert not kept.show(token, 1)
    assert kept.show(put(kept, "two", b"again"), 1)
    assert kept.find(token) == b"again"
