"""Renders in Redis: no more than there is room for, each made by one, and never half of one."""

from __future__ import annotations

from typing import cast

import pytest

from bot.errors import Temporary
from bot.sandbox.redis import RedisServer
from bot.store.renders import LARGEST, Found, Renders
from tests.integration.store.conftest import Bench

ROOM = 1_000


@pytest.fixture
def renders(bench: Bench) -> Renders:
    return Renders(bench.connection, room=ROOM)


def kept(bench: Bench) -> dict[str, int]:
    """Return the size of each entry there is, and check that what is written about them is true."""
    prefix = "foresail:render:entry:"
    keys = [key.decode() for key in cast("list[bytes]", bench.connection.keys(f"{prefix}*"))]
    found = {key.removeprefix(prefix): int(str(bench.connection.strlen(key))) for key in keys}
    sizes = cast("dict[bytes, bytes]", bench.connection.hgetall("foresail:renders:sizes"))
    told = {name.decode(): int(size) for name, size in sizes.items()}
    assert told.pop("", 0) == sum(told.values())
    assert told == found
    assert bench.connection.zcard("foresail:renders") == len(found)
    return found


def test_what_was_kept_is_found(renders: Renders) -> None:
    assert renders.keep("a", b"one")
    assert renders.look(["b", "a"]) == Found({"a": b"one"}, frozenset())


def test_what_is_kept_again_replaces_what_was(renders: Renders, bench: Bench) -> None:
    renders.keep("a", b"one")
    renders.keep("a", b"other")
    assert renders.look(["a"]).entries == {"a": b"other"}
    assert kept(bench) == {"a": 5}


def test_what_was_not_used_for_longest_goes_when_there_is_no_room(renders: Renders, bench: Bench) -> None:
    for name in "abc":
        renders.keep(name, b"x" * 300)
    renders.look(["a"])
    renders.keep("d", b"x" * 300)
    assert kept(bench) == {"a": 300, "c": 300, "d": 300}
    renders.keep("e", b"x" * 700)
    assert kept(bench) == {"d": 300, "e": 700}


def test_what_is_larger_than_the_room_is_not_kept(renders: Renders, bench: Bench) -> None:
    renders.keep("a", b"x")
    assert not renders.keep("b", b"x" * (ROOM + 1))
    assert not Renders(bench.connection, room=LARGEST * 4).keep("c", b"x" * (LARGEST + 1))
    assert kept(bench) == {"a": 1}


def test_what_redis_dropped_by_itself_is_not_counted_for_ever(renders: Renders, bench: Bench) -> None:
    renders.keep("a", b"x" * 900)
    bench.connection.delete("foresail:render:entry:a")
    assert renders.look(["a"], who="me", claim=9.0).ours == {"a"}
    assert kept(bench) == {}


@pytest.mark.parametrize("lost", ["foresail:renders", "foresail:renders:sizes"])
def test_the_room_holds_even_when_redis_dropped_what_is_written_about_it(
    renders: Renders, bench: Bench, lost: str
) -> None:
    for name in "abc":
        renders.keep(name, b"x" * 300)
    bench.connection.delete(lost)
    for name in "def":
        renders.keep(name, b"x" * 300)
    assert set(kept(bench)) == {"d", "e", "f"}


def test_every_entry_ends_by_itself(renders: Renders, bench: Bench) -> None:
    renders.keep("a", b"one")
    bench.connection.expire("foresail:render:entry:a", 5)
    renders.look(["a"])
    assert int(str(bench.connection.ttl("foresail:render:entry:a"))) > 3600


def test_one_makes_what_is_not_there_and_others_do_not(renders: Renders) -> None:
    assert renders.look(["a", "b"], who="me", claim=9.0).ours == {"a", "b"}
    assert renders.look(["a", "c"], who="you", claim=9.0).ours == {"c"}


def test_what_was_made_is_nobodys_to_make(renders: Renders, bench: Bench) -> None:
    renders.look(["a"], who="me", claim=9.0)
    renders.keep("a", b"one", who="me")
    assert renders.look(["a"], who="you", claim=9.0) == Found({"a": b"one"}, frozenset())
    assert bench.connection.keys("foresail:render:claim:*") == []


def test_what_was_given_up_is_for_the_next_to_make(renders: Renders) -> None:
    renders.look(["a"], who="me", claim=9.0)
    renders.release(["a"], who="somebody else")
    assert renders.look(["a"], who="you", claim=9.0).ours == frozenset()
    renders.release(["a"], who="me")
    assert renders.look(["a"], who="you", claim=9.0).ours == {"a"}


def test_whoever_is_to_make_something_has_a_time_limit(renders: Renders, bench: Bench) -> None:
    renders.look(["a"], who="me", claim=9.0)
    assert 0 < int(str(bench.connection.pttl("foresail:render:claim:a"))) <= 9_000


def test_who_is_still_about_it_may_have_longer_and_nobody_else(renders: Renders, bench: Bench) -> None:
    renders.look(["a"], who="me", claim=9.0)
    renders.renew(["a", "b"], who="you", claim=99.0)
    assert int(str(bench.connection.pttl("foresail:render:claim:a"))) <= 9_000
    renders.renew(["a", "b"], who="me", claim=99.0)
    assert int(str(bench.connection.pttl("foresail:render:claim:a"))) > 9_000
    assert not bench.connection.exists("foresail:render:claim:b")


def test_many_are_looked_for_at_once(renders: Renders) -> None:
    names = [f"name-{number}" for number in range(200)]
    for name in names[::50]:
        renders.keep(name, name.encode())
    found = renders.look(names, who="me", claim=9.0)
    assert found.entries == {name: name.encode() for name in names[::50]}
    assert found.ours == set(names) - found.entries.keys()


def test_a_redis_that_is_away_is_temporary(renders: Renders, redis_server: RedisServer) -> None:
    redis_server.kill()
    for ask in (lambda: renders.look(["a"]), lambda: renders.keep("a", b"x"), lambda: renders.release(["a"], who="me")):
        with pytest.raises(Temporary):
            ask()


def test_a_redis_that_takes_no_more_keeps_what_it_has(renders: Renders, bench: Bench) -> None:
    renders.keep("a", b"one")
    bench.connection.config_set("maxmemory", "1")
    with pytest.raises(Temporary):
        renders.keep("b", b"two")
    bench.connection.config_set("maxmemory", "0")
    assert kept(bench) == {"a": 3}
