"""Trees and files of a repository, read from its object database: no checkout, and links never lead out.

What an object id names cannot change, so listings are kept for the whole process, whichever thread read them.
"""

from __future__ import annotations

import posixpath
import re
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Final, NamedTuple, TypeVar

import pygit2

from bot.errors import Rejected, Temporary

MOST_FILES: Final = 100_000
"""Files one walk may meet; a few kilobytes of Git trees can name billions."""
_MOST_LINKS: Final = 40
"""Links on one way, as Linux counts them (path_resolution(7))."""
_LISTINGS: Final = 4096

_LEAVES_A_FOLDER: Final = re.compile(r"(^|/)(?!\.\.?/)[^/]+/+(\./+)*\.\.(/|$)")

_opened = threading.local()


class EntryKind(Enum):
    """What a name in a folder stands for."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"
    SUBMODULE = "submodule"


class Entry(NamedTuple):
    """What a name in a folder stands for, and its object's id."""

    kind: EntryKind
    id: str


class Found(NamedTuple):
    """Where a path really leads once links are followed."""

    path: str
    """From the repository's root, without links; empty for the root."""
    entry: Entry


class InSubmodule(Rejected):
    """A path leads into a submodule that is not part of this tree (see `bot.repository.submodules`)."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One tree of a repository on disk."""

    repository: str
    tree_id: str

    def find(self, path: str) -> Found | None:
        """Return where `path` leads, links followed; None when there is nothing.

        Raises Rejected when the path, or a link on it, leads out of the repository, InSubmodule when it leads into one.
        """
        if path.startswith("/"):
            raise Rejected(f"{path!r} is absolute; give a path inside the repository")
        return self._plainly(path) or self._closely(path)

    def _closely(self, path: str) -> Found | None:
        steps = deque(path.split("/"))
        way: list[tuple[str, Entry]] = [("", Entry(EntryKind.FOLDER, self.tree_id))]
        links = 0
        while steps:
            step = steps.popleft()
            if step in ("", "."):
                continue
            if step == "..":
                way.pop()
                if not way:
                    raise Rejected(f"{path!r} leads out of the repository")
                continue
            entry = self._step(way, step)
            if entry is None:
                return None
            if entry.kind is EntryKind.LINK:
                links += 1
                steps.extendleft(reversed(self._target(entry, path, links)))
            else:
                way.append((step, entry))
        return Found("/".join(name for name, _ in way[1:]), way[-1][1])

    def watched(self, path: str) -> str | None:
        """Return which path has to change before `find(path)` can answer otherwise: itself, or what is missing of it.

        None when names do not tell that: there is a link on the way, or a folder that is left again by `..`.
        """
        if leaves_a_folder(path):
            return None
        entry, way = Entry(EntryKind.FOLDER, self.tree_id), ""
        for step in posixpath.normpath(path).split("/"):
            if step == ".":
                continue
            if step == ".." or entry.kind is EntryKind.LINK:
                return None
            if entry.kind is not EntryKind.FOLDER:
                break
            way = f"{way}/{step}" if way else step
            found = self.folder(entry.id).get(step)
            if found is None:
                break
            entry = found
        return None if entry.kind is EntryKind.LINK else way

    def folder(self, folder_id: str) -> Mapping[str, Entry]:
        """Return what is directly in a folder."""
        return listing(self.repository, folder_id)

    def read(self, blob_id: str) -> bytes:
        """Return a file's content."""
        return bytes(_object(self.repository, blob_id, pygit2.Blob).data)

    def size(self, blob_id: str) -> int:
        """Return how many bytes a file has."""
        try:
            _, size = _open(self.repository, fresh=False).odb.read_header(blob_id)
        except (KeyError, pygit2.GitError):
            return len(self.read(blob_id))
        return int(size)

    def walk(self, folder_id: str, prefix: str = "") -> Iterator[tuple[str, Entry]]:
        """Yield path and entry of everything below a folder that is no folder, by name; Rejected beyond MOST_FILES."""
        waiting = [(prefix, Entry(EntryKind.FOLDER, folder_id))]
        met = 0
        while waiting:
            path, entry = waiting.pop()
            met += 1
            if met > MOST_FILES:
                raise Rejected(f"there are more than {MOST_FILES:,} files and folders below {prefix or '.'}")
            if entry.kind is not EntryKind.FOLDER:
                yield path, entry
                continue
            below = f"{path}/" if path else ""
            waiting.extend((below + name, one) for name, one in sorted(self.folder(entry.id).items(), reverse=True))

    def _plainly(self, path: str) -> Found | None:
        """Return where a path leads by names of folders alone, as nearly every one does; None to look closer."""
        entry, repository = Entry(EntryKind.FOLDER, self.tree_id), self.repository
        for step in path.split("/"):
            found = listing(repository, entry.id).get(step) if entry.kind is EntryKind.FOLDER else None
            if found is None or found.kind is EntryKind.LINK:  # nothing is named "", "." or ".."
                return None
            entry = found
        return Found(path, entry)

    def _step(self, way: Sequence[tuple[str, Entry]], name: str) -> Entry | None:
        kind, object_id = way[-1][1]
        if kind is EntryKind.FOLDER:
            return listing(self.repository, object_id).get(name)
        if kind is EntryKind.SUBMODULE:
            raise InSubmodule(f"the submodule {'/'.join(name for name, _ in way[1:])} is not fetched")
        return None

    def _target(self, link: Entry, path: str, links: int) -> list[str]:
        target = self.read(link.id).decode("utf-8", errors="surrogateescape")
        if target.startswith("/") or links > _MOST_LINKS:
            raise Rejected(f"a link on the way to {path!r} leads out of the repository or in circles")
        return target.split("/")


