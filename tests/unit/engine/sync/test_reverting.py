"""What an Application says of a revision that is taken back in Git, so that it is done once."""

from __future__ import annotations

from typing import Any

import pytest

from bot.engine.sync.reverting import DUE, due_since, is_due, is_told, settled_patch, told_patch
from bot.engine.sync.rollback import GoingBack, going_back, window_of
from bot.errors import Rejected
from tests.unit.engine.sync.test_rollback import AT, BAD, GOOD, SUNK, application, ended

OTHER = {"type": "UnknownHookWarning", "message": "odd"}
NOW = "2026-01-02T03:05:00Z"


def back(window: str = "10m revert") -> GoingBack:
    found = going_back(application(GOOD, BAD, window=window), ended(), SUNK, now=AT + 1)
    assert found is not None
    return found


def said(words: str) -> dict[str, Any]:
    return told_patch({"conditions": [OTHER]}, back(), words, now=NOW)


def test_an_application_says_how_it_is_taken_back() -> None:
    assert back().in_git
    assert not back("10m").in_git
    assert window_of(application(window="10m revert")) == window_of(application(window="10m")) == 600.0
    assert (back().bad.revision, back().why) == (BAD, "degraded: ConfigMap boat: it is sunk")


@pytest.mark.parametrize("window", ["10m reverts", "10m revert now", "revert", "revert 10m", "10m, revert"])
def test_what_is_asked_for_in_other_words_is_refused(window: str) -> None:
    with pytest.raises(Rejected, match="no duration"):
        window_of(application(window=window))


def test_what_is_done_is_said_once_beside_what_others_say() -> None:
    patch = said("acme/shop#8 reverts it")
    told = f"{BAD[:12]} degraded: ConfigMap boat: it is sunk: acme/shop#8 reverts it"
    assert patch == {"conditions": [OTHER, {"type": "AutoRollback", "message": told, "lastTransitionTime": NOW}]}
    assert told_patch(patch, back(), "acme/shop#8 reverts it", now="later") == {}
    assert (is_told(patch, BAD), is_told(patch, GOOD), is_due(patch), due_since(patch)) == (True, False, False, None)


def test_what_is_to_be_done_is_known_with_the_time_of_it() -> None:
    patch = said(DUE)
    assert is_due(patch)
    assert due_since(patch) == AT + 55
    assert due_since({"conditions": [{"type": "AutoRollback", "message": DUE, "lastTransitionTime": "odd"}]}) is None


def test_it_is_no_longer_said_once_another_revision_was_synced_or_nothing_is_to_be_done() -> None:
    done, due = said("acme/shop#8 reverts it"), said(DUE)
    assert settled_patch(done, BAD, due=False) == settled_patch(due, BAD, due=True) == {}
    assert settled_patch(done, GOOD, due=True) == {"conditions": [OTHER]}
    assert settled_patch(due, BAD, due=False) == {"conditions": [OTHER]}
    assert settled_patch({"conditions": [OTHER]}, BAD, due=True) == {}
