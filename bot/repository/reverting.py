"""What undoing commits makes of a tree, in memory, as `git revert -m 1` would."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pygit2

from bot.errors import Rejected
from bot.repository.mirrors import Conflict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.repository.mirrors import Mirror


def undone(mirror: Mirror, tip: str, commits: Sequence[str]) -> str | Conflict:
    """Return the tree of `tip` without what `commits`, the newest first, changed against their first parents.

    A Conflict names the files that somebody has changed since. Rejected where one has no parent, or is not here.
    """
    repository = pygit2.Repository(str(mirror.path))
    try:
        tree = repository[tip].peel(pygit2.Tree)
        for name in commits:
            commit = repository[name].peel(pygit2.Commit)
            if not commit.parents:
                raise Rejected(f"{name[:7]} is the first commit there is")
            index = repository.merge_trees(commit.tree, tree, commit.parents[0].tree)
            if index.conflicts is not None:
                sides = (side for conflict in index.conflicts for side in conflict if side is not None)
                return Conflict(tuple(sorted({side.path for side in sides})))
            tree = repository[index.write_tree(repository)].peel(pygit2.Tree)
    except (KeyError, ValueError, pygit2.GitError) as error:
        raise Rejected(f"it cannot be reverted: {error}") from error
    return str(tree.id)
