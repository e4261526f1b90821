"""What goes away and comes again elsewhere is one thing, told as such."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

from bot.model.resources import JsonObject
from bot.preview import moves as matching
from bot.preview.moves import RENAMED_FROM, Piece, moves


def make(name: str, *, namespace: str = "shop", kind: str = "ConfigMap", before: str = "", **fields: Any) -> JsonObject:
    metadata: JsonObject = {"name": name, "namespace": namespace}
    if before:
        metadata["annotations"] = {RENAMED_FROM: before}
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, **fields}


def of(*objects: JsonObject, application: str = "web") -> list[Piece]:
    return [Piece(application, one) for one in objects]


def words(removed: list[Piece], added: list[Piece]) -> list[tuple[str, str]]:
    return sorted((move.words_of_old, move.words_of_new) for move in moves(removed, added))


def test_an_object_that_another_application_has_from_now_on_moves_there() -> None:
    found = words(of(make("a")), of(make("a"), application="api"))

    assert found == [("moves to application api", "moves here from application web")]


def test_a_manifest_may_say_what_it_was_before() -> None:
    old = of(make("a", data={"x": "1"}), make("b", data={"y": "2"}))
    new = of(make("c", before="b", data={"x": "1"}))

    assert words(old, new) == [("renamed to shop/c", "renamed from shop/b")]


def test_a_manifest_may_say_in_which_namespace_it_was() -> None:
    found = words(of(make("a", namespace="old")), of(make("b", before="old/a")))

    assert found == [("moves to shop/b", "moves from old/a")]


def test_a_generated_name_counts_without_its_hash() -> None:
    found = words(
        of(make("env-9gd2fk77mt", data={"a": "1"}), make("other-9gd2fk77mt")),
        of(make("env-2bbbh8kg4c", data={"b": "2"})),
    )

    assert found == [("renamed to shop/env-2bbbh8kg4c", "renamed from shop/env-9gd2fk77mt")]


def test_the_same_name_in_another_namespace_is_the_same_thing() -> None:
    assert words(of(make("a", data={"x": "1"})), of(make("a", namespace="new", data={"y": "2"}))) == [
        ("moves to new/a", "moves from shop/a")
    ]


def test_equal_content_under_another_name_is_renamed() -> None:
    data = {"x": "1", "y": "2"}

    assert words(of(make("a", data=data)), of(make("b", data=data))) == [("renamed to shop/b", "renamed from shop/a")]


def test_most_of_the_content_in_common_is_enough() -> None:
    data = dict.fromkeys("abcdefgh", "1")
    old, new = make("one", data=data), make("two", data={**data, "h": "2"})

    assert words(of(old), of(new, make("three", data={"z": "9"}))) == [("renamed to shop/two", "renamed from shop/one")]


def test_little_in_common_is_another_thing() -> None:
    assert words(of(make("a", data={"x": "1", "y": "2"})), of(make("b", data={"x": "1", "z": "3"}))) == []


def test_another_kind_is_another_thing() -> None:
    assert words(of(make("a", data={"x": "1"})), of(make("a", kind="Secret", data={"x": "1"}))) == []


def test_objects_without_content_are_not_matched_by_it() -> None:
    assert words(of(make("a")), of(make("b"))) == []


def test_what_fits_several_is_matched_with_none_of_them() -> None:
    data = {"x": "1"}
    found = words(of(make("a", data=data)), of(make("b", data=data), make("c", data=data)))

    assert len(found) == 1


def steps_of(renames: int) -> int:
    """Count the instructions that matching so many renames takes."""
    old = of(*(make(f"old-{number}", data={"n": str(number)}) for number in range(renames)))
    new = of(*(make(f"new-{number}", data={"n": str(number)}) for number in range(renames)))
    steps, earlier = 0, sys.gettrace()

    def count(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal steps
        if frame.f_code.co_filename != matching.__file__:
            return None
        frame.f_trace_opcodes = True
        steps += event == "opcode"
        return count

    sys.settrace(count)
    try:
        assert len(moves(old, new)) == renames
    finally:
        sys.settrace(earlier)
    return steps


def test_twice_as_many_renames_take_twice_the_work() -> None:
    assert steps_of(600) < 2.5 * steps_of(300)
