"""Shares of the work: which of several replicas does what, decided alike by each of them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class Seat:
    """A replica, as it says itself that it is there."""

    name: str
    turn: int
    """Counts its signs of life; only its own process writes it."""
    members: frozenset[str]
    """The replicas, itself among them, between which it shares the work; empty: it does nothing yet."""
    seconds: float
    """How long one sign of life counts."""


def owner(members: Iterable[str], key: str) -> str:
    """Return which of the members a key belongs to; empty without any.

    The highest of random weights, which is what rendezvous hashing is: who joins takes its share evenly from all, what
    was whose leaves goes evenly to all, and nothing else moves.
    Source: Thaler and Ravishankar, https://www.eecs.umich.edu/techreports/cse/96/CSE-TR-316-96.pdf
    """
    return max(members, key=lambda member: (_weight(member, key), member), default="")


def _weight(member: str, key: str) -> bytes:
    return hashlib.blake2b(f"{member}\0{key}".encode(), digest_size=_BYTES).digest()
