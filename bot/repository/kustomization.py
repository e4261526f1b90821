"""What a kustomization reads, followed through every base, component and file it names."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, NamedTuple

from bot.errors import Rejected
from bot.repository import manifests
from bot.repository.tools import KUSTOMIZATIONS
from bot.repository.trees import EntryKind, Snapshot, leads_away, leaves_a_folder

_MOST_FOLDERS: Final = 1000
_LARGEST: Final = 1_000_000
"""Bytes of a kustomization file that is still read for what it references."""
_REMOTE: Final = re.compile(
    r"[a-z][a-z0-9+.-]*://|git::|gh:|[\w.-]+@[\w.-]+:|(www\.)?(github\.com|gitlab\.com|bitbucket\.org)[/:]"
    r"|.*(\.git(/|\?|$)|[?&](ref|version|timeout|submodules)=|[^.]//)",
    re.IGNORECASE | re.DOTALL,
)
"""What kustomize would fetch (kustomize `api/internal/git/repospec.go`) when it is no file or folder here."""

_LISTS_OF_PATHS: Final = ("resources", "bases", "components", "crds", "configurations")
_LISTS_OF_PATHS_OR_TEXTS: Final = ("patchesStrategicMerge",)
_LISTS_WITH_PATH: Final = ("patches", "patchesJson6902", "replacements")
_GENERATORS: Final = ("configMapGenerator", "secretGenerator")
_PLUGINS: Final = ("generators", "transformers", "validators")
"""Their configurations name files in ways of their own."""
_WITHOUT_FILES: Final = frozenset(
    """apiVersion kind metadata namespace namePrefix nameSuffix labels commonLabels commonAnnotations images imageTags
    replicas generatorOptions vars buildMetadata sortOptions inventory""".split()  # noqa: SIM905 - a table, not code
)
_FIELDS: Final = _WITHOUT_FILES | {
    "openapi",
    *_LISTS_OF_PATHS,
    *_LISTS_OF_PATHS_OR_TEXTS,
    *_LISTS_WITH_PATH,
    *_GENERATORS,
}


@dataclass(frozen=True, slots=True)
class _References:
    """Paths (or URLs) that one kustomization file names, as they stand there."""

    paths: tuple[str, ...] = ()
    complete: bool = True
    """Whether these are all the files it can read."""


class Remote(NamedTuple):
    """What would have to be fetched."""

    reference: str
    """As it stands in the kustomization."""
    folder: str
    """The kustomization that asks for it."""

    def __str__(self) -> str:
        """Say it to people."""
        return f"{self.reference} (in {self.folder or '.'})"


@dataclass(slots=True)
class Closure:
    """Everything one kustomization reads."""

    folders: dict[str, str] = field(default_factory=dict)
    """Folders with a kustomization, by real path, with their tree's id."""
    files: dict[str, str] = field(default_factory=dict)
    """Files that are referenced, by real path, with their blob's id; many lie in one of the folders."""
    missing: set[str] = field(default_factory=set)
    """Paths that are named and not there: what would be read if it appeared."""
    complete: bool = True
    """Whether that is all; if not, take the whole repository."""
    by_name: bool = True
    """Whether names tell what would be read if it appeared."""
    remote: list[Remote] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    """Paths that lead out of the repository, with the folder that asks for them."""


def closure(snapshot: Snapshot, path: str, *, more: Sequence[str] = ()) -> Closure:
    """Return what the kustomization in the folder `path` reads; `more` are paths its application adds to it."""
    found = Closure()
    waiting = [path]
    while waiting:
        folder = waiting.pop()
        if folder in found.folders:
            continue
        if len(found.folders) >= _MOST_FOLDERS:
            found.complete = False
            break
        waiting.extend(_follow(snapshot, folder, found, more if folder == path else ()))
    return found


def names_remote(snapshot: Snapshot, path: str) -> bool:
    """Whether the kustomization in a folder, or one that it builds on, names what would have to be fetched."""
    return bool(closure(snapshot, path).remote)


