"""Changes to predict and to carry out: what Git has before and after, and what hands do to the cluster meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from hypothesis import strategies as st

from bot.model.resources import JsonObject
from tests.fidelity.kinds import KINDS

_APPLICATION_OPTIONS: Final = ("", "Prune=false", "Replace=true", "Force=true")
_OBJECT_OPTIONS: Final = ("", "Prune=false", "Replace=true", "Force=true", "Validate=false")


class Hand(StrEnum):
    """What a person does to an object by hand, after the sync of the base and before the preview."""

    NOTHING = "nothing"
    EDIT = "edit"
    DELETE = "delete"
    CREATE = "create"


@dataclass(frozen=True, slots=True)
class Piece:
    """One object's part in a change; its name is that of its kind."""

    base: JsonObject | None
    head: JsonObject | None
    hand: Hand
    edited: JsonObject
    """What a hand makes of it."""


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to one application."""

    pieces: tuple[Piece, ...]
    option: str
    """Of the application's sync options."""


@st.composite
def _pieces(draw: st.DrawFn, number: int) -> Piece:
    kind = KINDS[number]
    name = kind.__name__.replace("_", "-")
    strategy = kind(name)
    base = draw(st.one_of(strategy, st.none()))
    head = draw(st.one_of(strategy, st.just(base), st.none())) if base else draw(strategy)
    if head is not None:
        option = draw(st.sampled_from(_OBJECT_OPTIONS))
        head = _annotated(head, option)
    hand = draw(
        st.sampled_from((Hand.NOTHING, Hand.NOTHING, Hand.EDIT, Hand.DELETE) if base else (Hand.NOTHING, Hand.CREATE))
    )
    return Piece(base, head, hand, draw(strategy) if hand in {Hand.EDIT, Hand.CREATE} else {})


def changes() -> st.SearchStrategy[Change]:
    """Draw a change of one to three objects of different kinds."""
    numbers = st.lists(st.integers(0, len(KINDS) - 1), min_size=1, max_size=3, unique=True)
    pieces = numbers.flatmap(lambda chosen: st.tuples(*map(_pieces, chosen)))
    return st.builds(Change, pieces, st.sampled_from(_APPLICATION_OPTIONS))


def _annotated(manifest: JsonObject, option: str) -> JsonObject:
    if not option:
        return manifest
    metadata: dict[str, Any] = manifest["metadata"]
    annotations = {**metadata.get("annotations", {}), "argocd.argoproj.io/sync-options": option}
    return {**manifest, "metadata": {**metadata, "annotations": annotations}}
