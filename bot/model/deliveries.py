"""How a merge is carried out: one application after the other on its way to the commit that it made."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class DeliveryState(StrEnum):
    """How far a merge has come in one application."""

    WAITING = "waiting"
    """A sync policy or a window says: not now, or not without a person."""
    HELD = "held"
    """Foresail itself stopped it and asks a person: it would delete too much."""
    QUEUED = "queued"
    SYNCING = "syncing"
    PROGRESSING = "progressing"
    """Applied, not healthy yet."""
    HEALTHY = "healthy"
    FAILED = "failed"
    SUPERSEDED = "superseded"
    """A later commit took its place before it was done."""
    DELETED = "deleted"
    """Somebody deleted the Application before it was done."""

    @property
    def final(self) -> bool:
        """Whether nothing more will happen to this delivery."""
        return self in {
            DeliveryState.HEALTHY,
            DeliveryState.FAILED,
            DeliveryState.SUPERSEDED,
            DeliveryState.DELETED,
        }


@dataclass(frozen=True, slots=True)
class Delivery:
    """One application on its way to a merge commit."""

    application: str
    where: str
    state: DeliveryState
    words: str = ""
    """What it waits for, or the object that failed and its message."""
    seconds: float | None = None
    """From the merge to a final state."""
    revision: str = ""
    as_predicted: bool | None = None
    """Whether what was written is what the preview said; None while that is not known."""
    differences: tuple[str, ...] = ()
    """Where it is not, one sentence each."""


@dataclass(frozen=True, slots=True)
class Epilogue:
    """What happened after a change was merged."""

    merge_sha: str
    deliveries: tuple[Delivery, ...]
