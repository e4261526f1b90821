"""What forges take in a commit status, and how texts are cut to that. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from bot.model.changes import CommitStatus

CONTEXT: Final = 255
"""Characters; GitHub's answer to a longer one is `context is too long (maximum is 255 characters)`, as is GitLab's."""
_DIGEST: Final = 8


def description(text: str, *, longest: int) -> str:
    """Return `text` on one line, cut at a word where it has more than `longest` characters."""
    line = " ".join(text.split())
    if len(line) <= longest:
        return line
    kept = line[: longest - 1]
    if line[longest - 1] != " ":
        kept = kept.rpartition(" ")[0] or kept
    return f"{kept.rstrip()}…"


def context(text: str) -> str:
    """Return `text`; a too long one is cut, and a digest keeps it different from its neighbours."""
    if len(text) <= CONTEXT:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()[:_DIGEST]
    return f"{text[: CONTEXT - _DIGEST - 1]}…{digest}"


def status(wanted: CommitStatus, *, longest: int) -> CommitStatus:
    """Return a status as a forge takes it whose descriptions have at most `longest` characters."""
    return replace(
        wanted, context=context(wanted.context), description=description(wanted.description, longest=longest)
    )
