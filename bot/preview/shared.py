"""One status for every open change that has the same head: a forge keeps statuses by commit, not by change.

A check that is required is required by its context's name, so that a context for each change could guard none of them.
What stands is the worst: a change may wait for another's repair, but none is green because another one is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bot.model.changes import StatusState
from bot.model.reports import STATUS_LENGTH, Outcome
from bot.preview.inert import clipped

if TYPE_CHECKING:
    from collections.abc import Mapping

_WORST_FIRST: Final = (StatusState.FAILURE, StatusState.ERROR, StatusState.PENDING, StatusState.SUCCESS)
_VERBS: Final = {
    StatusState.FAILURE: ("fails", "fail"),
    StatusState.ERROR: ("has no preview", "have no preview"),
    StatusState.PENDING: ("is not predicted yet", "are not predicted yet"),
}
_SHARED: Final = re.compile(r"\d+ changes have this commit: ")


def together(outcomes: Mapping[int, Outcome], *, mark: str = "#") -> Outcome:
    """Return what a commit's status says, from the outcome of each change (by number) that has it.

    `mark` stands before a change's number.
    """
    if len(outcomes) == 1:
        return next(iter(outcomes.values()))
    worst = min((one.state for one in outcomes.values()), key=_WORST_FIRST.index)
    words = f"{len(outcomes)} changes have this commit: {_words(worst, outcomes, mark)}"
    return Outcome(worst, clipped(words, STATUS_LENGTH))


def _words(worst: StatusState, outcomes: Mapping[int, Outcome], mark: str) -> str:
    numbers = sorted(number for number, one in outcomes.items() if one.state is worst)
    if worst is StatusState.SUCCESS:
        return "; ".join(f"{mark}{number}: {outcomes[number].description}" for number in numbers)
    named, verb = ", ".join(f"{mark}{number}" for number in numbers), _VERBS[worst][len(numbers) > 1]
    return f"{named} {verb}: {outcomes[numbers[0]].description}"


def is_shared(description: str) -> bool:
    """Whether a status speaks of more than one change."""
    return _SHARED.match(description) is not None
