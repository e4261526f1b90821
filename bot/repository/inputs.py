"""Whether a render can differ: what it reads, by name, and a hash over all of it, from object ids alone."""

from __future__ import annotations

import hashlib
import re
import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Final, NamedTuple

from bot.errors import Rejected, Temporary
from bot.model.applications import Source, said
from bot.repository.environment import REVISION
from bot.repository.helm.reading import reads
from bot.repository.imports import folders_of_imports, imported, jsonnet_below
from bot.repository.kustomization import closure
from bot.repository.options import added_paths
from bot.repository.overrides import override_files, with_overrides
from bot.repository.plugins.declaration import Plugin, discovered
from bot.repository.steps import touched
from bot.repository.tools import SourceOptions, Tool, tools_told_by
from bot.repository.trees import EntryKind, Found, InSubmodule, Snapshot, leads_away

if TYPE_CHECKING:
    from bot.repository.mirrors import Mirror


_MOST_KEPT: Final = 2_000
"""Answers that are kept; a preview asks three times for the same, and about 1 MB."""
_PLAIN: Final = re.compile(r"[^*?\[{$]*")
"""A step of a path that is a name: no pattern, and no variable."""
_Asked = tuple[str, int, str | None, tuple[Plugin, ...]]
"""Whose inputs: the mirror's path, what the source says, the application, and plugins that may discover it."""
_kept: Final[OrderedDict[tuple[str, _Asked], Inputs]] = OrderedDict()
"""What a tree's id names cannot change, so answers hold for the whole process, whichever thread asked."""
_latest: Final[OrderedDict[_Asked, str]] = OrderedDict()
"""The tree that was asked about last."""
_keeping: Final = threading.Lock()


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a render of one source reads at one state of a repository."""

    digest: str | None
    """Over the content of all of it; None when the source's path is not there."""
    paths: frozenset[str] | None
    """Files and folders by name, folders with everything below them; None: the whole repository.

    As long as nothing at or below one of these paths changes, the digest stays: what would be read if it appeared lies
    in a folder that is read, or is among them as a path that is missing.
    """
    tool: Tool | None = None
    """What renders it; None where that cannot be told, or there is nothing to render."""
    each_commit: bool = False
    """Whether the render may say of which commit it is, so that two of one tree differ as well."""


def input_hash(
    mirror: Mirror, tree_id: str, source: Source, application: str | None = None, plugins: tuple[Plugin, ...] = ()
) -> str | None:
    """Return a hash over everything a render of `source` reads in that tree; None when its path is not there.

    Equal hashes mean equal renders. The reverse does not hold: where the files that are read are not understood, the
    hash is over the whole repository, and so it is where a render mentions the revision. Raises Temporary when the
    mirror lacks the tree.
    """
    return inputs_of(mirror, tree_id, source, application, plugins).digest


def inputs_of(
    mirror: Mirror, tree_id: str, source: Source, application: str | None = None, plugins: tuple[Plugin, ...] = ()
) -> Inputs:
    """Return what a render of `source` reads in that tree. Raises Temporary when the mirror lacks the tree.

    `application` is whose overrides in the repository hold, and `plugins` are those that may discover the source;
    without any of both, the source has been through that already (`settled`).
    """
    asked = (str(mirror.path), said(source), application, plugins)
    found = _kept.get((tree_id, asked))
    if found is None:
        found = _inherited(mirror, tree_id, asked)
        if found is None:
            found = _found(Snapshot(str(mirror.path), tree_id), source, application, plugins)
        with _keeping:
            _kept[tree_id, asked] = found
            _latest[asked] = tree_id
            if len(_kept) > _MOST_KEPT:
                _kept.popitem(last=False)
            if len(_latest) > _MOST_KEPT:
                _latest.popitem(last=False)
    return found


def _inherited(mirror: Mirror, tree_id: str, asked: _Asked) -> Inputs | None:
    """Return what is read in the tree that was asked about before, if nothing of it has changed since; else None."""
    earlier = _latest.get(asked, "")
    found = _kept.get((earlier, asked))
    if found is None or found.paths is None:
        return None
    try:
        between = touched(str(mirror.path), earlier, tree_id)
    except Temporary:  # the earlier one may be gone by now
        return None
    return None if between is None or between.concerns(found.paths) else found


def _found(snapshot: Snapshot, source: Source, application: str | None, plugins: tuple[Plugin, ...]) -> Inputs:
    if source.only_a_reference:
        return _referred(snapshot, source)
    found = _folder(snapshot, source.path)
    if isinstance(found, Inputs):
        return found
    try:
        merged = settled(snapshot, source, application, plugins)
        options = SourceOptions.of(merged.model_dump(by_alias=True))
        tool = options.tool(snapshot.folder(found.entry.id))
        read = None if mentions_revision(merged) else _read(snapshot, found, options)
        if read is not None and source.read_by_others:
            read = _both(read, _named(snapshot, source.read_by_others))
        overrides = [] if application is None else list(override_files(snapshot, found.entry.id, application))
    except Rejected:
        return Inputs(snapshot.tree_id, None)
    if read is None or any(entry.kind is EntryKind.LINK for _, entry in overrides):
        return Inputs(snapshot.tree_id, None, tool, each_commit=tool is Tool.PLUGIN or mentions_revision(merged))
    digest = _digest([*read.rows, *(f"{entry.id} {name}" for name, entry in overrides)])
    paths = read.paths if snapshot.watched(source.path) == found.path else None
    return Inputs(digest, paths if paths is None else paths | {found.path}, tool)


