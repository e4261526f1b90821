"""What files said when they were read last, kept by the Git ids of their contents, within a bound in bytes.

Both sides of a change, and the next push to it, share nearly all of their files.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final, NamedTuple

MOST_BYTES: Final = 4 << 20
"""Bytes that one child keeps; some thousand objects of common size."""
_OVERHEAD: Final = 500
"""Bytes that Python needs for a file's entry and its key."""
_EACH: Final = 50
"""Bytes that it needs for one manifest."""


class FileKey(NamedTuple):
    """Everything that decides what a file says, but for the words of an error: those name its path, and are not kept.

    The repository is part of it, so that nothing one repository holds can ever be an answer about another.
    """

    repository: str
    blob_id: str
    ending: str
    """Of its name, which says how it is read."""


@dataclass(frozen=True, slots=True)
class FileManifests:
    """The manifests of one file."""

    size: int
    """Bytes of the file."""
    manifests: tuple[bytes, ...]
    """As JSON, so that nobody who is handed them can change what the next is handed."""


class KeptFiles:
    """Files by their keys; those that were not asked for longest go first."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._files: OrderedDict[FileKey, tuple[FileManifests, int]] = OrderedDict()

    def get(self, key: FileKey) -> FileManifests | None:
        """Return what is kept for a file; None when nothing is."""
        found = self._files.get(key)
        if found is None:
            return None
        self._files.move_to_end(key)
        return found[0]

    def put(self, key: FileKey, file: FileManifests) -> None:
        """Keep a file, and let others go for it; one larger than the bound is not kept."""
        cost = _OVERHEAD + sum(_EACH + len(one) for one in file.manifests)
        if cost > self._most_bytes or key in self._files:
            return
        self._files[key] = (file, cost)
        self._bytes += cost
        while self._bytes > self._most_bytes:
            _, (_, freed) = self._files.popitem(last=False)
            self._bytes -= freed
