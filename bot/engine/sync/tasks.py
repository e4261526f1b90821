"""What a sync has to do, in the order it does it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from bot.engine.order import SyncPhase

if TYPE_CHECKING:
    from bot.model.resources import JsonObject, ResourceKey


class Verb(StrEnum):
    """What is done about one object."""

    APPLY = "apply"
    PRUNE = "prune"
    KEEP = "keep"
    """An object that left Git but may not be deleted; recorded, not touched."""


@dataclass(frozen=True, slots=True)
class Task:
    """One object's turn in a sync."""

    key: ResourceKey
    verb: Verb
    phase: SyncPhase
    wave: int
    manifest: JsonObject
    """The target to apply, or the live object to delete."""
    hook: bool = False
    words: str = ""
    """Why an object is kept."""
