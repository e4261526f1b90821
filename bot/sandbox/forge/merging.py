"""What GitHub's merge button does, in process: merge commit, squash, rebase, and whether they are possible."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import pygit2

from bot.errors import Rejected
from bot.sandbox.forge.repositories import Author, BareRepository, NewCommit


class MergeMethod(StrEnum):
    """The three ways to merge, in the API's words."""

    MERGE = "merge"
    SQUASH = "squash"
    REBASE = "rebase"


@dataclass(frozen=True, slots=True)
class Merge:
    """Two commits to bring together, and in whose name."""

    base: str
    head: str
    message: str
    author: Author
    method: MergeMethod = MergeMethod.MERGE


def merged_tree(repository: BareRepository, *, base: str, head: str) -> str | None:
    """Return the tree of head merged into base; None when they conflict or share no history."""
    if repository.merge_base(base, head) is None:
        return None
    index = repository.git.merge_commits(pygit2.Oid(hex=base), pygit2.Oid(hex=head))
    return None if index.conflicts else str(index.write_tree(repository.git))


def perform(repository: BareRepository, merge: Merge) -> str:
    """Write the commit (or commits) of a merge and return the new tip; no ref moves. Rejected on a conflict."""
    if merge.method is MergeMethod.REBASE:
        return _rebase(repository, merge)
    tree = merged_tree(repository, base=merge.base, head=merge.head)
    if tree is None:
        raise Rejected("Pull Request is not mergeable")
    parents = [merge.base] if merge.method is MergeMethod.SQUASH else [merge.base, merge.head]
    return repository.write_commit(NewCommit(tree=tree, parents=parents, message=merge.message, author=merge.author))


def _rebase(repository: BareRepository, merge: Merge) -> str:
    tip = merge.base
    for commit in reversed(repository.log(merge.head, without=merge.base)):
        if len(commit.parents) != 1:
            continue
        index = repository.git.merge_trees(commit.parents[0].tree, repository.commit(tip).tree, commit.tree)
        if index.conflicts:
            raise Rejected("This branch can't be rebased")
        tip = repository.write_commit(
            NewCommit(
                tree=str(index.write_tree(repository.git)),
                parents=[tip],
                message=commit.message,
                author=_author(commit),
                committer=merge.author,
            )
        )
    return tip


def _author(commit: pygit2.Commit) -> Author:
    return Author(name=commit.author.name, email=commit.author.email, time=commit.author.time)
