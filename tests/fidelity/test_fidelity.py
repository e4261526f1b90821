"""Whatever is changed, by whomever: what was predicted is what a sync does, byte for byte."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fidelity.changes import Change, changes
from tests.fidelity.fleet import Fleet
from tests.fidelity.verdict import differences


@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
@given(st.lists(changes(), min_size=20, max_size=20))
def test_a_sync_does_what_its_preview_said(fleet: Fleet, several: list[Change]) -> None:
    assert [words for outcome in fleet.carry_out(several) for words in differences(outcome)] == []
