"""Health rules in CEL: conditions in a fixed order over `object`, as `bot/engine/health/own.py` reads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import cel
from cel.stdlib import add_stdlib_to_context

from bot.errors import Rejected
from bot.model.health import Health
from bot.model.resources import JsonObject
from bot.repository.policies.cel import FAILURES, program, reason

_FIELDS: Final = ("metadata", "spec", "status")
"""Taken as empty where an object has none, so that `has(object.status.phase)` asks for the phase alone."""
_ORDER: Final = {
    "suspended": Health.SUSPENDED,
    "degraded": Health.DEGRADED,
    "healthy": Health.HEALTHY,
}


def judge(expressions: Mapping[str, str], obj: JsonObject) -> tuple[str, str]:
    """Return the health of the first expression that holds, and the words; Rejected says which one fails, and why."""
    variables = cel.Context({"object": {**{field: {} for field in _FIELDS}, **obj}})
    add_stdlib_to_context(variables)
    found = Health.PROGRESSING
    for name, health in _ORDER.items():
        holds = _value(expressions, name, variables)
        if not isinstance(holds, bool | None):
            raise Rejected(f"{name}: gives {type(holds).__name__}, not true or false")
        if holds:
            found = health
            break
    words = _value(expressions, "message", variables)
    return found.value, words if isinstance(words, str) else "" if words is None else str(words)


def _value(expressions: Mapping[str, str], name: str, variables: cel.Context) -> object:
    ready = program(expressions[name], name)
    if ready is None:
        return None
    try:
        return ready.execute(variables)
    except FAILURES as error:
        raise Rejected(f"{name}: {reason(error)}") from error
