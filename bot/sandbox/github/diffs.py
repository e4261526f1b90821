"""Changed files between two commits, in the words of GitHub's *files* answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pygit2
from pygit2.enums import DeltaStatus, DiffFind

from bot.sandbox.forge.repositories import BareRepository

_STATUS: Mapping[DeltaStatus, str] = {
    DeltaStatus.ADDED: "added",
    DeltaStatus.DELETED: "removed",
    DeltaStatus.MODIFIED: "modified",
    DeltaStatus.RENAMED: "renamed",
    DeltaStatus.COPIED: "copied",
    DeltaStatus.TYPECHANGE: "changed",
}


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """One file's change."""

    path: str
    status: str
    sha: str
    """The blob after the change; before it, when the file was removed."""
    additions: int
    deletions: int
    patch: str | None
    """The hunks without the header; None for a binary file and when only the name or mode changed."""
    previous_path: str | None = None


def changed_files(repository: BareRepository, *, base: str | None, head: str) -> list[ChangedFile]:
    """Return what changed from one commit's tree to another's, by path; `base` None: from the empty tree."""
    tree = repository.commit(head).tree
    diff = tree.diff_to_tree(swap=True) if base is None else repository.commit(base).tree.diff_to_tree(tree)
    diff.find_similar(flags=DiffFind.FIND_RENAMES)
    files = [_changed(patch) for patch in diff if patch is not None]
    return sorted(files, key=lambda one: one.path)


def three_dot(repository: BareRepository, *, base: str, head: str) -> list[ChangedFile]:
    """Return what `head` changed since it left `base`: a pull request's files."""
    return changed_files(repository, base=repository.merge_base(base, head), head=head)


def _changed(patch: pygit2.Patch) -> ChangedFile:
    delta = patch.delta
    _, additions, deletions = patch.line_stats
    removed = delta.status is DeltaStatus.DELETED
    side = delta.old_file if removed else delta.new_file
    renamed = delta.status in {DeltaStatus.RENAMED, DeltaStatus.COPIED}
    return ChangedFile(
        path=side.path,
        status=_STATUS.get(delta.status, "modified"),
        sha=str(side.id),
        additions=additions,
        deletions=deletions,
        patch=_hunks(patch),
        previous_path=delta.old_file.path if renamed else None,
    )


def _hunks(patch: pygit2.Patch) -> str | None:
    text = patch.data.decode("utf-8", "replace")
    start = text.find("\n@@ ")
    if patch.delta.is_binary or start < 0:
        return None
    return text[start + 1 :].rstrip("\n")
