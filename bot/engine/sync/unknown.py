"""What an Application's status says while nobody knows how its objects are: the words are Argo CD's.

Source: argo-cd `controller/state.go` (CompareAppState), `util/argo/argo.go` (ValidatePermissions)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.engine.conditions import conditions_of, conditions_saying, conditions_without
from bot.engine.signatures import REQUIRED

if TYPE_CHECKING:
    from bot.model.applications import Application
    from bot.model.resources import JsonObject

NOT_LOADED: Final = "Failed to load live state: "
"""Begins the condition of an application whose cluster does not answer."""
COMPARISON_ERROR: Final = "ComparisonError"
INVALID_SPEC: Final = "InvalidSpecError"
DISTRUSTED: Final = "distrusted"
"""Asks for a condition about signatures, of the type that comparisons have."""
_UNKNOWN: Final = "Unknown"


def unknown_patch(status: JsonObject | None, words: str, *, kind: str = COMPARISON_ERROR, now: str) -> JsonObject:
    """Return the fields of `.status` that say that nothing is known, and why; nothing where they say so already.

    What was known of each object stays as it was: whoever prunes later knows of it from there alone.
    """
    message = f"{NOT_LOADED}{words}" if kind == COMPARISON_ERROR else words
    kind = COMPARISON_ERROR if kind == DISTRUSTED else kind
    told = conditions_saying(status, _is_ours, kind=kind, words=message, now=now)
    if _says_unknown(status) and not told:
        return {}
    unknown = {"sync": {"status": _UNKNOWN}, "health": {"status": _UNKNOWN, "message": None}}
    return {**unknown, **told, "reconciledAt": now}


def known_patch(application: Application, *, invalid: str = "", now: str = "") -> JsonObject:
    """Return the conditions without those that `unknown_patch` writes; nothing where there are none.

    `invalid` is what is wrong with its project all the same, and kept from having any effect: a condition says so.
    """
    if invalid:
        return conditions_saying(application.status, _is_ours, kind=INVALID_SPEC, words=invalid, now=now)
    return conditions_without(application.status, _is_ours)


def reached_patch(application: Application) -> JsonObject:
    """Return the conditions without those about a cluster that does not answer; nothing where there are none."""
    return conditions_without(application.status, _is_of_a_cluster)


def is_unknown(status: JsonObject | None) -> bool:
    """Whether a status says that nothing is known because a cluster does not answer, or is not configured."""
    return _says_unknown(status) and any(map(_is_of_a_cluster, conditions_of(status)))


def _says_unknown(status: JsonObject | None) -> bool:
    sync = (status or {}).get("sync")
    return isinstance(sync, dict) and sync.get("status") == _UNKNOWN


def _is_of_a_cluster(condition: JsonObject) -> bool:
    kind = condition.get("type")
    return kind == INVALID_SPEC or (kind == COMPARISON_ERROR and str(condition.get("message")).startswith(NOT_LOADED))


def _is_ours(condition: JsonObject) -> bool:
    distrusted = condition.get("type") == COMPARISON_ERROR and str(condition.get("message")).startswith(REQUIRED)
    return distrusted or _is_of_a_cluster(condition)
