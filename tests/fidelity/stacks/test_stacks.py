"""Five stacks as people run them, each with ten changes as people make them: what is predicted is what is done."""

from __future__ import annotations

import pytest

from tests.fidelity.stacks import database_operator, ingress_controller, monitoring, platform, service_mesh
from tests.fidelity.stacks.estate import Estate, surprises, told
from tests.fidelity.stacks.table import Stack

STACKS = [one.STACK for one in (ingress_controller, monitoring, database_operator, platform, service_mesh)]


@pytest.mark.parametrize("stack", STACKS, ids=lambda stack: stack.folder.name)
def test_what_is_predicted_of_a_stack_is_what_is_done(estate: Estate, stack: Stack) -> None:
    outcomes = estate.carry_out_stack(stack)

    reports = {name: [one.report for one in several if one.report is not None] for name, several in outcomes.items()}
    assert {name: told(several) for name, several in reports.items()} == {
        change.name: change.expected for change in stack.changes
    }
    assert [words for several in outcomes.values() for one in several for words in surprises(one)] == []
