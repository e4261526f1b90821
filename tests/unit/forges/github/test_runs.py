"""Check runs as they are read."""

from __future__ import annotations

from typing import Any

import pytest

from bot.forges.github.payload import BadAnswer, Payload
from bot.forges.github.runs import newest
from bot.model.changes import StatusState


def run(**fields: Any) -> Payload:
    told = {"id": 7, "name": "foresail/sync", "output": {"title": "words"}, "started_at": "2026-01-01T00:00:10Z"}
    return Payload({**told, "external_id": "", "status": "completed", **fields}, wrong=BadAnswer)


@pytest.mark.parametrize(
    ("conclusion", "state"),
    [
        ("success", StatusState.SUCCESS),
        ("neutral", StatusState.SUCCESS),
        ("cancelled", StatusState.ERROR),
        ("timed_out", StatusState.ERROR),
        ("stale", StatusState.PENDING),
        (None, StatusState.PENDING),
    ],
)
def test_a_conclusion_is_a_state(conclusion: str | None, state: StatusState) -> None:
    (found,) = newest([run(conclusion=conclusion)]).values()
    assert (found.status.state, found.status.description, found.ended) == (state, "words", True)


def test_a_conclusion_that_nobody_knows_makes_no_sense() -> None:
    with pytest.raises(BadAnswer, match="conclusion must be"):
        newest([run(conclusion="excellent")])


def test_the_newest_of_a_name_counts() -> None:
    found = newest([run(id=9, output={"title": None}), run(id=8)])
    assert {name: one.id for name, one in found.items()} == {"foresail/sync": 9}
