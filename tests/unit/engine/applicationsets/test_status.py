"""What an ApplicationSet says of itself."""

from __future__ import annotations

from bot.engine.applicationsets.status import DELETION_HELD, Outcome, conditions, resources, status_patch
from bot.model.resources import JsonObject

EARLY, LATE = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"


def said(found: list[JsonObject]) -> dict[str, tuple[str, str]]:
    return {one["type"]: (one["status"], one["reason"]) for one in found}


def test_conditions_are_argo_cds_when_all_is_well() -> None:
    found = conditions(None, Outcome(), now=EARLY)
    assert said(found) == {
        "ErrorOccurred": ("False", "ApplicationSetUpToDate"),
        "ParametersGenerated": ("True", "ParametersGenerated"),
        "ResourcesUpToDate": ("True", "ApplicationSetUpToDate"),
    }
    assert {one["lastTransitionTime"] for one in found} == {EARLY}


def test_what_cannot_be_generated_is_an_error_of_all_three() -> None:
    outcome = Outcome(("no revision gone",), "ApplicationGenerationFromParamsError", generated=False)
    found = conditions(None, outcome, now=EARLY)
    assert said(found) == {
        "ErrorOccurred": ("True", "ApplicationGenerationFromParamsError"),
        "ParametersGenerated": ("False", "ErrorOccurred"),
        "ResourcesUpToDate": ("False", "ApplicationGenerationFromParamsError"),
    }
    assert {one["message"] for one in found} == {"no revision gone"}


def test_a_condition_that_says_the_same_keeps_its_time() -> None:
    before = conditions(None, Outcome(), now=EARLY)
    assert conditions(before, Outcome(), now=LATE) == before
    held = {one["type"]: one for one in conditions(before, Outcome(("held",), DELETION_HELD), now=LATE)}
    assert held["ParametersGenerated"]["lastTransitionTime"] == EARLY
    assert held["ErrorOccurred"]["lastTransitionTime"] == LATE


def test_conditions_of_others_stay() -> None:
    other = {"type": "SomebodysOwn", "status": "True"}
    assert conditions([other], Outcome(), now=EARLY)[-1] == other


def test_many_problems_are_counted() -> None:
    assert Outcome(("first", "second", "third")).words == "first (and 2 more)"
    assert len(Outcome(("x" * 100_000,)).words) == 2_000


def test_resources_are_named_with_how_they_are() -> None:
    health = {"status": "Healthy"}
    web = {
        "metadata": {"name": "web", "namespace": "argocd"},
        "status": {"sync": {"status": "Synced"}, "health": health},
    }
    known = {"group": "argoproj.io", "version": "v1alpha1", "kind": "Application", "namespace": "argocd"}
    assert resources([web, {"metadata": {"name": "db", "namespace": "argocd"}}]) == [
        {**known, "name": "db"},
        {**known, "name": "web", "status": "Synced", "health": health},
    ]


def test_only_what_differs_is_written() -> None:
    there = {"status": {"resources": [{"name": "web"}], "conditions": []}}
    assert status_patch(there, {"resources": [{"name": "web"}], "conditions": []}) == {}
    assert status_patch(there, {"resources": []}) == {"resources": []}
    assert status_patch({}, {"resources": []}) == {}
