"""Globs over the files of a repository, as Argo CD expands those of value files (bmatcuk/doublestar).

`*`, `?` and `[…]` stay within one name and mean names that begin with a dot too, `**` is any number of folders.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from bot.errors import Rejected
from bot.repository.tools import LONGEST_GLOB
from bot.repository.trees import EntryKind, Found, Snapshot

if TYPE_CHECKING:
    from wcmatch.fnmatch import WcMatcher

_GLOB: Final = re.compile(r"[*?\[]")
_SPECIAL: Final = re.compile(r"[*?\[{\\]")
_ANY_FOLDERS: Final = "**"
_MOST_FOLDERS: Final = 20_000
"""Folders that one glob may lead through."""


def is_glob(path: str) -> bool:
    """Whether Argo CD expands a path; braces alone do not make it a glob."""
    return _GLOB.search(path) is not None


def fixed_part(glob: str) -> str:
    """Return the folder below which everything lies that a glob can mean; empty for the root."""
    return glob[: glob.rfind("/", 0, _at(_SPECIAL, glob)) + 1].rstrip("/")


def matching(snapshot: Snapshot, glob: str) -> list[str]:
    """Return the paths that a glob means, files and folders: a folder's own by name, then those of folders in it.

    Raises Rejected for a glob that costs too much or is none, and where a link leads out of the repository.
    """
    parts = glob.split("/")
    if parts[-1] == _ANY_FOLDERS:
        raise Rejected(f"{glob}: a glob that ends in ** means folders too; end it in **/*.yaml")
    if any(part.count("{") != part.count("}") for part in parts):
        raise Rejected(f"{glob}: alternatives in braces cannot hold a /")
    found: dict[str, None] = {}
    seen: set[tuple[str, int]] = set()
    waiting = [("", snapshot.find(""), 0)]
    while waiting:
        path, folder, at = waiting.pop()
        if folder is None or folder.entry.kind is not EntryKind.FOLDER or (folder.path, at) in seen:
            continue
        seen.add((folder.path, at))
        if len(seen) > _MOST_FOLDERS:
            raise Rejected(f"{glob}: the glob leads through more than {_MOST_FOLDERS:,} folders")
        any_folders = parts[at] == _ANY_FOLDERS
        below = list(_below(snapshot, path, folder, None if any_folders else parts[at]))
        if at == len(parts) - 1:
            found.update((name, None) for name, _ in below)
            continue
        waiting.extend((name, one, at if any_folders else at + 1) for name, one in reversed(below))
        if any_folders:
            waiting.append((path, folder, at + 1))
    return list(found)


def _below(snapshot: Snapshot, path: str, folder: Found, part: str | None) -> Iterator[tuple[str, Found]]:
    """Yield everything directly in a folder, links followed, by name; with a `part` of a glob only what it means."""
    names = sorted(snapshot.folder(folder.entry.id))
    if part is not None:
        names = [name for name in names if (_matches(part, name) if _SPECIAL.search(part) else name == part)]
    for name in names:
        found = snapshot.find(posixpath.join(folder.path, name))
        if found is not None and found.entry.kind is EntryKind.SUBMODULE:
            raise Rejected(f"the submodule {found.path} is not fetched")
        if found is not None:
            yield posixpath.join(path, name), found


def _at(pattern: re.Pattern[str], text: str) -> int:
    found = pattern.search(text)
    return len(text) if found is None else found.start()


def _matches(glob: str, path: str) -> bool:
    """Whether a glob means `path`, or one name of it; Rejected for one that is very long or stands for very many."""
    if len(glob) > LONGEST_GLOB:
        raise Rejected(f"a glob of {len(glob):,} characters, which is more than {LONGEST_GLOB:,}: {glob[:40]}…")
    return bool(_compiled(glob).match(path))


@lru_cache(maxsize=64)
def _compiled(glob: str) -> WcMatcher[str]:
    from wcmatch import fnmatch
    from wcmatch._wcparse import PatternLimitException

    flags = fnmatch.BRACE | fnmatch.CASE | fnmatch.FORCEUNIX | fnmatch.DOTMATCH
    try:
        return fnmatch.compile(glob, flags=flags)
    except PatternLimitException:
        raise Rejected(f"the glob {glob!r} stands for too many patterns") from None