def leaves_a_folder(path: str) -> bool:
    """Whether a path has `..` behind a name: where it leads then also depends on that there is a folder of the name."""
    return _LEAVES_A_FOLDER.search(path) is not None


def is_strange(name: str) -> bool:
    """Whether no file may have a name: git itself would refuse to check it out."""
    return name in ("", ".", "..") or "/" in name or name.lower() == ".git"


@lru_cache(maxsize=_LISTINGS)
def listing(repository: str, folder_id: str) -> Mapping[str, Entry]:
    """Return what is directly in a folder; Rejected when it has names that no file may have."""
    entries = {
        str(entry.name): Entry(_kind(entry), str(entry.id)) for entry in _object(repository, folder_id, pygit2.Tree)
    }
    for name in entries:
        if is_strange(name):
            raise Rejected(f"the repository has a file named {name!r}, which git itself would refuse to check out")
    return entries


@lru_cache(maxsize=_LISTINGS)
def leads_away(repository: str, folder_id: str) -> bool:
    """Whether anything below a folder is a link or a submodule, so that its content is not all in it."""
    waiting, seen = [folder_id], {folder_id}
    while waiting:
        for entry in listing(repository, waiting.pop()).values():
            if entry.kind in (EntryKind.LINK, EntryKind.SUBMODULE):
                return True
            if entry.kind is EntryKind.FOLDER and entry.id not in seen:
                seen.add(entry.id)
                waiting.append(entry.id)
    return False


_KINDS: Final = {
    pygit2.enums.FileMode.TREE: EntryKind.FOLDER,
    pygit2.enums.FileMode.LINK: EntryKind.LINK,
    pygit2.enums.FileMode.COMMIT: EntryKind.SUBMODULE,
}

_Object = TypeVar("_Object", bound=pygit2.Object)


def _kind(entry: pygit2.Object) -> EntryKind:
    return _KINDS.get(entry.filemode, EntryKind.FILE)


def _object(repository: str, object_id: str, kind: type[_Object]) -> _Object:
    for fresh in (False, True):
        try:
            found = _open(repository, fresh=fresh)[object_id]
        except (KeyError, ValueError, pygit2.GitError):
            continue
        if not isinstance(found, kind):
            raise Rejected(f"object {object_id} of the repository is not a {kind.__name__.lower()}")
        return found
    raise Temporary(f"the copy of the repository lacks object {object_id}")


def _open(repository: str, *, fresh: bool) -> pygit2.Repository:
    """Return the repository, opened once a thread: libgit2's are not to be shared between threads."""
    current: tuple[str, pygit2.Repository] | None = getattr(_opened, "current", None)
    if current is None or current[0] != repository or fresh:
        try:
            current = (repository, pygit2.Repository(repository))
        except pygit2.GitError as error:
            raise Temporary(f"the copy of the repository cannot be read: {error}") from error
        _opened.current = current
    return current[1]
