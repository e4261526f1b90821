"""Answers: what became of a command, and the record that is kept of it where it was asked. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command came to."""

    done: bool
    """False: it was refused, and the words say why and what to do."""
    words: str = ""
    """Sentences; empty where a reaction says enough."""
    details: str = ""
    """Markdown to stand below the words, made of inert text alone."""
    approves: str = ""
    """Whole id of the head of a change that may be rendered from now on."""
    previews: bool = False
    """Whether the change is to be previewed once the answer stands."""


@dataclass(frozen=True, slots=True)
class Record:
    """Who asked for what, when, at which commit, and what came of it."""

    comment_id: int
    line: int
    """Which of the comment's commands it was, from 0."""
    at: str
    """RFC 3339, UTC, whole seconds."""
    author: str
    text: str
    """The command."""
    head: str
    """The head of the change when the command ran."""
    done: bool
    words: str
    approves: str = ""

    @property
    def key(self) -> tuple[int, int]:
        """What tells it from every other."""
        return self.comment_id, self.line

    @property
    def order(self) -> tuple[str, int, int]:
        """By what records are sorted, oldest first; comments are numbered as they are written."""
        return self.at, *self.key

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return asdict(self)

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Self:
        """Read back what `to_json` returned; TypeError or KeyError for anything else."""
        return cls(**{field.name: found[field.name] for field in fields(cls)})
