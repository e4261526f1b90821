"""Who does what: evenly, alike for everybody, and moved as little as can be."""

from __future__ import annotations

from collections import Counter

import pytest

from bot.model.shards import owner

KEYS = [f"shop-{number}" for number in range(3000)]
THREE = ("a", "b", "c")


def shares(members: tuple[str, ...]) -> Counter[str]:
    return Counter(owner(members, key) for key in KEYS)


def test_without_anybody_nothing_is_anybodys() -> None:
    assert owner((), "shop") == ""


def test_one_alone_has_everything() -> None:
    assert shares(("a",)) == {"a": len(KEYS)}


def test_the_order_in_which_members_are_named_says_nothing() -> None:
    assert [owner(THREE, key) for key in KEYS] == [owner(reversed(THREE), key) for key in KEYS]


@pytest.mark.parametrize("count", [2, 3, 10])
def test_shares_are_even(count: int) -> None:
    found = shares(tuple(f"replica-{number}" for number in range(count)))
    fair = len(KEYS) / count
    assert all(0.8 * fair < share < 1.2 * fair for share in found.values())


def test_of_who_leaves_all_moves_and_of_the_others_nothing() -> None:
    before = {key: owner(THREE, key) for key in KEYS}
    after = {key: owner(("a", "b"), key) for key in KEYS}
    assert {key for key in KEYS if before[key] != after[key]} == {key for key in KEYS if before[key] == "c"}
    assert set(Counter(after[key] for key in KEYS if before[key] == "c")) == {"a", "b"}


def test_who_joins_takes_a_share_and_nothing_moves_between_the_others() -> None:
    before = {key: owner(THREE, key) for key in KEYS}
    after = {key: owner((*THREE, "d"), key) for key in KEYS}
    assert {after[key] for key in KEYS if before[key] != after[key]} == {"d"}
