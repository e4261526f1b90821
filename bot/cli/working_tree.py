"""The working tree as a commit that no branch knows: files are read, the index and the refs stay as they are."""

from __future__ import annotations

import os
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pygit2
from pygit2.enums import FileMode, FileStatus

from bot.errors import Rejected

if TYPE_CHECKING:
    from collections.abc import Mapping

LARGEST_UNTRACKED: Final = 10 * 1024 * 1024
"""Bytes; an untracked file beyond this is a download or a dump, hardly a manifest, and is not copied into Git."""

_GIT: Final = 30.0
"""Seconds that git may take to look at the index."""

_AUTHOR: Final = pygit2.Signature("foresail", "foresail@localhost", 0, 0)
"""At the beginning of time, so that the same files make the same commit and a second preview adds no object."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The working tree as Git would have it if everything in it were committed."""

    commit: str
    """HEAD itself when nothing differs from it."""
    changed: int
    """Files that differ from HEAD."""
    left_out: tuple[str, ...] = ()
    """Untracked files that are too large to be looked at."""


@dataclass(frozen=True, slots=True)
class _Changes:
    gone: tuple[str, ...]
    entries: tuple[pygit2.IndexEntry, ...]
    left_out: tuple[str, ...]


def snapshot(repository: pygit2.Repository) -> Snapshot:
    """Write the working tree's differing files into the object database and return a commit of all of it.

    Ignored files and submodules stay as HEAD has them. Raises Rejected when a file cannot be read or Git not written.
    """
    try:
        head = nothing(repository) if repository.head_is_unborn else str(repository.head.target)
        changes = _changes(repository, head)
        if not changes.gone and not changes.entries:
            return Snapshot(head, 0, changes.left_out)
        index = pygit2.Index()
        index.read_tree(_tree(repository, head))
        for path in changes.gone:
            index.remove(path)
        for entry in changes.entries:
            index.add(entry)
        tree = index.write_tree(repository)
        commit = repository.create_commit(None, _AUTHOR, _AUTHOR, "The working tree", tree, [head])
    except (OSError, subprocess.SubprocessError, pygit2.GitError) as error:
        raise Rejected(
            f"the working tree cannot be read: {error}", remedy="Give --head HEAD to look at what is committed."
        ) from error
    return Snapshot(str(commit), len(changes.gone) + len(changes.entries), changes.left_out)


def nothing(repository: pygit2.Repository) -> str:
    """Write and return a commit without files: what a repository is before its first commit."""
    tree = repository.TreeBuilder().write()
    return str(repository.create_commit(None, _AUTHOR, _AUTHOR, "Nothing", tree, []))


def _tree(repository: pygit2.Repository, commit: str) -> pygit2.Tree:
    try:
        return repository[commit].peel(pygit2.Tree)
    except KeyError as error:
        raise Rejected(
            f"the repository is damaged or incomplete: it lacks commit {commit} or its tree",
            remedy="git fsck says what is missing; git fetch --refetch brings it.",
        ) from error


def _changes(repository: pygit2.Repository, head: str) -> _Changes:
    tracked = pygit2.Index()
    tracked.read_tree(_tree(repository, head))
    known = {entry.path: entry.mode for entry in tracked}
    folder = Path(str(repository.workdir))
    gone: list[str] = []
    entries: list[pygit2.IndexEntry] = []
    left_out: list[str] = []
    changed = repository.status(untracked_files="all")
    elsewhere = _not_checked_out(folder, changed)
    for path, flags in changed.items():
        place = folder / path
        if path in elsewhere or known.get(path) == FileMode.COMMIT or path.endswith("/"):
            continue
        if not _is_file(place) or (flags & FileStatus.INDEX_DELETED and not flags & FileStatus.WT_NEW):
            gone.extend([path] if path in known else [])
        elif path not in known and place.lstat().st_size > LARGEST_UNTRACKED:
            left_out.append(path)
        else:
            entries.append(_entry(repository, path, place))
    return _Changes(tuple(gone), tuple(entries), tuple(left_out))


def _not_checked_out(folder: Path, changed: Mapping[str, int]) -> frozenset[str]:
    """Return the files that a sparse checkout leaves out: libgit2 calls them deleted, git knows better."""
    missing = frozenset(path for path, flags in changed.items() if flags & FileStatus.WT_DELETED)
    if not missing:
        return missing
    command = ["git", "ls-files", "--deleted", "-z"]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=True, timeout=_GIT)
    return missing - frozenset(os.fsdecode(name) for name in done.stdout.split(b"\0"))


def _is_file(place: Path) -> bool:
    try:
        mode = place.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return False
    return stat.S_ISREG(mode) or stat.S_ISLNK(mode)


def _entry(repository: pygit2.Repository, path: str, place: Path) -> pygit2.IndexEntry:
    if place.is_symlink():
        return pygit2.IndexEntry(path, repository.create_blob(os.fsencode(place.readlink())), FileMode.LINK)
    mode = FileMode.BLOB_EXECUTABLE if place.stat().st_mode & stat.S_IXUSR else FileMode.BLOB
    return pygit2.IndexEntry(path, repository.create_blob_fromworkdir(path), mode)
