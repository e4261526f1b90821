"""Holds: how they are asked for, and that an annotation of any kind holds."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest

from bot.errors import Rejected
from bot.model.holds import Hold, HoldAsked

UNTIL = "2026-11-30T18:00:00Z"


@pytest.mark.parametrize(
    ("words", "names", "lasts", "why"),
    [
        ("", (), None, ""),
        ("shop-web shop-db", ("shop-web", "shop-db"), None, ""),
        ("for 2h", (), timedelta(hours=2), ""),
        ("shop For 1d12h because incident 17", ("shop",), timedelta(days=1, hours=12), "incident 17"),
        ("because it is for 2h", (), None, "it is for 2h"),
        ("because of incident 17", (), None, "incident 17"),
        ("for 30m because", (), timedelta(minutes=30), ""),
    ],
)
def test_a_hold_is_asked_for(words: str, names: tuple[str, ...], lasts: timedelta | None, why: str) -> None:
    assert HoldAsked.parse(words.split()) == HoldAsked(names, lasts, why)


@pytest.mark.parametrize(
    "words", ["for", "for 2", "for 2h 3h", "for 0m", "for 91d", "for ever", "for -2h", "for \uff12h"]
)
def test_what_is_no_length_of_time_is_refused(words: str) -> None:
    with pytest.raises(Rejected) as refused:
        HoldAsked.parse(words.split())
    assert "hold [APP…]" in refused.value.remedy


def test_a_hold_comes_back_from_its_annotation() -> None:
    hold = Hold("ann", "incident 17", UNTIL, "acme/shop#41", "2026-11-30T16:00:00Z")
    assert Hold.of(hold.to_annotation()) == hold
    assert hold.words == "held by ann until 2026-11-30 18:00 UTC: incident 17"
    assert Hold.of("") is None


@pytest.mark.parametrize("annotation", ["frozen", "{}", "[1]", "{", '"by"', '{"why": "x"}', "[" * 100_000, "\0"])
def test_what_somebody_else_writes_there_holds_until_it_is_taken_away(annotation: str) -> None:
    hold = Hold.of(annotation)
    assert hold is not None
    assert hold.ends_at == math.inf
    assert hold.words.startswith("held by somebody until it is released: ")
    assert len(hold.words) < 300


def test_a_time_that_is_none_never_comes() -> None:
    assert Hold("ann", until="tomorrow").ends_at == math.inf


def test_a_hold_is_over_at_its_end_and_not_before() -> None:
    hold = Hold("ann", until="2026-11-30T18:00:00Z")
    assert Hold.at(hold.to_annotation(), now=hold.ends_at - 1) == hold
    assert Hold.at(hold.to_annotation(), now=hold.ends_at) is None
    assert Hold.at(Hold("ann").to_annotation(), now=hold.ends_at) == Hold("ann")
    assert Hold.at("", now=0.0) is None
