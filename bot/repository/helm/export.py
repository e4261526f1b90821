"""Files of a repository written where a program may read them: no links, and no more than is good for us."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bot.errors import Rejected
from bot.repository.helm.files import Given, below
from bot.repository.pointers import refuse_pointer
from bot.repository.trees import Found, Snapshot

MOST_BYTES: Final = 128 << 20
"""Size of all files that one chart may make us export; Helm itself takes 100 MiB of an archive."""
_UNDERSTOOD: Final = (".yaml", ".yml", ".json", ".tpl", ".txt", ".tgz")
"""Endings of files without whose content a render would be another."""
_LONG_NAME: Final = 200
"""Characters of a name that are shown."""


@dataclass(slots=True)
class Export:
    """What has been written for one render."""

    _size: int = 0

    def chart(self, snapshot: Snapshot, found: Found, folder: Path) -> None:
        """Write a folder with everything below it, where links lead in place of the links."""
        for name, blob_id in below(snapshot, found):
            shown = f"{found.path or '.'}/{name}"
            content = self._content(snapshot, blob_id)
            if name.endswith(_UNDERSTOOD):
                refuse_pointer(content, shown)
            write(content, folder / name, shown)

    def file(self, given: Given, target: Path) -> None:
        """Write one file that an option names."""
        content = self._content(given.snapshot, given.blob_id)
        refuse_pointer(content, given.name)
        write(content, target, given.name)

    def _content(self, snapshot: Snapshot, blob_id: str) -> bytes:
        self._size += snapshot.size(blob_id)
        if self._size > MOST_BYTES:
            raise Rejected(f"the chart and its files have more than {MOST_BYTES >> 20} MiB")
        return snapshot.read(blob_id)


def write(content: bytes, target: Path, shown: str) -> None:
    """Write a file and the folders above it; Rejected when its name is none that a file system takes."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    except OSError as error:
        raise Rejected(f"{shown[:_LONG_NAME]}: no file can have this name: {error.strerror}") from error
