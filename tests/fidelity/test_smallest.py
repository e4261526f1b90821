"""What remains of a change when all is left out that does not matter."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bot.model.resources import JsonObject
from tests.fidelity.changes import Change, Hand, Piece
from tests.fidelity.fleet import Fleet, Outcome
from tests.fidelity.smallest import simpler, smallest


def settings(name: str, *, labels: dict[str, str] | None = None, **data: str) -> JsonObject:
    metadata: dict[str, Any] = {"name": name} | ({"labels": labels} if labels else {})
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


LARGE = Change(
    (
        Piece(settings("one"), settings("one", new="a"), Hand.EDIT, settings("one", mine="b")),
        Piece(
            settings("two", labels={"app": "web"}, a="1", b="2", c="3"),
            settings("two", labels={"app": "api"}, a="1", b="4", c="3"),
            Hand.EDIT,
            settings("two", b="by hand"),
        ),
    ),
    option="Force=true,Prune=false",
    before="ServerSideApply=false",
    ignored={"jsonPointers": ["/data/a"]},
    namespace={"labels": {"team": "shop"}},
)


def test_all_that_is_simpler_lacks_something() -> None:
    found = list(simpler(LARGE))
    assert all(len(repr(one)) < len(repr(LARGE)) or one.pieces != LARGE.pieces for one in found)
    assert LARGE not in found
    assert replace(LARGE, pieces=LARGE.pieces[1:]) in found


def test_what_is_as_small_as_it_can_be_has_nothing_simpler() -> None:
    assert list(simpler(Change((Piece(None, {"kind": "ConfigMap"}, Hand.NOTHING, {}),), ""))) == []


def test_only_what_matters_remains(fleet: Fleet) -> None:
    def two_was_overwritten(outcome: Outcome) -> bool:
        return any(
            outcome.before[key]["data"].get("b") == "by hand" and obj["data"].get("b") == "4"
            for key, obj in outcome.after.items()
            if key in outcome.before and "data" in outcome.before[key] and "data" in obj
        )

    found = smallest(fleet, LARGE, two_was_overwritten)
    (piece,) = found.pieces
    assert (found.option, found.before, found.ignored, found.namespace) == ("", "", {}, {})
    assert (piece.head, piece.hand, piece.edited) == (settings("two", b="4"), Hand.EDIT, settings("two", b="by hand"))
