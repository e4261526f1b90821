"""What is said about a commit beside a state and a line, on a forge that has room for more."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final, Self

MOST_ANNOTATIONS: Final = 50
"""What GitHub takes at once: https://docs.github.com/en/rest/checks/runs#create-a-check-run"""
SUMMARY: Final = 65_535
"""Bytes of a summary, by the same page."""


class Level(StrEnum):
    """How much an annotation asks of a reviewer, the most first, in GitHub's words."""

    FAILURE = "failure"
    WARNING = "warning"
    NOTICE = "notice"


class Button(StrEnum):
    """What can be asked for at a check; each is the command of that name."""

    SYNC = "sync"
    RETRY = "retry"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class Annotation:
    """A remark at lines of a file, as the head of the change has it."""

    path: str
    first: int
    """Number of the first line, from 1."""
    last: int
    level: Level
    title: str
    message: str


@dataclass(frozen=True, slots=True)
class Details:
    """What stands behind the one line."""

    summary: str = ""
    """Markdown of at most `SUMMARY` bytes; empty: the line says it all."""
    annotations: tuple[Annotation, ...] = ()
    buttons: tuple[Button, ...] = ()

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Self:
        """Read back what `to_json` returned."""
        notes = (Annotation(**{**one, "level": Level(one["level"])}) for one in found["annotations"])
        return cls(found["summary"], tuple(notes), tuple(map(Button, found["buttons"])))

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return asdict(self)
