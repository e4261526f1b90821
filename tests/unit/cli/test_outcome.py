"""What a preview ends with."""

from __future__ import annotations

import pytest

from bot.cli.outcome import ExitCode, exit_code
from bot.model.reports import Action
from tests.unit.preview.samples import application, report, resource


@pytest.mark.parametrize("action", [action for action in Action if action is not Action.NOTHING])
def test_whatever_happens_to_an_object_is_a_change(action: Action) -> None:
    assert exit_code(report(application(resource(action=action)))) is ExitCode.CHANGES


def test_nothing_and_drift_alone_are_no_change() -> None:
    drifted = resource(action=Action.NOTHING, drift=Action.CHANGE)
    assert exit_code(report(application(drifted))) is exit_code(report()) is ExitCode.NOTHING


def test_what_is_predicted_to_fail_is_an_error() -> None:
    assert exit_code(report(application(resource(failure="no")))) is ExitCode.ERROR


def test_an_application_that_cannot_be_rendered_is_an_error() -> None:
    assert exit_code(report(application(failure="no"))) is ExitCode.ERROR


def test_a_conflict_is_an_error() -> None:
    assert exit_code(report(conflict=("a.yaml",))) is ExitCode.ERROR
