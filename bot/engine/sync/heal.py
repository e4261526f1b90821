"""Whether what somebody changed by hand is put back, and when.

Source: argo-cd `controller/appcontroller.go` (`autoSync`, `selfHealRemainingBackoff`).
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from bot.model.operations import OperationState, Phase
from bot.model.resources import metadata_of

if TYPE_CHECKING:
    from bot.model.applications import Application
    from bot.model.resources import JsonObject

_FIRST: Final = 2.0
"""Seconds between the first time that something is put back and the second; the first comes at once."""
_FACTOR: Final = 3
_LONGEST: Final = 300.0
"""Seconds after which the next attempt comes, however often somebody has changed it again."""
_STEPS: Final = 8
"""Attempts from which on the wait is the longest."""


def heals_at(application: Application) -> float | None:
    """Return from when on, in Unix seconds, what differs may be put back; None when a person has to look.

    That is where syncs, or healing, are not automated, and where the last operation did not end well: what it could not
    do would fail again.
    """
    automated = application.spec.sync_policy.automated
    last = OperationState.last_sync(application.status)
    if automated is None or not (application.automated and automated.self_heal) or application.deleting:
        return None
    if last is None or last.phase is not Phase.SUCCEEDED or not last.finished_at:
        return None
    return datetime.fromisoformat(last.finished_at).timestamp() + _wait(last.operation.heals)


def who_changed(live: JsonObject, *, manager: str) -> str:
    """Return which field manager but `manager` wrote an object last, its status apart; empty when none did."""
    entries = metadata_of(live).get("managedFields")
    others = [
        (str(entry.get("time") or ""), str(entry.get("manager") or ""))
        for entry in (entries if isinstance(entries, list) else [])
        if isinstance(entry, dict) and entry.get("manager") != manager and not entry.get("subresource")
    ]
    return max(others, default=("", ""))[1]


def is_last_written_by(live: JsonObject, manager: str) -> bool:
    """Whether `manager` alone wrote an object last, its status apart; False when nobody knows."""
    entries = metadata_of(live).get("managedFields")
    writes = [
        (str(entry.get("time") or ""), entry.get("manager"))
        for entry in (entries if isinstance(entries, list) else [])
        if isinstance(entry, dict) and not entry.get("subresource")
    ]
    last = max((time for time, _ in writes), default="")
    return {manager} == {who for time, who in writes if time == last}


def _wait(heals: int) -> float:
    """Return the seconds after the last operation: none, 2, 6, 18, … for one who keeps changing the same thing."""
    return min(_LONGEST, _FIRST * _FACTOR ** (min(heals, _STEPS) - 1)) if heals else 0.0
