from __future__ import annotations

from typing import Any

import pytest

from bot.engine.health import assess
from bot.model.health import Health, HealthStatus
from bot.model.resources import JsonObject

WAITING = "Waiting for the controller to see the last change"


def custom(*conditions: Any, generation: int = 1, **status: Any) -> JsonObject:
    """Return an object of a kind that no rule is known for."""
    metadata = {"name": "x", "generation": generation}
    told = {"conditions": list(conditions), **status}
    return {"apiVersion": "example.com/v1", "kind": "Ship", "metadata": metadata, "status": told}


def told(kind: str, status: str, message: str = "", **more: Any) -> JsonObject:
    return {"type": kind, "status": status, "message": message, **more}


@pytest.mark.parametrize(
    ("obj", "health", "words"),
    [
        (custom(told("Ready", "True", "afloat")), Health.HEALTHY, "afloat"),
        (custom(told("Ready", "False", "being built")), Health.PROGRESSING, "being built"),
        (custom(told("Ready", "Unknown")), Health.PROGRESSING, "Ready is Unknown"),
        (custom(told("Stalled", "True", "no wood"), told("Ready", "False")), Health.DEGRADED, "no wood"),
        (custom(told("Reconciling", "True", "caulking"), told("Ready", "True")), Health.PROGRESSING, "caulking"),
        (custom(told("Reconciling", "True", "caulking")), Health.PROGRESSING, "caulking"),
        (custom(told("Reconciling", "False"), told("Stalled", "False")), Health.HEALTHY, "Ship reports no fault"),
        (custom(told("Ready", "True"), generation=2, observedGeneration=1), Health.PROGRESSING, WAITING),
        (custom(told("Ready", "True", observedGeneration=1), generation=2), Health.PROGRESSING, WAITING),
    ],
)
def test_a_kind_without_a_rule_is_judged_by_standard_conditions(obj: JsonObject, health: Health, words: str) -> None:
    assert assess(obj) == HealthStatus(health, words)


@pytest.mark.parametrize(
    "obj",
    [
        custom(),
        custom(told("Available", "False")),
        custom(observedGeneration=0, generation=3),
        custom("Ready"),
        custom({"type": "Ready", "status": True}),
        custom(told("Ready", "True"), observedGeneration=["x"]),
        {"apiVersion": "example.com/v1", "kind": "Ship", "status": "Ready"},
    ],
)
def test_a_kind_without_standard_conditions_has_no_health(obj: JsonObject) -> None:
    assert assess(obj) is None
