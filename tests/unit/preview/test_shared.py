"""One status for the changes that share a head: the worst, with whose it is."""

from __future__ import annotations

import pytest

from bot.model.changes import StatusState
from bot.model.reports import STATUS_LENGTH, Outcome
from bot.preview.shared import is_shared, together

FINE = Outcome(StatusState.SUCCESS, "Merging changes nothing in any cluster")
WAITING = Outcome(StatusState.PENDING, "predicting what merging this changes")
BROKEN = Outcome(StatusState.FAILURE, "1 resource predicted to fail")
LOST = Outcome(StatusState.ERROR, "internal error")


def test_a_change_alone_is_told_as_it_is() -> None:
    assert together({4: BROKEN}) == BROKEN
    assert not is_shared(BROKEN.description)


@pytest.mark.parametrize(
    ("outcomes", "state", "words"),
    [
        ({5: FINE, 4: BROKEN}, StatusState.FAILURE, "#4 fails: 1 resource predicted to fail"),
        ({5: WAITING, 4: BROKEN}, StatusState.FAILURE, "#4 fails: 1 resource predicted to fail"),
        ({5: LOST, 4: WAITING}, StatusState.ERROR, "#5 has no preview: internal error"),
        ({5: FINE, 4: WAITING}, StatusState.PENDING, "#4 is not predicted yet: predicting what merging this changes"),
        ({5: BROKEN, 4: BROKEN}, StatusState.FAILURE, "#4, #5 fail: 1 resource predicted to fail"),
        ({5: FINE, 4: FINE}, StatusState.SUCCESS, f"#4: {FINE.description}; #5: {FINE.description}"),
    ],
)
def test_the_worst_stands_and_names_whose_it_is(outcomes: dict[int, Outcome], state: StatusState, words: str) -> None:
    found = together(outcomes)
    assert (found.state, found.description) == (state, f"2 changes have this commit: {words}")
    assert is_shared(found.description)


def test_it_fits_into_a_status() -> None:
    many = {number: Outcome(StatusState.FAILURE, "x" * 140) for number in range(100_000, 100_100)}
    assert len(together(many).description) == STATUS_LENGTH
