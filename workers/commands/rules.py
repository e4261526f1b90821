"""What a repository's own configuration says of who may give commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.preview.configuration import FILE, Read, read
from workers.changes.landscape import Clone

if TYPE_CHECKING:
    from workers.changes.asked import Asked

_FRESH: Final = 3.0
"""Seconds for which a clone may be as it was: one comment may hold several commands."""


def rules(asked: Asked) -> tuple[Read, ...]:
    """Return what the default branch says, and what that says which the change is for, where it is there and another.

    All of them count: whoever may push makes a branch without any rules, and a change for it, in no time.
    """
    clone = Clone.fetched(asked.services, asked.repository, fresh_for=_FRESH)
    mirror, default, base = clone.mirror, clone.repository.default_branch, asked.change.base_branch
    branches = (default, base) if base != default and mirror.has_branch(base) else (default,)
    return tuple(read(mirror.read(mirror.tree_of(mirror.tip(one)), FILE)) for one in branches)
