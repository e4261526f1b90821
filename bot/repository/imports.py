"""What jsonnet files import, found without evaluating them, and where an import looks: inside the repository only."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, NamedTuple

from bot.errors import Rejected
from bot.repository.trees import EntryKind, Snapshot

_MOST_FILES: Final = 1000
_LARGEST: Final = 1_000_000
"""Bytes of a file that is still read for what it imports."""
_IMPORT: Final = re.compile(rb"\bimport(?:str|bin)?\b")
_PLAIN: Final = re.compile(rb"""\bimport(str|bin)?\s*(?:"([^"\\\n]*)"|'([^'\\\n]*)')""")
"""An import as people write it; jsonnet would also take escapes, and comments in between."""


def folders_of_imports(path: str, libraries: Iterable[str]) -> list[str]:
    """Return the folders that imports are looked for in besides the file's own, the last one first.

    They are the application's own at `path` and its `libs`, which Argo CD reads from the repository's root. Rejected
    for one outside of it.
    """
    folders = [posixpath.normpath(library).lstrip("/") for library in libraries]
    if any(folder.split("/")[0] == ".." for folder in folders):
        raise Rejected("source.directory.jsonnet.libs leads out of the repository")
    return [path, *folders]


def candidates(importer: str, name: str, folders: Sequence[str]) -> Iterator[str]:
    """Yield where an imported file may be, in the order in which jsonnet looks (go-jsonnet `FileImporter`).

    `importer` is the folder of the file that imports. Rejected for a place outside of the repository.
    """
    for folder in (importer, *reversed(folders)):
        place = posixpath.normpath(posixpath.join(folder, name))
        if place.startswith("/") or place.split("/")[0] == "..":
            raise Rejected(f"import {name!r} leads out of the repository")
        yield place


@dataclass(slots=True)
class Imported:
    """Everything that some jsonnet files import, and what those do."""

    files: dict[str, str] = field(default_factory=dict)
    """By path, with their blob's id."""
    missing: set[str] = field(default_factory=set)
    """Paths that were looked for before: what would be read if it appeared."""


class _Named(NamedTuple):
    """One import as it stands in a file."""

    name: str
    is_code: bool
    """Whether what it names may import more."""


def imported(snapshot: Snapshot, files: Iterable[tuple[str, str]], folders: Sequence[str]) -> Imported | None:
    """Return what jsonnet files (path and blob's id) import; None when that cannot be told from their text.

    Rejected when an import leads out of the repository.
    """
    found = Imported()
    waiting, seen = list(files), set[str]()
    while waiting:
        path, blob_id = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        names = _names(snapshot.repository, blob_id)
        if names is None or len(seen) > _MOST_FILES:
            return None
        for name, is_code in names:
            target = _target(snapshot, candidates(posixpath.dirname(path), name, folders), found)
            if target is None:
                return None
            if is_code:
                waiting.append(target)
    return found


def _target(snapshot: Snapshot, places: Iterator[str], found: Imported) -> tuple[str, str] | None:
    """Note where an import leads and return it; None when it leads nowhere, or over a link."""
    for place in places:
        target = snapshot.find(place)
        if target is None:
            watched = snapshot.watched(place)
            if watched is None:
                return None
            found.missing.add(watched)
        elif target.path != place or target.entry.kind is not EntryKind.FILE:
            return None
        else:
            found.files[place] = target.entry.id
            return place, target.entry.id
    return None


@lru_cache(maxsize=4096)
def _names(repository: str, blob_id: str) -> tuple[_Named, ...] | None:
    """Return what a file imports; None when some of it is written in another way than `_PLAIN`."""
    snapshot = Snapshot(repository, "")
    if snapshot.size(blob_id) > _LARGEST:
        return None
    content = snapshot.read(blob_id)
    plain = list(_PLAIN.finditer(content))
    if len(plain) != len(_IMPORT.findall(content)):
        return None
    return tuple(
        _Named((one[2] or one[3] or b"").decode("utf-8", errors="surrogateescape"), is_code=not one[1]) for one in plain
    )


@lru_cache(maxsize=4096)
def jsonnet_below(repository: str, folder_id: str) -> tuple[tuple[str, str], ...]:
    """Return path and blob's id of every jsonnet file below a folder, relative to it."""
    walked = Snapshot(repository, "").walk(folder_id)
    return tuple(
        (path, entry.id) for path, entry in walked if entry.kind is EntryKind.FILE and path.endswith(".jsonnet")
    )
