"""What the repository's own configuration says in the branches that decide about a change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.preview.configuration import FILE, Read, read
from workers.changes.landscape import Clone

if TYPE_CHECKING:
    from bot.model.changes import Change
    from bot.services import Services


def said_of(services: Services, change: Change, *, fresh_for: float = 0.0) -> tuple[Read, ...]:
    """Return what the default branch says, and what that says which the change is for, where it is there and another.

    Both count: whoever may push makes a branch without any rules, and a change for it, in no time. `fresh_for`: seconds
    for which the clone may be as it was.
    """
    clone = Clone.fetched(services, change.repository, fresh_for=fresh_for)
    default, base = clone.repository.default_branch, change.base_branch
    branches = (default, base) if base != default and clone.mirror.has_branch(base) else (default,)
    return tuple(said_on(clone, one) for one in branches)


def said_on(clone: Clone, branch: str) -> Read:
    """Return what a branch says."""
    return read(clone.mirror.read(clone.mirror.tree_of(clone.mirror.tip(branch)), FILE))
