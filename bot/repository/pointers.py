"""Pointers of Git LFS: what a repository holds in place of a large file, whose content lies on another server.

Source: https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from bot.errors import Rejected

LONGEST: Final = 1024
"""Bytes that a pointer has less than."""
LARGEST: Final = 64 << 20
"""Bytes of a file that is fetched; nothing that is larger can be part of a manifest."""
_START: Final = b"version https://git-lfs.github.com/spec/"
_POINTER: Final = re.compile(
    rb"version https://git-lfs\.github\.com/spec/v1\n(?:ext-[0-9]-[^\n]*\n)*"
    rb"oid sha256:([0-9a-f]{64})\nsize ([0-9]{1,15})\n?"
)
_RENDERED: Final = re.compile(
    rb"version https://git-lfs\.github\.com/spec/v1\\n\s*oid sha256:[0-9a-f]{64}"
    rb"|dmVyc2lvbiBodHRwczovL2dpdC1sZnMuZ2l0aHViLmNvbS9zcGVjL3YxCm9pZCBzaGEyNTY6"
)
"""A pointer in JSON, as text or in base 64."""
_ENABLE: Final = "set enableLfs in the repository's Secret to have it fetched"


class Pointer(NamedTuple):
    """What a file in Git LFS is."""

    oid: str
    """SHA-256 of its content."""
    size: int


def pointer_in(content: bytes) -> Pointer | None:
    """Return what a file stands for; None when it is no pointer."""
    found = _POINTER.fullmatch(content)
    return Pointer(found[1].decode(), int(found[2])) if found else None


def refuse_pointer(content: bytes, shown: str) -> None:
    """Raise Rejected, naming the file, for a pointer where the content was to be."""
    if not content.startswith(_START):
        return
    pointer = pointer_in(content)
    if pointer is None:
        raise Rejected(f"{shown}: the file is kept in Git LFS, and what stands for it is damaged")
    if pointer.size > LARGEST:
        words = f"{pointer.size:,} bytes, which is more than the {LARGEST:,} that are fetched"
        raise Rejected(f"{shown}: the file is kept in Git LFS and has {words}")
    raise Rejected(f"{shown}: the file is kept in Git LFS and was not fetched; {_ENABLE}")


def refuse_rendered(manifests: Iterable[bytes], shown: str) -> None:
    """Raise Rejected when a manifest, as JSON, shows a pointer where a file's content was to be."""
    if any(_RENDERED.search(one) for one in manifests):
        raise Rejected(f"{shown}: what it renders has the pointer of a file in Git LFS in place of the file; {_ENABLE}")
