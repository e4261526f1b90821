"""What goes away, and whether that is because of the change: pruning turned on, and applications that are deleted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.engine.writes import Writes
from bot.model.reports import Action
from bot.model.resources import JsonObject
from tests.unit.preview.test_attribution import KEEPING, OURS, accepted, actions, added, held, make, report

CASCADING = replace(KEEPING, cascades=True)
TURNED_ON = replace(OURS, base_prunes=False)


def test_what_only_syncs_with_the_change_prune_is_an_effect() -> None:
    found = report(live=held(make()), by=TURNED_ON)

    assert actions(found) == (Action.PRUNE, Action.NOTHING)
    assert "-  version: 1" in added(found.effect_diff)
    assert found.drift_diff == ""
    assert found.note == "is not in Git on either side"


def test_what_an_option_spared_before_is_an_effect() -> None:
    by = replace(OURS, base_writes=Writes(("Prune=false",)))

    assert actions(report(live=held(make()), by=by)) == (Action.PRUNE, Action.NOTHING)


def test_what_is_pruned_with_or_without_the_change_is_drift() -> None:
    assert actions(report(live=held(make()), by=replace(OURS, base_prunes=True))) == (Action.NOTHING, Action.PRUNE)


def test_pruning_turned_on_spares_what_says_so() -> None:
    found = report(live=held(make(sync_options="Prune=false")), by=TURNED_ON)

    assert actions(found) == (Action.NOTHING, Action.ORPHAN)


@pytest.mark.parametrize("live", [held(make()), held(make(sync_options="Prune=false"))])
def test_all_that_a_deleted_application_manages_goes_with_it(live: JsonObject) -> None:
    assert report(live=live, base=accepted(make()), by=CASCADING).action is Action.PRUNE
    assert actions(report(live=live, by=CASCADING)) == (Action.PRUNE, Action.NOTHING)


def test_what_is_not_to_be_deleted_outlives_its_application() -> None:
    helms = make()
    helms["metadata"]["annotations"]["helm.sh/resource-policy"] = "keep"
    for live in (held(make(sync_options="Delete=false")), held(helms)):
        assert report(live=live, base=accepted(make()), by=CASCADING).action is Action.ORPHAN


def test_an_objects_word_on_deletion_wins_over_its_applications() -> None:
    by = replace(CASCADING, writes=Writes(("Delete=false",)))

    assert report(live=held(make()), base=accepted(make()), by=by).action is Action.ORPHAN
    live = held(make(sync_options="Delete=confirm"))
    found = report(live=live, base=accepted(make()), by=by)
    assert found.action is Action.PRUNE
    assert "the deletion waits until a person approves" in found.note
