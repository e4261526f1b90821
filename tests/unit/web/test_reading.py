"""Reports are sent in pieces, so that a slow reader is told from one who pauses, and leaves when it is time."""

from __future__ import annotations

import time

import pytest

from bot.web.reports import until
from bot.web.room import Seat


def test_one_long_piece_is_sent_in_many() -> None:
    pieces = ["<h1>", "", "é" * 200_000]
    sent = [*until(time.monotonic() + 60.0, pieces, Seat("ana", "a", 0.0))]
    assert "".join(sent) == "".join(pieces)
    assert max(map(len, sent)) <= 65_536


def test_who_has_to_make_room_leaves_in_the_middle_of_a_piece() -> None:
    seat = Seat("ana", "a", 0.0)
    sent = until(time.monotonic() + 60.0, ["x" * 200_000], seat)
    assert next(sent)
    seat.is_over = True
    with pytest.raises(ConnectionResetError):
        next(sent)
