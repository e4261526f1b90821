"""What the API server says an apply would do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from bot.model.resources import JsonObject, ResourceKey

Pointer: TypeAlias = "list[str | int]"
"""Names of fields and positions in lists, from an object's root."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The API server would not take an object; the words are its own."""

    message: str
    code: int
    reason: str = ""
    """Kubernetes' word for programs: `Invalid`, `Forbidden`, `NotFound`; or ours, `UnknownKind`."""
    immutable_fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Prediction:
    """One manifest and what applying it would leave in the cluster."""

    manifest: JsonObject
    result: JsonObject | None
    """The object as the server would hold it; None when it refuses."""
    refusal: Refusal | None = None
    estimated: str = ""
    """Why `result` is not the server's answer; empty when it is."""
    doubt: str = ""
    """Why the server's answer may be another by the time it is asked for real."""
    varying: Sequence[Pointer] = ()
    """Where the manifest is another each time that it is rendered; an empty place stands for all of it."""


@dataclass(frozen=True, slots=True)
class ResourceStates:
    """Everything known about one object of one application on both sides of a change."""

    key: ResourceKey
    live: JsonObject | None
    """None also for an object that is being deleted: whatever happens to it now goes away with it."""
    base: Prediction | None
    """Without the change; None when the target branch does not have the object."""
    head: Prediction | None
    """With the change; None when the merge result does not have it."""
    ending: JsonObject | None = None
    """The live object that is being deleted right now."""
    recorded: bool = False
    """Whether the application had the object when it was last looked at."""
