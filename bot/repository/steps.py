"""What lies between two states of a repository, by name."""

from __future__ import annotations

import re
import stat
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

import pygit2

from bot.errors import Temporary
from bot.repository.trees import is_strange

if TYPE_CHECKING:
    from bot.repository.mirrors import Mirror

_MOST: Final = 1_000_000
"""Entries that may differ; a few kilobytes of Git trees can name billions."""
_ID_BYTES: Final = 20
_MOST_KEPT: Final = 30_000
"""Entries that differ and are kept: the next push of a change differs from the base in nearly the same; about 10 MB."""
_STEPS: Final = 16
"""Pairs of states of which it is kept what lies between them."""
_MOST_TOUCHED: Final = 200
"""Entries that may differ between two states for what is read to be taken over: beyond, reading anew is as fast."""
_LONGEST_TOUCHED: Final = 1_000_000
"""Characters of paths, with every folder above, that are kept of one pair; each pair is up to 10 MB then."""


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

    A folder without any file counts as a file. None when more differs than anybody looks at, or a name that no file may
    have: it decides about whatever is read through its folder. Raises Temporary when the mirror lacks a tree.
    """
    return _changed(str(mirror.path), old, new, most=_MOST)


def _changed(repository: str, old: str, new: str, *, most: int) -> frozenset[str] | None:
    # libgit2's own diff reads every folder, also of what is the same: a tenth of a second where there are 10,000.
    if old == new:
        return frozenset()
    try:
        return _Walk(pygit2.Repository(repository), most).between(old, new)
    except (KeyError, ValueError, pygit2.GitError) as error:
        raise Temporary(f"the copy of the repository lacks a state to compare: {error}") from error


@dataclass(frozen=True, slots=True)
class Touched:
    """What is different in another state of a repository, asked by path."""

    changed: frozenset[str]
    around: frozenset[str]
    """The same with every folder above."""

    def concerns(self, paths: Iterable[str]) -> bool:
        """Whether something changed at or below one of the paths, or became no folder any more above it."""
        return any(path in self.around or not self.changed.isdisjoint(above(path)) for path in paths)


@lru_cache(maxsize=_STEPS)
def touched(repository: str, old: str, new: str) -> Touched | None:
    """Return what `changed_paths` finds in the repository at a path; None when that is more than is worth it."""
    changed = _changed(repository, old, new, most=_MOST_TOUCHED)
    around, size = set[str](), 0
    for path in with_folders(changed or ()):
        size += len(path)
        if size > _LONGEST_TOUCHED:
            return None
        around.add(path)
    return None if changed is None else Touched(changed, frozenset(around))


def above(path: str) -> list[str]:
    """Return the folders that a path lies in, but the root."""
    return [path[: at.start()] for at in re.finditer("/", path)]


def with_folders(paths: Iterable[str]) -> Iterator[str]:
    """Yield paths and every folder above them, the root last, each once."""
    seen: set[str] = set()
    for each in paths:
        path = each
        while path and path not in seen:
            seen.add(path)
            yield path
            path = path.rpartition("/")[0]
    if seen:
        yield ""


class _Entry(NamedTuple):
    name: bytes
    id: str
    is_folder: bool


class _Difference(NamedTuple):
    """What differs directly in a folder, by name."""

    files: tuple[bytes, ...]
    folders: tuple[tuple[bytes, str, str], ...]
    """With their ids on both sides; empty where there is none."""
    is_empty: bool
    """Whether there is nothing in it on either side."""
    is_strange: bool
    """Whether a name among them is one that no file may have."""

    @property
    def size(self) -> int:
        """Entries, and one for itself."""
        return 1 + len(self.files) + len(self.folders)


class _Kept:
    """Differences between two folders; what their ids name cannot change, so they hold for every thread."""

    def __init__(self) -> None:
        self._found: OrderedDict[tuple[str, str, str], _Difference] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def get(self, key: tuple[str, str, str]) -> _Difference | None:
        """Return what is kept of a repository's two folders."""
        return self._found.get(key)

    def keep(self, key: tuple[str, str, str], found: _Difference) -> None:
        """Keep one more, and let go of the oldest that there is no room for."""
        with self._lock:
            if key not in self._found:
                self._found[key] = found
                self._size += found.size
            while self._size > _MOST_KEPT:
                self._size -= self._found.popitem(last=False)[1].size


_kept: Final = _Kept()


class _Walk:
    """Two trees, walked where they differ."""

    def __init__(self, repository: pygit2.Repository, most: int) -> None:
        self._repository = repository
        self._most = most
        self._found: set[bytes] = set()
        self._is_strange = False
        """Whether a name differs that no file may have."""

    def between(self, old: str, new: str) -> frozenset[str] | None:
        waiting: list[tuple[bytes, str, str]] = [(b"", old, new)]
        met = 0
        while waiting:
            below = list(self._below(*waiting.pop()))
            met += len(below)
            if met + len(self._found) > self._most or self._is_strange:
                return None
            waiting.extend(below)
        return frozenset(map(_text, self._found))

    def _below(self, path: bytes, old: str, new: str) -> Iterator[tuple[bytes, str, str]]:
        """Note the files that differ directly in a folder, and yield the folders; an empty id is no folder."""
        found = _kept.get((self._repository.path, old, new))
        if found is None:
            found = self._difference(old, new)
            _kept.keep((self._repository.path, old, new), found)
        self._is_strange |= found.is_strange
        if found.is_empty:
            self._found.add(path)
        above = path + b"/" if path else b""
        self._found.update([above + name for name in found.files])
        return ((above + name, before, after) for name, before, after in found.folders)

    def _difference(self, old: str, new: str) -> _Difference:
        before, after = self._entries(old), self._entries(new)
        files, folders = list[bytes](), dict[bytes, list[str]]()
        for side, entries in enumerate((before - after, after - before)):
            for entry in map(_parsed, entries):
                if entry.is_folder:
                    folders.setdefault(entry.name, ["", ""])[side] = entry.id
                else:
                    files.append(entry.name)
        each = tuple((name, ids[0], ids[1]) for name, ids in folders.items())
        strange = any(is_strange(_text(name)) for name in (*files, *folders))
        return _Difference(tuple(files), each, is_empty=not before and not after, is_strange=strange)

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


def _text(name: bytes) -> str:
    """Return it as pygit2 reads the names in a tree."""
    return name.decode("utf-8", errors="surrogateescape")


def _parsed(entry: bytes) -> _Entry:
    mode, _, rest = entry[: -_ID_BYTES - 1].partition(b" ")
    return _Entry(rest, entry[-_ID_BYTES:].hex(), stat.S_ISDIR(int(mode, 8)))
