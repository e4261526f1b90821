"""Equality as JSON has it."""

from __future__ import annotations

from typing import Any

import pytest

from bot.engine.diff.equality import same


def deep(levels: int, value: Any = 1) -> Any:
    for _ in range(levels):
        value = [{"a": value}]
    return value


@pytest.mark.parametrize("value", [None, True, 1, 1.5, "1", [], {}, {"a": [1, {"b": None}]}, deep(5000)])
def test_a_value_equals_itself(value: Any) -> None:
    assert same(value, value)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        *(
            (1, True),
            (0, False),
            (1, 1.0),
            (1, "1"),
            (None, False),
            ("", None),
            ([], {}),
            ([1, 2], [2, 1]),
            ([1], [1, 1]),
        ),
        *((deep(5000), deep(5000, 2)), (deep(5000), deep(5000, value=True))),
        *(({"a": 1}, {"a": True}), ({"a": 1}, {"b": 1}), ({"a": None}, {}), (float("nan"), float("nan"))),
    ],
)
def test_what_json_tells_apart_is_not_the_same(one: Any, other: Any) -> None:
    assert not same(one, other)
    assert not same(other, one)


def test_the_order_of_keys_does_not_matter() -> None:
    assert same({"a": 1, "b": {"c": 2, "d": 3}}, {"b": {"d": 3, "c": 2}, "a": 1})
