"""What a status says while nobody knows how an application's objects are."""

from __future__ import annotations

from typing import Any

from bot.engine.sync.unknown import DISTRUSTED, INVALID_SPEC, is_unknown, known_patch, reached_patch, unknown_patch
from bot.model.applications import Application

OTHER = {"type": "UnknownHookWarning", "message": "odd"}
FAILED = {"type": "ComparisonError", "message": "cannot be rendered"}


def application(status: dict[str, Any] | None) -> Application:
    spec = {"destination": {"name": "prod"}, "source": {"repoURL": "https://git.example.com/shop", "path": "."}}
    return Application.parse({"metadata": {"name": "shop"}, "spec": spec, "status": status}, home="argocd")


def said(status: dict[str, Any] | None, words: str = "cannot reach prod", **how: str) -> dict[str, Any]:
    return unknown_patch(status, words, now="now", **how)


def test_sync_and_health_are_unknown_with_a_condition_that_says_why() -> None:
    patch = said({"conditions": [OTHER, FAILED], "resources": ["kept"]})
    assert (patch["sync"]["status"], patch["health"]["status"]) == ("Unknown", "Unknown")
    told = {"type": "ComparisonError", "message": "Failed to load live state: cannot reach prod"}
    assert patch["conditions"] == [OTHER, FAILED, {**told, "lastTransitionTime": "now"}]
    assert "resources" not in patch
    assert is_unknown(patch)


def test_what_is_said_already_is_not_said_again() -> None:
    status = said(None)
    assert said(status) == {}
    assert said(status, "cannot reach prod: it is refused")
    assert said(status, kind=INVALID_SPEC)["conditions"][0]["type"] == INVALID_SPEC


def test_once_it_is_known_again_only_that_is_taken_back() -> None:
    status = said({"conditions": [OTHER, FAILED]})
    assert known_patch(application(status)) == {"conditions": [OTHER, FAILED]}
    assert known_patch(application({"conditions": [FAILED]})) == {}
    assert not is_unknown({"sync": {"status": "Unknown"}, "conditions": [FAILED]})


def test_what_is_wrong_and_has_no_effect_is_said_beside_what_is_known() -> None:
    status = {"sync": {"status": "Synced"}, "conditions": [OTHER]}
    patch = known_patch(application(status), invalid="odd role", now="now")
    told = {"type": INVALID_SPEC, "message": "odd role", "lastTransitionTime": "now"}
    assert patch == {"conditions": [OTHER, told]}
    after = {**status, **patch}
    assert known_patch(application(after), invalid="odd role", now="later") == {}
    assert known_patch(application(after)) == {"conditions": [OTHER]}
    assert not is_unknown(after)


def test_that_a_cluster_answers_says_nothing_about_a_signature() -> None:
    words = "Signature required: commit abc1234 is not signed."
    distrusted = said({"conditions": [OTHER]}, words, kind=DISTRUSTED)
    told = [OTHER, {"type": "ComparisonError", "message": words, "lastTransitionTime": "now"}]
    assert distrusted["conditions"] == told
    assert reached_patch(application(distrusted)) == {}
    assert known_patch(application(distrusted)) == {"conditions": [OTHER]}
    assert reached_patch(application(said({"conditions": [OTHER]}))) == {"conditions": [OTHER]}