def _follow(snapshot: Snapshot, folder: str, found: Closure, more: Iterable[str]) -> list[str]:
    """Add one folder and what it names; return the folders that come next."""
    here = snapshot.find(folder)
    if here is None:
        return []
    found.folders[folder] = here.entry.id
    found.complete &= not leads_away(snapshot.repository, here.entry.id)
    named = list(more)
    names = snapshot.folder(here.entry.id)
    for name in KUSTOMIZATIONS:
        if (entry := names.get(name)) is not None and entry.kind is EntryKind.FILE:
            references = _references(snapshot, entry.id)
            named.extend(references.paths)
            found.complete &= references.complete
    return [next_folder for reference in named for next_folder in _place(snapshot, folder, reference, found)]


def _place(snapshot: Snapshot, folder: str, reference: str, found: Closure) -> Iterator[str]:
    """Say where one reference leads: a file, a folder to follow, out of here, or nowhere."""
    where = Remote(reference, folder)
    if "://" in reference:
        found.remote.append(where)
        return
    if reference.startswith("/"):
        found.outside.append(str(where))
        return
    way = posixpath.join(folder, reference)
    found.by_name &= not leaves_a_folder(reference)
    try:
        target = snapshot.find(way)
    except Rejected:
        found.outside.append(str(where))
        return
    if target is None:
        if _REMOTE.match(reference):
            found.remote.append(where)
        _note_missing(snapshot, folder, reference, found)
        return
    found.complete &= posixpath.normpath(way) == (target.path or ".")
    if target.entry.kind is EntryKind.FILE:
        found.files[target.path] = target.entry.id
    elif target.entry.kind is EntryKind.FOLDER:
        yield target.path
    else:
        found.complete = False  # a submodule: what is in it stands in another repository


def _note_missing(snapshot: Snapshot, folder: str, reference: str, found: Closure) -> None:
    watched = snapshot.watched(posixpath.normpath(posixpath.join(folder, reference)))
    if watched is None:
        found.by_name = False
    else:
        found.missing.add(watched)


def _references(snapshot: Snapshot, blob_id: str) -> _References:
    return _read(snapshot.repository, blob_id)


@lru_cache(maxsize=4096)
def _read(repository: str, blob_id: str) -> _References:
    snapshot = Snapshot(repository, "")
    if snapshot.size(blob_id) > _LARGEST:
        return _References(complete=False)
    try:
        documents = manifests.read(snapshot.read(blob_id), "kustomization")
    except Rejected:
        return _References(complete=False)
    if len(documents) != 1 or not isinstance(documents[0].value, dict):
        return _References(complete=not documents)
    return _named(documents[0].value)


def _named(kustomization: dict[str, Any]) -> _References:
    try:
        paths = tuple(_paths(kustomization))
        plugins = tuple(_plugin_paths(kustomization))
    except (TypeError, AttributeError):
        # Not of the shape that kustomize reads: it will say so itself.
        return _References(complete=False)
    return _References((*paths, *plugins), complete=kustomization.keys() <= _FIELDS)


def _paths(kustomization: dict[str, Any]) -> Iterator[str]:
    for name in _LISTS_OF_PATHS:
        for path in kustomization.get(name) or ():
            yield _text(path)
    for name in _LISTS_OF_PATHS_OR_TEXTS:
        yield from (_text(path) for path in kustomization.get(name) or () if "\n" not in _text(path))
    for name in _LISTS_WITH_PATH:
        yield from (_text(entry["path"]) for entry in kustomization.get(name) or () if entry.get("path"))
    for name in _GENERATORS:
        for entry in kustomization.get(name) or ():
            yield from _generator_paths(entry)
    if (path := (kustomization.get("openapi") or {}).get("path")) is not None:
        yield _text(path)


def _generator_paths(entry: dict[str, Any]) -> Iterator[str]:
    for source in entry.get("files") or ():
        yield _text(source).rpartition("=")[2]
    yield from (_text(path) for path in entry.get("envs") or ())
    if entry.get("env"):
        yield _text(entry["env"])


def _plugin_paths(kustomization: dict[str, Any]) -> Iterator[str]:
    for name in _PLUGINS:
        yield from (_text(entry) for entry in kustomization.get(name) or () if "\n" not in _text(entry))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a path")
    return value
