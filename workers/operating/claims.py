"""Who works on an operation now: a claim on the Application itself, which outlives Redis and ends by itself."""

from __future__ import annotations

import functools
import os
import socket
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from bot.model.applications import Application
    from bot.services import Services

CLAIM: Final = "foresail.dev/claim"
"""Annotation on an Application: `<worker> <Unix seconds until when>`."""


@functools.cache
def _name_of(process: int) -> str:
    """Return what one process of this machine is called in its claims; a fork of it is somebody else."""
    return f"{socket.gethostname()}-{process}-{uuid.uuid4().hex[:8]}"


@dataclass(frozen=True, slots=True)
class Claim:
    """A worker's word that it is at it; nobody else acts before it runs out."""

    holder: str
    until: float
    """Unix seconds."""

    @classmethod
    def mine(cls, *, until: float) -> Claim:
        """Return a claim of this process."""
        return cls(_name_of(os.getpid()), until)

    @classmethod
    def parse(cls, value: str) -> Claim | None:
        """Read the annotation; None when it is not there or nonsense."""
        holder, _, until = value.rpartition(" ")
        try:
            return cls(holder, float(until)) if holder else None
        except ValueError:
            return None

    def __str__(self) -> str:
        """Return the annotation's value."""
        return f"{self.holder} {self.until:.3f}"

    def blocks(self, *, now: float, longest: float) -> bool:
        """Whether somebody else is at it; nobody can claim for more than `longest` seconds, whatever stands there."""
        return self.holder != _name_of(os.getpid()) and now < self.until <= now + longest


def is_claimed(services: Services, application: Application) -> bool:
    """Whether somebody else may be at work on an application."""
    claim = Claim.parse(application.annotation(CLAIM))
    longest = 2 * services.settings.claim_seconds
    return claim is not None and claim.blocks(now=services.clock.now(), longest=longest)
