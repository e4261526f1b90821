"""Conditions of an Application's status: of those that one rule writes there is one at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from bot.model.resources import JsonObject

Ours: TypeAlias = Callable[[JsonObject], bool]
"""Whether a condition is one that a rule writes; the others it leaves alone."""


def conditions_of(status: JsonObject | None) -> list[JsonObject]:
    """Return the conditions of a status, whatever else somebody has put there."""
    listed = (status or {}).get("conditions")
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def conditions_without(status: JsonObject | None, ours: Ours) -> JsonObject:
    """Return a merge patch of `.status` that takes ours away; empty where there is none."""
    conditions = conditions_of(status)
    others = [one for one in conditions if not ours(one)]
    return {"conditions": others} if others != conditions else {}


def conditions_saying(status: JsonObject | None, ours: Ours, *, kind: str, words: str, now: str) -> JsonObject:
    """Return a merge patch of `.status` after which ours is this one; empty where it is so already."""
    conditions = conditions_of(status)
    if [(one.get("type"), one.get("message")) for one in conditions if ours(one)] == [(kind, words)]:
        return {}
    others = [one for one in conditions if not ours(one)]
    return {"conditions": [*others, {"type": kind, "message": words, "lastTransitionTime": now}]}
