"""JSON merge patches from three states."""

from __future__ import annotations

from typing import Any

import pytest

from bot.engine.patches.json_merge import three_way

CASES: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "nothing differs": ({"a": 1}, {"a": 1}, {"a": 1, "theirs": 2}, {}),
    "a field is added, one is changed": ({}, {"a": 1, "b": {"c": 2}}, {"b": {"c": 1}}, {"a": 1, "b": {"c": 2}}),
    "a field was applied last time and is gone": ({"a": {"b": 1}}, {"a": {}}, {"a": {"b": 1}}, {"a": {"b": None}}),
    "it is gone already, and said once more": ({"a": 1}, {}, {}, {"a": None}),
    "in one mapping something goes and something comes": (
        {"a": {"old": 1}},
        {"a": {"new": 1}},
        {"a": {"old": 1, "theirs": 1}},
        {"a": {"old": None, "new": 1}},
    ),
    "a list is replaced as a whole": ({"a": [1]}, {"a": [2]}, {"a": [1, 3]}, {"a": [2]}),
    "an empty mapping is a value": ({}, {"a": {}}, {}, {"a": {}}),
    "a mapping that is there is not emptied": ({}, {"a": {}}, {"a": {"theirs": 1}}, {}),
    "a null deletes": ({}, {"a": None}, {"a": 1}, {"a": None}),
    "a null deletes what was applied last time": ({"a": 1}, {"a": None}, {"a": 1}, {"a": None}),
    "nulls in what is new are left out": (
        {},
        {"a": {"b": None, "c": [{"d": None, "e": 1}, None]}},
        {},
        {"a": {"b": None, "c": [{"e": 1}, None]}},
    ),
    "a whole number is one however it is written": ({}, {"a": [2, 3.0]}, {"a": [2.0, 3]}, {}),
    "a truth is no number": ({}, {"a": True}, {"a": 1}, {"a": True}),
    "large numbers lose digits": ({}, {"a": 2**53 + 1}, {"a": 2**53}, {}),
    "the largest numbers are no integers": ({}, {"a": 10**22}, {}, {"a": 1e22}),
}


@pytest.mark.parametrize("case", CASES)
def test_the_patch_says_what_has_to_be_done(case: str) -> None:
    last_applied, manifest, live, expected = CASES[case]

    assert three_way(last_applied=last_applied, manifest=manifest, live=live) == expected
