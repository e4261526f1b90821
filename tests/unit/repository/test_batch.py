"""Renders that share files go to one child, unless another would have nothing to do."""

from __future__ import annotations

import pytest

from bot.repository.batch import Batch


def batch(*kinds: str) -> Batch[str]:
    return Batch([(kind, f"{kind}{number}") for number, kind in enumerate(kinds)])


def test_each_request_is_taken_once_with_its_place() -> None:
    waiting = batch("a", "b", "a")
    assert sorted(waiting.take("child") for _ in range(3)) == [(0, "a0"), (1, "b1"), (2, "a2")]
    with pytest.raises(LookupError):
        waiting.take("child")


def test_two_sides_of_an_application_go_to_the_child_that_took_the_first() -> None:
    waiting = batch("a", "a", "b", "b", "c", "c")
    taken = [waiting.take(child) for child in ("first", "second", "second", "first", "first", "second")]
    assert taken == [(0, "a0"), (2, "b2"), (3, "b3"), (1, "a1"), (4, "c4"), (5, "c5")]


def test_the_sides_of_the_only_application_are_rendered_at_once() -> None:
    waiting = batch("a", "a")
    assert [waiting.take(child) for child in ("first", "second")] == [(0, "a0"), (1, "a1")]
