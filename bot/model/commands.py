"""Commands: what somebody asks for in a comment, read from text that anybody may have written. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from bot.model.changes import Permission

PREFIX: Final = "/foresail"
"""What a command begins with, unless the operator has chosen another word."""
MOST: Final = 5
"""Commands of one comment that are carried out."""
_OURS: Final = "<!-- foresail"
"""How our own comments begin: with a person's token we write as a person, and must not obey what we quote."""
_LONGEST: Final = 1000
"""Characters a line with a command may have; a longer one is no command."""
_LONGEST_COMMENT: Final = 262_144
"""Characters of a comment that are read; GitHub takes 65,536, GitLab a million."""


class Verb(StrEnum):
    """Everything that can be asked for."""

    PREVIEW = "preview"
    DIFF = "diff"
    EXPLAIN = "explain"
    APPROVE = "approve"
    SYNC = "sync"
    HOLD = "hold"
    RELEASE = "release"
    CANCEL = "cancel"
    RETRY = "retry"
    ROLLBACK = "rollback"
    HELP = "help"


LEAST: Final[Mapping[Verb, Permission]] = MappingProxyType(
    {
        Verb.HELP: Permission.TRIAGE,
        Verb.EXPLAIN: Permission.TRIAGE,
        Verb.DIFF: Permission.TRIAGE,
        Verb.PREVIEW: Permission.TRIAGE,
        Verb.APPROVE: Permission.WRITE,
        Verb.SYNC: Permission.WRITE,
        Verb.HOLD: Permission.WRITE,
        Verb.RELEASE: Permission.WRITE,
        Verb.CANCEL: Permission.WRITE,
        Verb.RETRY: Permission.WRITE,
        Verb.ROLLBACK: Permission.WRITE,
    }
)
"""What somebody must be allowed on the forge when a command runs.

`read` is nothing: on a public repository everybody has it, and nobody there may have us predict and write for nothing.
`write` is what a merge takes, and a merge is what has anything synced.
"""


@dataclass(frozen=True, slots=True)
class Command:
    """One line of a comment that is meant for us."""

    verb: Verb | None
    """None: there is no such command."""
    words: tuple[str, ...]
    """What stands behind the verb."""
    text: str
    """The line."""

    @property
    def name(self) -> str:
        """The verb as it was written."""
        return next(iter(self.text.split()[1:]), Verb.HELP)

    @classmethod
    def of(cls, line: str) -> Command:
        """Read a line that begins with the prefix; nothing behind it asks for help."""
        name, *words = line.split()[1:] or [Verb.HELP]
        verb = Verb(name.lower()) if name.lower() in set(Verb) else None
        return cls(verb, tuple(words), " ".join(line.split()))


def commands_in(body: str, *, prefix: str = PREFIX) -> tuple[Command, ...]:
    """Return the commands of a comment in their order, no more than one beyond `MOST`.

    A command is a line of its own, at the beginning of the comment, below an empty line or below another command: what
    somebody quotes, shows as code or hides in HTML is none. Markdown may continue a quote or a span of code over a line
    end, and never over an empty line.
    """
    if body.startswith(_OURS):
        return ()
    found: list[Command] = []
    fresh = True
    for line in _shown(body[:_LONGEST_COMMENT]):
        fresh = fresh and _begins_with(line, prefix)
        if fresh:
            found.append(Command.of(line))
        fresh = fresh or not line.strip()
        if len(found) > MOST:
            break
    return tuple(found)


def _begins_with(line: str, prefix: str) -> bool:
    if len(line) > _LONGEST or _INDENTED.match(line):
        return False
    return [word.lower() for word in line.split(maxsplit=1)[:1]] == [prefix.lower()]  # a telephone writes /Foresail


_LINE_END: Final = re.compile(r"\r\n|\r|\n")
"""Where Markdown ends a line; Python's own idea has ends that nobody sees."""
_INDENTED: Final = re.compile(r" {4}| {0,3}\t")
_FENCE: Final = re.compile(r" {0,3}(?P<ticks>`{3,}(?=[^`]*\Z)|~{3,})")
_AS_IT_IS: Final = "pre|script|style|textarea"
_RAW: Final = (
    (
        re.compile(rf" {{0,3}}<(?:{_AS_IT_IS})(?:[\s>]|\Z)", re.IGNORECASE),
        re.compile(rf"</(?:{_AS_IT_IS})>", re.IGNORECASE),
    ),
    (re.compile(r" {0,3}<!--"), re.compile(r"-->")),
    (re.compile(r" {0,3}<\?"), re.compile(r"\?>")),
    (re.compile(r" {0,3}<!\[CDATA\["), re.compile(r"\]\]>")),
    (re.compile(r" {0,3}<![A-Za-z]"), re.compile(r">")),
)
"""HTML that goes on over empty lines, by how it begins and ends (https://spec.commonmark.org/0.31.2/#html-blocks)."""


def _shown(body: str) -> Iterator[str]:
    """Yield the lines that are neither code in a fence nor raw HTML; in place of those one that is no command."""
    end: re.Pattern[str] | None = None
    for line in _LINE_END.split(body):
        if end is not None:
            end = None if end.search(line) else end
            yield "-"
            continue
        if fence := _FENCE.match(line):
            ticks = fence["ticks"]
            end = re.compile(rf"\A {{0,3}}{ticks[0]}{{{len(ticks)},}}[ \t]*\Z")
        else:
            end = next((last for first, last in _RAW if first.match(line)), None)
            if end is not None and end.search(line):
                end = None
                yield "-"
                continue
        yield line if end is None else "-"
