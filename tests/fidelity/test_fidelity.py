"""Whatever is changed, by whomever: what was predicted is what a sync does, byte for byte."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.fidelity.changes import Change, changes
from tests.fidelity.fleet import Fleet
from tests.fidelity.smallest import smallest
from tests.fidelity.verdict import differences


@pytest.mark.filterwarnings("ignore:Generating overly large repr")
@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],  # what differs is made smaller by what it is made of, see `smallest`
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
@given(st.lists(changes(), min_size=20, max_size=20))
def test_a_sync_does_what_its_preview_said(fleet: Fleet, several: list[Change]) -> None:
    outcomes = fleet.carry_out(several)
    found = [f"{words}\n{outcome.change}" for outcome in outcomes for words in differences(outcome)]
    if differing := next((outcome.change for outcome in outcomes if differences(outcome)), None):
        found.append(f"the first, as small as it was found to differ:\n{smallest(fleet, differing)}")
    assert not found, "\n".join(found)
