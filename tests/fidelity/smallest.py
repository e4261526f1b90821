"""The smallest change that shows what a larger one has shown: what a person reads where the suite fails.

Hypothesis shrinks one example after the other, and here each is twenty changes and takes seconds. So changes are made
smaller by what they are made of, and all that are smaller by one step are carried out at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any, Final

from bot.model.resources import JsonObject
from tests.fidelity.changes import Change, Hand, Piece
from tests.fidelity.fleet import Fleet, Outcome
from tests.fidelity.verdict import differences

_AT_ONCE: Final = 20
_BATCHES: Final = 15
"""Batches until it is small enough, about six seconds each."""
_DEEPEST: Final = 4
"""Steps to a field that is left out by itself."""
_KEPT: Final = frozenset({("apiVersion",), ("kind",), ("metadata",), ("metadata", "name")})


def smallest(fleet: Fleet, change: Change, differs: Callable[[Outcome], object] = differences) -> Change:
    """Return a change that still differs, and of which nothing can be left out; or so far as that is found soon."""
    left, rest = _BATCHES, simpler(change)
    while left and (several := list(islice(rest, _AT_ONCE))):
        left -= 1
        found = next((outcome.change for outcome in fleet.carry_out(several) if differs(outcome)), None)
        if found is not None:
            change, rest = found, simpler(found)
    return change


def simpler(change: Change) -> Iterator[Change]:
    """Yield all changes with one thing less, those that lack the most first."""
    if len(change.pieces) > 1:
        for place in range(len(change.pieces)):
            yield replace(change, pieces=change.pieces[:place] + change.pieces[place + 1 :])
    plain = (replace(change, option=""), replace(change, before=""))
    lacking = (*plain, replace(change, ignored={}), replace(change, namespace={}))
    yield from (lesser for lesser in lacking if lesser != change)
    if "," in change.option:
        yield from (replace(change, option=option) for option in change.option.split(","))
    for place, piece in enumerate(change.pieces):
        for lesser_piece in _pieces(piece):
            yield replace(change, pieces=(*change.pieces[:place], lesser_piece, *change.pieces[place + 1 :]))


def _pieces(piece: Piece) -> Iterator[Piece]:
    if piece.hand is not Hand.NOTHING:
        yield replace(piece, hand=Hand.NOTHING, edited={})
    if piece.base is not None and piece.head is not None:
        if piece.base != piece.head:
            yield replace(piece, head=piece.base)
        yield replace(piece, base=None)
    for path in dict.fromkeys(path for side in (piece.base, piece.head, piece.edited) for path in _paths(side or {})):
        base, head = (side and _without(side, path) for side in (piece.base, piece.head))
        yield Piece(base, head, piece.hand, _without(piece.edited, path))
    yield from (replace(piece, base=_without(piece.base or {}, path)) for path in _paths(piece.base or {}))
    yield from (replace(piece, head=_without(piece.head or {}, path)) for path in _paths(piece.head or {}))
    yield from (replace(piece, edited=_without(piece.edited, path)) for path in _paths(piece.edited))


def _paths(value: Any, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the fields that may be left out, whole ones before what is in them."""
    if not isinstance(value, dict) or len(above) == _DEEPEST:
        return
    for name in value:
        if (*above, name) not in _KEPT:
            yield *above, name
    for name, below in value.items():
        yield from _paths(below, (*above, name))


def _without(value: JsonObject, path: tuple[str, ...]) -> JsonObject:
    name, *below = path
    if name not in value:
        return value
    if not below:
        return {key: one for key, one in value.items() if key != name}
    return {**value, name: _without(value[name], tuple(below))} if isinstance(value[name], dict) else value
