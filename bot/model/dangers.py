"""What a reviewer must see before merging, as values a report is made of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a danger asks of a reviewer, the most first: the order is the rule."""

    CAUTION = "caution"
    """Data, service or the hold on who may do what can be lost: be sure."""
    WARNING = "warning"
    """Likely not what was meant, or harmful later."""
    NOTE = "note"
    """Good to know."""


@dataclass(frozen=True, slots=True)
class Danger:
    """One thing that a reviewer must have seen."""

    id: str
    """Stable, kebab-case, listed in docs/dangers.md: `volume-deleted`."""
    severity: Severity
    words: str
    """What is said about the object, without its name: `is deleted: 3 pods go away at once`."""
    subject: str = ""
    """Whom the words are about, where that is not the object they are found at: `Service shop/web`."""


@dataclass(frozen=True, slots=True)
class Demand:
    """An approval that a change takes, as there is a danger in it, before its status is green."""

    severity: Severity
    people: tuple[str, ...] = ()
    """Of whom one has to approve, `@ana` or `@acme/platform`; empty: somebody who may write."""
    unknown: str = ""
    """Why nobody knows of whom; until somebody does, nobody's counts."""


@dataclass(frozen=True, slots=True)
class ImageChange:
    """One container image that becomes another, in one application."""

    old: str
    new: str
    workloads: int
    """Objects in which it does."""
