"""Which objects an application had when it was last looked at, by name only: what Git may have lost since."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.errors import Rejected
from bot.model.operations import OperationState
from bot.model.resources import JsonObject, ResourceKey

if TYPE_CHECKING:
    from bot.model.applications import Application


def recorded(application: Application) -> dict[ResourceKey, JsonObject]:
    """Return a bare object (apiVersion, kind, name) for everything in the application's status.

    The results of a last operation count too: one that was interrupted may have written what no comparison has seen.
    Whoever may write the Application may have written anything there: what names no object is left out.
    """
    status = application.status or {}
    listed = status.get("resources")
    entries = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    state = OperationState.of_status(status)
    if state is not None and not state.operation.dry_run:
        entries.extend(result.to_wire() for result in state.results if not result.hook)
    found: dict[ResourceKey, JsonObject] = {}
    for entry in entries:
        key = ResourceKey(*(str(entry.get(name) or "") for name in ("group", "kind", "namespace", "name")))
        obj = bare(key, version=str(entry.get("version") or ""))
        try:
            found.update({ResourceKey.of(obj): obj} if key.kind else {})
        except Rejected:
            continue  # an entry without a name is nobody's object
    return found


def bare(key: ResourceKey, *, version: str) -> JsonObject:
    """Return an object that only names another."""
    return {
        "apiVersion": f"{key.group}/{version}" if key.group else version,
        "kind": key.kind,
        "metadata": {"name": key.name, "namespace": key.namespace},
    }
