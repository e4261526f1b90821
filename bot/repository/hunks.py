"""Which lines of a file differ between two trees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pygit2

if TYPE_CHECKING:
    from bot.repository.mirrors import Mirror

_LARGEST: Final = 1 << 20
"""Bytes of a file in which lines are looked for; nobody writes a larger one by hand."""


def file_with_changes(
    mirror: Mirror, before: str, after: str, path: str
) -> tuple[bytes, tuple[tuple[int, int], ...]] | None:
    """Return a file of the tree `after` and the first and last line, from 1, of each part that differs from `before`.

    Lines that are gone are where they would be. None for what is no text file, too large or not there.
    """
    repository = pygit2.Repository(str(mirror.path))
    old, new = (_text(repository, tree, path) for tree in (before, after))
    if new is None:
        return None
    content = bytes(new.data)
    if old is None:
        return content, ((1, content.count(b"\n") + 1),)
    patch = old.diff(new, context_lines=0)  # type: ignore[call-arg] # missing in the stub only
    parts = ((max(1, hunk.new_start), hunk.new_lines) for hunk in patch.hunks)
    return content, tuple((start, start + max(0, count - 1)) for start, count in parts)


def _text(repository: pygit2.Repository, tree: str, path: str) -> pygit2.Blob | None:
    try:
        found = repository[tree].peel(pygit2.Tree)[path]
    except (KeyError, ValueError, pygit2.GitError):
        return None
    if not isinstance(found, pygit2.Blob) or found.filemode == pygit2.enums.FileMode.LINK:
        return None
    return found if found.size <= _LARGEST and not found.is_binary else None
