"""What is sealed can be read by holders of the secret alone, and nobody else can write it."""

from __future__ import annotations

import zlib

import pytest

from bot.store.seal import Seal

SEAL = Seal("a text that is long enough to be no guess")
WORDS = b"password: hunter2 " * 100
MOST = 1 << 20


def test_what_was_sealed_can_be_opened_and_is_smaller() -> None:
    sealed = SEAL.closed("one", WORDS)
    assert SEAL.opened("one", sealed, most=MOST) == WORDS
    assert len(sealed) < len(WORDS) / 4


def test_what_is_sealed_cannot_be_read() -> None:
    sealed = SEAL.closed("one", b"hunter2")
    assert b"hunter2" not in sealed
    assert zlib.compress(b"hunter2", 1) not in sealed


def test_the_same_is_sealed_differently_each_time() -> None:
    assert SEAL.closed("one", WORDS) != SEAL.closed("one", WORDS)


@pytest.mark.parametrize("at", [0, 11, 12, 40, -1])
def test_what_was_changed_is_nothing(at: int) -> None:
    sealed = bytearray(SEAL.closed("one", WORDS))
    sealed[at] ^= 1
    assert SEAL.opened("one", bytes(sealed), most=MOST) is None


@pytest.mark.parametrize("length", [0, 1, 11, 12, 13, 28, 60])
def test_what_was_cut_off_is_nothing(length: int) -> None:
    assert SEAL.opened("one", SEAL.closed("one", WORDS)[:length], most=MOST) is None


def test_what_is_put_in_another_ones_place_is_nothing() -> None:
    assert SEAL.opened("two", SEAL.closed("one", WORDS), most=MOST) is None


def test_another_secret_opens_nothing_and_names_differently() -> None:
    other = Seal("another text that is long enough to be no guess")
    assert other.opened("one", SEAL.closed("one", WORDS), most=MOST) is None
    assert other.name(WORDS) != SEAL.name(WORDS)
    assert Seal("a text that is long enough to be no guess").name(WORDS) == SEAL.name(WORDS)


def test_what_is_larger_than_allowed_is_nothing() -> None:
    sealed = SEAL.closed("one", b"x" * (MOST + 1))
    assert SEAL.opened("one", sealed, most=MOST) is None
    assert SEAL.opened("one", sealed, most=MOST + 1) == b"x" * (MOST + 1)
