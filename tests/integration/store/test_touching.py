"""Which open changes touch which objects: each tells of the others, and none that is over."""

from __future__ import annotations

from bot.store.touching import MOST, Others, Touching
from tests.integration.store.conftest import Bench

SHOP = "acme/shop"


def write(
    touching: Touching, number: int, *objects: str, head: str = "abc", repository: str = SHOP
) -> dict[str, Others]:
    name = f"{repository}#{number}"
    return touching.write(name, repository, head, {one: f"words of {number}".encode() for one in objects})


def test_who_comes_later_is_told_of_who_was_there(bench: Bench) -> None:
    touching = Touching(bench.connection)
    assert write(touching, 1, "a", "b") == {}
    assert write(touching, 2, "b", "c") == {"b": Others(1, {"acme/shop#1": b"words of 1"})}
    assert write(touching, 1, "a", "b") == {"b": Others(1, {"acme/shop#2": b"words of 2"})}


def test_a_change_touches_what_it_was_last_seen_to_touch(bench: Bench) -> None:
    touching = Touching(bench.connection)
    write(touching, 1, "a", "b")
    write(touching, 1, "c", head="abd")
    assert write(touching, 2, "a", "b") == {}
    assert set(write(touching, 3, "c")) == {"c"}
    write(touching, 1)
    assert set(write(touching, 4, "c")["c"].words) == {"acme/shop#3"}


def test_one_that_is_over_is_forgotten_unless_it_has_moved_on(bench: Bench) -> None:
    touching = Touching(bench.connection)
    write(touching, 1, "a", head="abd")
    touching.drop("acme/shop#1", SHOP, "abc")
    assert set(write(touching, 2, "a")) == {"a"}
    touching.drop("acme/shop#1", SHOP, "abd")
    assert write(touching, 2, "a") == {}
    touching.drop("acme/shop#2", SHOP)
    assert list(bench.connection.scan_iter("foresail:touching:*")) == []


def test_those_are_kept_that_are_open(bench: Bench) -> None:
    touching = Touching(bench.connection)
    for number in (1, 2, 3):
        write(touching, number, "a")
    write(touching, 1, "a", repository="acme/other")
    touching.keep_only(SHOP, ["acme/shop#2"])
    assert set(write(touching, 4, "a")["a"].words) == {"acme/shop#2", "acme/other#1"}


def test_many_of_one_object_are_counted(bench: Bench) -> None:
    touching = Touching(bench.connection)
    for number in range(30):
        write(touching, number, "a", "b" if number == 1 else f"b{number}")
    found = write(touching, 30, "a", "b")
    assert found == {"a": Others(30, {}), "b": Others(1, {"acme/shop#1": b"words of 1"})}


def test_of_one_change_so_many_objects_are_known(bench: Bench) -> None:
    touching = Touching(bench.connection)
    for number in range(200):
        write(touching, number, *(f"{number % 50} {one}" for one in range(20)))
    found = write(touching, 1, *(f"object {one}" for one in range(MOST + 5)))
    assert found == {}
    assert len(bench.connection.lrange("foresail:touching:change:acme/shop#1", 0, -1)) == MOST + 1
