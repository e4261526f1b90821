"""Tell of objects that a change renames or moves, at both of their places."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from bot.engine.hooks import is_hook
from bot.model.reports import Action
from bot.preview.moves import Piece, moves

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bot.model.predictions import ResourceStates
    from bot.model.reports import ApplicationReport, ResourceReport
    from bot.model.resources import ResourceKey
    from bot.preview.moves import Move

_LEAVES: Final = frozenset({Action.PRUNE, Action.ORPHAN})


def with_moves(
    predicted: Sequence[tuple[ApplicationReport, Mapping[ResourceKey, ResourceStates]]],
) -> list[ApplicationReport]:
    """Return the reports, in their order, with words at each object that is one thing with another."""
    removed = [piece for report, states in predicted for piece in _removed(report, states)]
    added = [piece for report, states in predicted for piece in _added(report, states)] if removed else []
    notes: dict[tuple[str, ResourceKey], str] = {}
    for move in moves(removed, added) if added else []:
        notes[move.old.application, move.old.key] = _old_words(move)
        notes[move.new.application, move.new.key] = move.words_of_new
    if not notes:
        return [report for report, _ in predicted]
    return [
        replace(report, resources=tuple(_noted(one, notes.get((report.name, one.key), "")) for one in report.resources))
        for report, _ in predicted
    ]


def _old_words(move: Move) -> str:
    if not move.is_same_object:
        return move.words_of_old
    return f"{move.words_of_old}; if {move.old.application} is synced first, it is deleted and then created again"


def _noted(report: ResourceReport, note: str) -> ResourceReport:
    return replace(report, note="; ".join(part for part in (note, report.note) if part)) if note else report


def _removed(report: ApplicationReport, states: Mapping[ResourceKey, ResourceStates]) -> Iterator[Piece]:
    for one in report.resources:
        base = states[one.key].base
        if one.action in _LEAVES and base is not None and not is_hook(base.manifest):
            yield Piece(report.name, base.manifest, report.cluster)


def _added(report: ApplicationReport, states: Mapping[ResourceKey, ResourceStates]) -> Iterator[Piece]:
    for one in report.resources:
        sides = states[one.key]
        if sides.base is None and sides.head is not None and not is_hook(sides.head.manifest):
            yield Piece(report.name, sides.head.manifest, report.cluster)
