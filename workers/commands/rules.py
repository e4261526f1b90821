"""What a repository's own configuration says of who may give commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.preview.configuration import FILE, Read, read
from workers.changes.landscape import Clone

if TYPE_CHECKING:
    from workers.changes.asked import Asked

_FRESH: Final = 3.0
"""Seconds for which a clone may be as it was: one comment may hold several commands."""


def rules(asked: Asked) -> Read:
    """Return what the branch says that the change is for; of one that is gone, what the default branch does."""
    clone = Clone.fetched(asked.services, asked.repository, fresh_for=_FRESH)
    mirror, branch = clone.mirror, asked.change.base_branch
    tip = mirror.tip(branch if mirror.has_branch(branch) else clone.repository.default_branch)
    return read(mirror.read(mirror.tree_of(tip), FILE))
