"""Files of a repository written as they lie there, links too, for tools that look around by themselves."""

from __future__ import annotations

from collections.abc import Container, Iterable
from pathlib import Path
from typing import Final

from bot.errors import Rejected
from bot.repository.pointers import refuse_pointer
from bot.repository.trees import Entry, EntryKind, Snapshot

MOST_BYTES: Final = 256 << 20
"""Size of all files that one source may make us write."""
_MANIFEST_ENDINGS: Final = (".yaml", ".yml", ".json")


class Checkout:
    """Files written once each, links after them and only those that stay inside."""

    def __init__(self, snapshot: Snapshot, root: Path, *, named: Container[str] = ()) -> None:
        self._snapshot = snapshot
        self._root = root
        self._named = named
        """Files that are certain to be read, whatever they are called."""
        self._bytes = 0
        self._written: set[str] = set()

    def write(self, entries: Iterable[tuple[str, Entry]]) -> None:
        """Write files by their paths; Rejected for a link that leads out, and for too much."""
        links: list[tuple[str, Entry]] = []
        for path, entry in entries:
            if path in self._written:
                continue
            self._written.add(path)
            if entry.kind is EntryKind.LINK:
                links.append((path, entry))
            elif entry.kind is EntryKind.FILE:
                self._file(path, entry)
        for path, entry in links:
            self._link(path, entry)

    def _file(self, path: str, entry: Entry) -> None:
        self._bytes += self._snapshot.size(entry.id)
        if self._bytes > MOST_BYTES:
            raise Rejected(f"rendering it would need more than {MOST_BYTES >> 20} MiB of the repository")
        content = self._snapshot.read(entry.id)
        if path in self._named or path.endswith(_MANIFEST_ENDINGS):
            refuse_pointer(content, path)
        target = self._root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)

    def _link(self, path: str, entry: Entry) -> None:
        """Write a link that stays inside; one that leads out is refused, as Argo CD refuses the whole repository."""
        if self._snapshot.find(path) is None:
            return
        target = self._root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(self._snapshot.read(entry.id).decode("utf-8", errors="surrogateescape"))
