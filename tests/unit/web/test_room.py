"""Readers of reports: each has his share, and nobody keeps the others out."""

from __future__ import annotations

from bot.web.room import AT_ONCE, TURN, Room


def test_who_comes_when_all_seats_are_taken_comes_again() -> None:
    room = Room()
    first, second = (room.enter(name, name, now=0.0) for name in ("ana", "ben"))
    assert room.enter("cem", "cem", now=1.0) is None
    assert first is not None
    assert second is not None
    room.leave(first)
    assert room.enter("cem", "cem", now=1.0) is not None
    assert not second.is_over


def test_who_has_two_seats_makes_room_for_who_has_none() -> None:
    room = Room()
    first, second = (room.enter("greedy", link, now=0.0) for link in ("a", "b"))
    assert room.enter("ana", "c", now=1.0) is not None
    assert [one is not None and one.is_over for one in (first, second)] == [True, False]


def test_behind_a_proxy_links_are_told_apart() -> None:
    room = Room()
    seats = [room.enter("proxy", "greedy", now=0.0) for _ in range(AT_ONCE)]
    assert room.enter("proxy", "greedy", now=1.0) is None
    assert room.enter("proxy", "other", now=1.0) is not None
    assert [one is not None and one.is_over for one in seats] == [True, False]


def test_who_has_read_for_long_makes_room() -> None:
    room = Room()
    slow = [room.enter(name, name, now=0.0) for name in ("ana", "ben")]
    assert room.enter("cem", "cem", now=TURN) is None
    assert room.enter("cem", "cem", now=TURN + 0.1) is not None
    assert [one is not None and one.is_over for one in slow] == [True, False]


def test_those_who_do_not_leave_when_they_have_to_hold_no_more_threads_than_are_theirs() -> None:
    room, given = Room(), 0
    for turn in range(100):
        given += room.enter(f"reader {turn}", "link", now=turn * 2 * TURN) is not None
    assert given == 2 * AT_ONCE
