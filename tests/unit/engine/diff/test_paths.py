"""Places in an object, taken out."""

from __future__ import annotations

from typing import Any

import pytest

from bot.engine.diff.paths import changed_fields, from_pointer, without, without_all

POD = {"spec": {"containers": [{"name": "web"}, {"name": "log"}, {"name": "init"}], "a/b": {"~": 1}}}


@pytest.mark.parametrize(
    ("pointer", "path"),
    [("/spec/replicas", ("spec", "replicas")), ("/a~1b/~0", ("a/b", "~")), ("/~01", ("~1",)), ("/", ("",))],
)
def test_a_pointer_is_read_with_its_escapes(pointer: str, path: tuple[str, ...]) -> None:
    assert from_pointer(pointer) == path


@pytest.mark.parametrize("pointer", ["", "spec", "#/spec", "/a~2", "/a~"])
def test_what_is_no_pointer_is_refused(pointer: str) -> None:
    with pytest.raises(ValueError, match="JSON pointer"):
        from_pointer(pointer)


@pytest.mark.parametrize("path", [("spec", "containers", "1"), ("spec", "containers", -2), ("spec", "containers", 1.0)])
def test_an_element_is_taken_out_by_its_position(path: tuple[Any, ...]) -> None:
    assert [one["name"] for one in without(POD, path)["spec"]["containers"]] == ["web", "init"]


@pytest.mark.parametrize(
    "path",
    [
        ("spec", "nothing"),
        ("spec", "containers", "3"),
        ("spec", "containers", "-"),
        ("spec", "containers", "01"),
        ("spec", "containers", True),
        ("spec", 0),
        ("spec", "containers", 0, "name", "first"),
        (),
    ],
)
def test_what_is_not_there_changes_nothing(path: tuple[Any, ...]) -> None:
    assert without(POD, path) is POD


def test_the_object_itself_stays_as_it_is() -> None:
    before = {"a": {"b": [1, {"c": 2}]}}
    assert without(before, ("a", "b", 1, "c")) == {"a": {"b": [1, {}]}}
    assert before == {"a": {"b": [1, {"c": 2}]}}


def test_several_elements_go_in_whatever_order_they_are_named() -> None:
    paths: list[Any] = [["l", 0], ["l", 2, "x"], ["l", 2], ["l", -1], ["l", 0]]
    assert without_all({"l": [1, 2, {"x": 1}, 4]}, paths) == {"l": [2]}


@pytest.mark.parametrize(
    ("bounds", "left"),
    [({"start": 1, "end": None}, [1]), ({"start": None, "end": -1}, [4]), ({"start": 9}, [1, 2, 3, 4])],
)
def test_a_slice_is_all_its_elements(bounds: dict[str, Any], left: list[int]) -> None:
    assert without_all([1, 2, 3, 4], [[bounds]]) == left


def test_changed_fields_are_named_by_path_and_a_list_is_one() -> None:
    before = {"a": {"b": 1, "c": 2}, "l": [1], "gone": 1}
    after = {"a": {"b": 1, "c": 3}, "l": [2], "new": {"x": 1}}
    assert list(changed_fields(before, after)) == ["a.c", "l", "gone", "new"]
    assert list(changed_fields(before, before)) == []
