"""What an Application remembers of its syncs, and whether one of them can be gone back to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from bot.model.applications import Source

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.model.applications import Application
    from bot.model.resources import JsonObject


def entries_of(application: Application) -> list[JsonObject]:
    """Return the syncs that are remembered, oldest first."""
    history = (application.status or {}).get("history")
    return [entry for entry in history if isinstance(entry, dict)] if isinstance(history, list) else []


def each_revision(entry: JsonObject) -> tuple[str, ...]:
    """Return the revision of each source, of one alone its own."""
    several = entry.get("revisions")
    if isinstance(several, list) and several:
        return tuple(map(str, several))
    return (str(entry["revision"]),) if entry.get("revision") else ()


def last_without(application: Application, has: Callable[[str], bool]) -> JsonObject | None:
    """Return the newest sync of which no revision has something, None when none is remembered."""
    found = (one for one in reversed(entries_of(application)) if each_revision(one))
    return next((one for one in found if not any(map(has, each_revision(one)))), None)


def is_of_the_same_sources(application: Application, entry: JsonObject) -> bool:
    """Whether a sync was of the sources that the Application has now, at whatever revision."""
    several = entry.get("sources")
    recorded = several if isinstance(several, list) and several else [entry.get("source")]
    try:
        before = [Source.model_validate(one) for one in recorded if isinstance(one, dict) and one]
    except ValidationError:
        return False
    now = application.spec.sources or (application.spec.source,)
    return not before or [_anywhen(one) for one in before] == [_anywhen(one) for one in now if one]


def _anywhen(source: Source) -> Source:
    return source.model_copy(update={"target_revision": ""})
