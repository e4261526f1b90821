"""What a repository's own configuration says of who may give commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.errors import Rejected
from bot.preview.configuration import FILE, Read, read, why_not_asked
from workers.changes.landscape import Clone

if TYPE_CHECKING:
    from collections.abc import Collection

    from bot.model.commands import Verb
    from workers.changes.asked import Asked
    from workers.changes.landscape import Landscape

_FRESH: Final = 3.0
"""Seconds for which a clone may be as it was: one comment may hold several commands."""


def rules(asked: Asked) -> tuple[Read, ...]:
    """Return what the default branch says, and what that says which the change is for, where it is there and another.

    All of them count: whoever may push makes a branch without any rules, and a change for it, in no time.
    """
    clone = Clone.fetched(asked.services, asked.repository, fresh_for=_FRESH)
    default, base = clone.repository.default_branch, asked.change.base_branch
    branches = (default, base) if base != default and clone.mirror.has_branch(base) else (default,)
    return tuple(_said(clone, one) for one in branches)


def demand_of(asked: Asked, landscape: Landscape, verb: Verb, names: Collection[str]) -> None:
    """Raise Rejected where a branch that one of these applications follows has it that its author may not.

    The change may be for another branch.
    """
    known = {landscape.repository.default_branch, asked.change.base_branch}
    concerned = (one for one in landscape.applications if one.name in names)
    branches = {branch for one in concerned for branch in landscape.branches_of(one)} - known
    for branch in sorted(one for one in branches if landscape.mirror.has_branch(one)):
        if words := why_not_asked(_said(landscape, branch), verb, author=asked.author, allowed=asked.allowed):
            raise Rejected(f"{words} on {branch}")


def _said(clone: Clone, branch: str) -> Read:
    return read(clone.mirror.read(clone.mirror.tree_of(clone.mirror.tip(branch)), FILE))
