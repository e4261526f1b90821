"""What lies between two states of a repository, by name."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import pygit2

from bot.errors import Temporary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.repository.mirrors import Mirror

_MOST: Final = 1_000_000
"""Entries that may differ; a few kilobytes of Git trees can name billions."""
_ID_BYTES: Final = 20


@dataclass(frozen=True, slots=True)
class Between:
    """Two states of one repository, each by its tree."""

    mirror: Mirror
    base: str
    head: str

    def changed(self) -> frozenset[str] | None:
        """Return what differs, see `changed_paths`."""
        return changed_paths(self.mirror, self.base, self.head)


def changed_paths(mirror: Mirror, old: str, new: str) -> frozenset[str] | None:
    """Return every file that differs between two trees; one that was renamed or moved under both of its names.

    A folder without any file counts as a file. None when more differs than anybody looks at. Raises Temporary when the
    mirror lacks a tree.
    """
    # libgit2's own diff reads every folder, also of what is the same: a tenth of a second where there are 10,000.
    if old == new:
        return frozenset()
    try:
        return _Walk(pygit2.Repository(str(mirror.path))).between(old, new)
    except (KeyError, ValueError, pygit2.GitError) as error:
        raise Temporary(f"the copy of the repository lacks a state to compare: {error}") from error


class _Entry(NamedTuple):
    name: bytes
    id: str
    is_folder: bool


class _Walk:
    """Two trees, walked where they differ."""

    def __init__(self, repository: pygit2.Repository) -> None:
        self._repository = repository
        self._found: set[bytes] = set()

    def between(self, old: str, new: str) -> frozenset[str] | None:
        waiting: list[tuple[bytes, str, str]] = [(b"", old, new)]
        met = 0
        while waiting:
            below = list(self._below(*waiting.pop()))
            met += len(below)
            if met > _MOST:
                return None
            waiting.extend(below)
        # As pygit2 reads the names in a tree.
        return frozenset(path.decode("utf-8", errors="surrogateescape") for path in self._found)

    def _below(self, path: bytes, old: str, new: str) -> Iterator[tuple[bytes, str, str]]:
        """Note the files that differ directly in a folder, and yield the folders; an empty id is no folder."""
        before, after = self._entries(old), self._entries(new)
        if not before and not after:
            self._found.add(path)
        folders: dict[bytes, list[str]] = {}
        for side, entries in enumerate((before - after, after - before)):
            for entry in map(_parsed, entries):
                way = b"%b/%b" % (path, entry.name) if path else entry.name
                if entry.is_folder:
                    folders.setdefault(way, ["", ""])[side] = entry.id
                else:
                    self._found.add(way)
        return ((way, ids[0], ids[1]) for way, ids in folders.items())

    def _entries(self, folder_id: str) -> set[bytes]:
        """Return the entries of a folder as they are stored: mode, name and id."""
        if not folder_id:
            return set()
        _, content = self._repository.read(pygit2.Oid(hex=folder_id))
        found, start = set(), 0
        while start < len(content):
            end = content.index(b"\0", start) + 1 + _ID_BYTES
            found.add(content[start:end])
            start = end
        return found


def _parsed(entry: bytes) -> _Entry:
    mode, _, rest = entry[: -_ID_BYTES - 1].partition(b" ")
    return _Entry(rest, entry[-_ID_BYTES:].hex(), stat.S_ISDIR(int(mode, 8)))
