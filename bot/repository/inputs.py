"""Whether a render can differ: a hash over all the files it reads, from object ids alone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

from bot.errors import Rejected
from bot.repository.kustomization import closure
from bot.repository.options import added_paths
from bot.repository.tools import SourceOptions, Tool
from bot.repository.trees import EntryKind, Found, Snapshot, leads_away

if TYPE_CHECKING:
    from bot.model.applications import Source
    from bot.repository.mirrors import Mirror


def input_hash(mirror: Mirror, tree_id: str, source: Source) -> str | None:
    """Return a hash over everything a render of `source` reads in that tree; None when its path is not there.

    Equal hashes mean equal renders. The reverse does not hold: where the files that are read are not understood, the
    hash is over the whole repository. Raises Temporary when the mirror lacks the tree.
    """
    options = SourceOptions.of(source.model_dump(by_alias=True))
    snapshot = Snapshot(str(mirror.path), tree_id)
    try:
        found = snapshot.find(options.path)
    except Rejected:
        return None
    if found is None or found.entry.kind is not EntryKind.FOLDER:
        return None
    try:
        rows = None if options.only_a_reference else _inputs(snapshot, found, options)
    except Rejected:
        rows = None
    return tree_id if rows is None else _digest(rows)


def _inputs(snapshot: Snapshot, found: Found, options: SourceOptions) -> Iterable[str] | None:
    """Return one line for each thing that is read; None when that cannot be told."""
    names = snapshot.folder(found.entry.id)
    match options.tool(names):
        case Tool.KUSTOMIZE:
            return _kustomize(snapshot, found, options)
        case Tool.DIRECTORY if options.recurse:
            return None if leads_away(snapshot.repository, found.entry.id) else ["directory", found.entry.id]
        case Tool.DIRECTORY:
            kinds = (EntryKind.FILE, EntryKind.LINK)
            files = [(name, one) for name, one in names.items() if one.kind in kinds and options.selects(name)]
            if any(entry.kind is EntryKind.LINK for _, entry in files):
                return None
            return ["directory", *(f"{entry.id} {name}" for name, entry in sorted(files))]
        case _:
            return None


def _kustomize(snapshot: Snapshot, found: Found, options: SourceOptions) -> Iterable[str] | None:
    read = closure(snapshot, found.path, more=added_paths(options.kustomize))
    if not read.complete or read.outside or read.remote:
        return None
    return ["kustomize", *(f"{object_id} {path}" for path, object_id in sorted({**read.folders, **read.files}.items()))]


def _digest(rows: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(rows).encode("utf-8", errors="surrogateescape")).hexdigest()
