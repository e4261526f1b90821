"""Holding several applications: what is refused of one hides nothing that was done to the others."""

from __future__ import annotations

import pytest

from bot.errors import Rejected
from workers.commands.holding import each


def act(name: str) -> int:
    if name.startswith("gone"):
        raise Rejected("is gone")
    return len(name)


def test_what_was_done_is_told_beside_what_was_refused() -> None:
    assert each(["web", "gone", "db"], act) == ({"web": 3, "db": 2}, ". Not so: gone is gone")
    assert each(["web"], act) == ({"web": 3}, "")


def test_where_it_is_refused_of_all_nothing_was_done() -> None:
    with pytest.raises(Rejected, match="gone is gone; gone-too is gone"):
        each(["gone", "gone-too"], act)
