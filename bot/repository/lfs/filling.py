"""Trees in which files stand where the repository has pointers: those files that a render reads."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, cast

import pygit2

from bot.errors import Rejected
from bot.repository.composing import Part, composing, empty, put_into
from bot.repository.inputs import inputs_of
from bot.repository.kustomization import closure
from bot.repository.lfs.batch import LargeFiles
from bot.repository.mirrors import Mirror
from bot.repository.pointers import LARGEST, LONGEST, Pointer, pointer_in
from bot.repository.remotes.bases import FOLDER
from bot.repository.submodules import declared
from bot.repository.tools import MANIFEST, SourceOptions, Tool
from bot.repository.trees import Entry, EntryKind, Snapshot

if TYPE_CHECKING:
    from io import RawIOBase

    from bot.model.applications import Source

MOST: Final = 1_000
"""Files of one render."""
MOST_BYTES: Final = 256 << 20
"""Their size together."""
_ROOM: Final = 2 << 30
"""Bytes that are kept beside one mirror; then it begins anew."""
_READ: Final = re.compile(rf"(.*/)?(?:{MANIFEST.pattern}|.*\.(libsonnet|tpl|txt|tgz))")
"""Files that some tool reads without their being named."""


class _Wanted(NamedTuple):
    path: str
    pointer: Pointer


@dataclass(frozen=True, slots=True)
class Filling:
    """What fills the trees of one mirror."""

    server: LargeFiles
    place: Path
    """A repository for what comes of it."""

    def fill(self, mirror: Mirror, tree_id: str, source: Source) -> tuple[Mirror, str]:
        """Return where a tree is in which the files that a render of `source` reads are no pointers.

        A tree without such pointers is returned as it is. Raises Rejected, naming a file, for what cannot be had;
        files that are too large stay pointers, for whoever reads them to refuse.
        """
        snapshot, paths = Snapshot(str(mirror.path), tree_id), inputs_of(mirror, tree_id, source).paths
        # What is in submodules and remote bases is on other servers.
        others = (f"{FOLDER}/", *(f"{one.path}/" for one in declared(mirror, tree_id)))
        wanted = [one for one in _wanted(snapshot, paths, source) if not one.path.startswith(others)]
        if not wanted:
            return mirror, tree_id
        _refuse_many(wanted)
        with composing(self.place, mirror.path):
            blobs = self._blobs({one.pointer for one in wanted})
            file = pygit2.enums.FileMode.BLOB
            parts = {tuple(one.path.split("/")): Part(blobs[one.pointer], file) for one in wanted}
            return Mirror(self.place), put_into(self.place, tree_id, parts)

    def _blobs(self, pointers: set[Pointer]) -> dict[Pointer, str]:
        """Return the blob of each file, fetched where it is not here."""
        notes = self.place / "large"  # files without content: a name is there or not, however we end
        notes.mkdir(exist_ok=True)
        noted = [path.name.split("-") for path in notes.iterdir()]
        if sum(int(size) for _, _, size in noted) > _ROOM:
            empty(self.place)
            shutil.rmtree(notes)
            notes.mkdir()
        repository = pygit2.Repository(str(self.place))
        here = {oid: blob for oid, blob, _ in noted if blob in repository}
        found = {one: here[one.oid] for one in pointers if one.oid in here}
        for pointer, content in self.server.fetch(sorted(pointers - found.keys())):
            found[pointer] = str(repository.create_blob_fromiobase(cast("RawIOBase", content)))
            (notes / f"{pointer.oid}-{found[pointer]}-{pointer.size}").touch()
        return found


def _refuse_many(wanted: list[_Wanted]) -> None:
    size = sum({one.pointer.oid: one.pointer.size for one in wanted}.values())
    if len(wanted) > MOST:
        raise Rejected(f"it reads {len(wanted):,} files in Git LFS, which is more than {MOST:,}")
    if size > MOST_BYTES:
        raise Rejected(f"the files in Git LFS that it reads have {size:,} bytes, which is more than {MOST_BYTES:,}")


def _wanted(snapshot: Snapshot, paths: frozenset[str] | None, source: Source) -> Iterator[_Wanted]:
    """Yield each pointer that a render reads; `paths` are what it reads, None: nobody can say."""
    options = SourceOptions.of(source.model_dump(by_alias=True))
    tool, folder = _tool(snapshot, options)
    named = paths or frozenset()
    if tool is Tool.KUSTOMIZE:
        named |= closure(snapshot, folder).files.keys()
    every = tool in {Tool.HELM, Tool.PLUGIN} or options.disable_extension_filter
    for path, entry in _below(snapshot, {""} if paths is None else paths):
        is_read = path in named or _READ.fullmatch(path) or (every and (not folder or path.startswith(f"{folder}/")))
        if is_read and snapshot.size(entry.id) < LONGEST:
            pointer = pointer_in(snapshot.read(entry.id))
            if pointer is not None and pointer.size <= LARGEST:
                yield _Wanted(path, pointer)


def _tool(snapshot: Snapshot, options: SourceOptions) -> tuple[Tool | None, str]:
    found = snapshot.find(options.path)
    if options.only_a_reference or found is None or found.entry.kind is not EntryKind.FOLDER:
        return None, ""
    return options.tool(snapshot.folder(found.entry.id)), found.path


def _below(snapshot: Snapshot, paths: Iterable[str]) -> Iterator[tuple[str, Entry]]:
    """Yield every file at or below paths, each once."""
    seen = set[str]()
    for path in sorted(paths):
        found = snapshot.find(path)
        if found is None or found.path in seen:
            continue
        files = [(found.path, found.entry)]
        if found.entry.kind is EntryKind.FOLDER:
            files = list(snapshot.walk(found.entry.id, found.path))
        for name, entry in files:
            if entry.kind is EntryKind.FILE and name not in seen:
                seen.add(name)
                yield name, entry