def _folder(snapshot: Snapshot, path: str) -> Found | Inputs:
    """Return a source's folder; where it is none, what decides about whether it becomes one."""
    try:
        found, watched = snapshot.find(path), snapshot.watched(path)
    except InSubmodule:
        return Inputs(snapshot.tree_id, None)
    except Rejected:
        return Inputs(None, None)
    if found is not None and found.entry.kind is EntryKind.FOLDER:
        return found
    if found is not None and found.entry.kind is EntryKind.SUBMODULE:
        return Inputs(snapshot.tree_id, None)
    return Inputs(None, None if watched is None else frozenset({watched}))


def settled(snapshot: Snapshot, source: Source, application: str | None, plugins: tuple[Plugin, ...] = ()) -> Source:
    """Return a source as it is rendered: with the overrides of its repository, and the plugin that its files tell.

    Rejected names the file that is wrong.
    """
    merged = source if application is None else with_overrides(snapshot, source, application)
    return discovered(snapshot, merged, plugins)


def _referred(snapshot: Snapshot, source: Source) -> Inputs:
    """Return what others read of a source that renders nothing itself."""
    try:
        read = _named(snapshot, source.read_by_others)
    except Rejected:
        read = None
    return Inputs(snapshot.tree_id, None) if read is None else Inputs(_digest(read.rows), read.paths)


def mentions_revision(source: Source) -> bool:
    """Whether a render may say of which commit it is, so that each commit has one of its own."""
    return REVISION in source.model_dump_json()


class _Read(NamedTuple):
    rows: list[str]
    """One line for each thing that is read."""
    paths: frozenset[str] | None
    """Where these are, and what would be read if it appeared; None when names do not tell that."""


def _read(snapshot: Snapshot, found: Found, options: SourceOptions) -> _Read | None:
    """Return what is read; None when that cannot be told."""
    names = snapshot.folder(found.entry.id)
    if len(set(tools_told_by(names))) > 1 and not options.blocks:
        return None  # which of them it is, an operator may settle
    tool = options.tool(names)
    if tool is not Tool.DIRECTORY and any(name.endswith(".jsonnet") for name in names):
        return None  # nor whether it is plain files, whose imports would count
    match tool:
        case Tool.KUSTOMIZE:
            return _kustomize(snapshot, found, options)
        case Tool.HELM if not options.chart:
            chart = reads(snapshot, found, options)
            return None if chart is None else _Read(chart.rows, chart.paths)
        case Tool.DIRECTORY:
            return _directory(snapshot, found, options)
        case _:
            return None


def _named(snapshot: Snapshot, files: Iterable[str]) -> _Read | None:
    """Return what other sources name in this one; of a pattern, or with a variable, the folder above it."""
    rows, paths = ["references"], set[str]()
    for file in files:
        path = "/".join(takewhile(_PLAIN.fullmatch, file.split("/")))
        watched, found = snapshot.watched(path), snapshot.find(path)
        if watched is None or (found is not None and _leads_away(snapshot, found)):
            return None
        rows.append(f"{found.entry.id if found is not None else ''} {path}")
        paths.add(watched)
    return _Read(rows, frozenset(paths))


def _leads_away(snapshot: Snapshot, found: Found) -> bool:
    return found.entry.kind is EntryKind.FOLDER and leads_away(snapshot.repository, found.entry.id)


def _both(one: _Read, other: _Read | None) -> _Read | None:
    if other is None:
        return None
    paths = None if one.paths is None or other.paths is None else one.paths | other.paths
    return _Read([*one.rows, *other.rows], paths)


def _directory(snapshot: Snapshot, found: Found, options: SourceOptions) -> _Read | None:
    here = frozenset({found.path})
    if options.recurse:
        if leads_away(snapshot.repository, found.entry.id):
            return None
        read = _Read(["directory", found.entry.id], here)
        return _with_imports(snapshot, found, options, read, jsonnet_below(snapshot.repository, found.entry.id))
    kinds, names = (EntryKind.FILE, EntryKind.LINK), snapshot.folder(found.entry.id)
    files = [(name, one) for name, one in names.items() if one.kind in kinds and options.selects(name)]
    if any(entry.kind is EntryKind.LINK for _, entry in files):
        return None
    read = _Read(["directory", *(f"{entry.id} {name}" for name, entry in sorted(files))], here)
    importers = [(name, entry.id) for name, entry in files if name.endswith(".jsonnet")]
    return _with_imports(snapshot, found, options, read, importers)


def _with_imports(
    snapshot: Snapshot, found: Found, options: SourceOptions, read: _Read, files: Iterable[tuple[str, str]]
) -> _Read | None:
    """Add what jsonnet files import; they are named from the folder."""
    importers = [(f"{found.path}/{name}" if found.path else name, blob_id) for name, blob_id in files]
    if not importers:
        return read
    more = imported(snapshot, importers, folders_of_imports(found.path, options.libraries))
    if more is None or read.paths is None:
        return None
    rows = [f"{blob_id} {path}" for path, blob_id in sorted(more.files.items())]
    return _Read([*read.rows, *rows], frozenset({*read.paths, *more.files, *more.missing}))


def _kustomize(snapshot: Snapshot, found: Found, options: SourceOptions) -> _Read | None:
    read = closure(snapshot, found.path, more=added_paths(options.kustomize))
    if not read.complete or read.outside:
        return None
    # What is remote is named in what is read, and changes with no state of this repository.
    known = {**read.folders, **read.files}
    rows = ["kustomize", *(f"{object_id} {path}" for path, object_id in sorted(known.items()))]
    return _Read(rows, frozenset({*known, *read.missing}) if read.by_name else None)


def _digest(rows: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(rows).encode("utf-8", errors="surrogateescape")).hexdigest()
