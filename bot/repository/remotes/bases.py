"""Remote bases and files of kustomizations: fetched, and put into the tree, where the kustomizations then find them.

Each repository lies as a whole below `FOLDER`, once for each commit, so that what a base names beside itself is there,
and what it may name ends where its repository does. A reference to it becomes the way there. What comes of that is a
tree like any other: whatever reads it afterwards knows nothing of all this.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

import orjson
import pygit2

from bot.errors import Rejected
from bot.repository import manifests
from bot.repository.composing import Part, borrow, composing, put_into
from bot.repository.kustomization import closure
from bot.repository.mirrors import Mirror
from bot.repository.remotes.references import Base, base_of, is_file, shown_reference
from bot.repository.tools import KUSTOMIZATIONS
from bot.repository.trees import EntryKind, InSubmodule, Snapshot, leads_away

FOLDER: Final = ".foresail-remote"
MOST: Final = 50
"""Repositories and files that one kustomization may have fetched."""
DEEPEST: Final = 5
"""Remote bases within one another."""
_COMMIT: Final = re.compile(r"/[0-9a-f]{40}/")
"""In the path of a file that will not change."""
_LISTS: Final = ("resources", "bases", "components")
"""Where kustomize takes folders, and so repositories."""


class Fetched(NamedTuple):
    """A repository at the commit that a reference means now."""

    mirror: Mirror
    tree_id: str
    commit: str
    moves: bool
    """Whether the reference may mean another commit tomorrow."""


FetchBase: TypeAlias = Callable[[Base], Fetched]
FetchFile: TypeAlias = Callable[[str], bytes]
"""Both raise Rejected for what may not be fetched or is not there."""


@dataclass(slots=True)
class _Repository:
    """What kustomizations are read from: the repository that is rendered, or one that they name."""

    prefix: str
    """Where it lies in the whole tree; empty for the one that is rendered."""
    snapshot: Snapshot
    depth: int = 0
    edits: dict[tuple[str, ...], bytes] = field(default_factory=dict)
    """Files that are different in it afterwards, or new."""


class _Kustomization(NamedTuple):
    repository: _Repository
    folder: str

    @property
    def place(self) -> str:
        """Where it is in the whole tree."""
        return posixpath.join(self.repository.prefix, self.folder)


@dataclass(slots=True)
class Bringing:
    """One kustomization together with its remote bases and files."""

    fetch: FetchBase
    get: FetchFile
    place: Path
    """A folder for what comes of it."""
    urls: list[str] = field(default_factory=list)
    """Of the repositories that were asked for, whatever came of it."""
    notes: dict[str, None] = field(default_factory=dict)
    """What was taken as it is now, in words for whoever reads a prediction."""
    _repositories: dict[str, _Repository] = field(default_factory=dict)
    _files: int = 0

    def bring(self, mirror: Mirror, tree_id: str, folder: str) -> tuple[Mirror, str]:
        """Return where a tree is in which the kustomization of a folder names nothing remote.

        Raises Rejected, naming the reference and its kustomization, for what cannot be had.
        """
        root = _Repository("", Snapshot(str(mirror.path), tree_id))
        waiting = [_Kustomization(root, folder)]
        met = {one.place for one in waiting}
        while waiting:
            for one in self._followed(waiting.pop()):
                if one.place not in met:
                    met.add(one.place)
                    waiting.append(one)
        # Only now: while something is fetched, others may compose.
        with composing(self.place, mirror.path):
            for base in self._repositories.values():
                borrow(self.place, Path(base.snapshot.repository))
            bases = {_way("", prefix): Part(self._written(base, {})) for prefix, base in self._repositories.items()}
            return Mirror(self.place), self._written(root, bases)

    def _written(self, repository: _Repository, parts: Mapping[tuple[str, ...], Part]) -> str:
        """Write the tree of a repository with what is different in it, and return its id."""
        there = pygit2.Repository(str(self.place))
        file = pygit2.enums.FileMode.BLOB
        edits = {way: Part(str(there.create_blob(content)), file) for way, content in repository.edits.items()}
        return put_into(self.place, repository.snapshot.tree_id, {**edits, **parts})

    def _followed(self, start: _Kustomization) -> list[_Kustomization]:
        """Fetch what a kustomization names, and those of its repository that it builds on; return where that leads."""
        read = closure(start.repository.snapshot, start.folder)
        if start.repository.prefix and read.outside:
            raise Rejected(f"a remote base names paths out of its repository: {', '.join(sorted(read.outside))}")
        found: list[_Kustomization] = []
        for folder in dict.fromkeys(one.folder for one in read.remote):
            at, ways = _Kustomization(start.repository, folder), dict[str, str]()
            for reference in (one.reference for one in read.remote if one.folder == folder):
                try:
                    ways[reference] = (
                        self._file(at, reference) if is_file(reference) else self._base(at, reference, found)
                    )
                except Rejected as error:
                    where = f"{shown_reference(reference)} (in {folder or '.'})"
                    raise Rejected(f"{where}: {error.message}", remedy=error.remedy) from error
            _rewrite(at, ways)
        return found

    def _base(self, at: _Kustomization, reference: str, found: list[_Kustomization]) -> str:
        """Fetch a repository, note which of its kustomizations comes next, and return the way there."""
        base = base_of(reference)
        if base is None:
            raise Rejected("that is no repository that could be fetched")
        if at.repository.depth >= DEEPEST:
            raise Rejected(f"there are more than {DEEPEST} remote bases within one another")
        self.urls.append(base.url)
        fetched = self.fetch(base)
        snapshot = Snapshot(str(fetched.mirror.path), fetched.tree_id)
        target = snapshot.find(base.path)
        if target is None or target.entry.kind is not EntryKind.FOLDER:
            raise Rejected(f"there is no folder {base.path} at {fetched.commit[:7]}")
        if fetched.moves:
            self.notes[
                f"the remote base {shown_reference(reference)} was taken at {fetched.commit[:7]}, and may move"
            ] = None
        next_one = _Kustomization(self._repository(base, snapshot, at.repository.depth + 1), target.path)
        found.append(next_one)
        return posixpath.relpath(f"/{next_one.place}", f"/{at.place}")

    def _repository(self, base: Base, snapshot: Snapshot, depth: int) -> _Repository:
        prefix = f"{FOLDER}/{_short(f'{base.url} {snapshot.tree_id}')}"
        if prefix not in self._repositories:
            self._count()
            _refuse_links(snapshot)
            self._repositories[prefix] = _Repository(prefix, snapshot, depth)
        return self._repositories[prefix]

    def _file(self, at: _Kustomization, url: str) -> str:
        """Fetch a file, put it beside the kustomization, and return its name there."""
        self._count()
        self._files += 1
        name = f"{FOLDER}-{_short(url)}.yaml"
        at.repository.edits[_way(at.folder, name)] = self.get(url)
        if not _COMMIT.search(url):
            self.notes[f"the remote file {shown_reference(url)} was taken as it is now, and may change"] = None
        return name

    def _count(self) -> None:
        if len(self._repositories) + self._files >= MOST:
            raise Rejected(f"there are more than {MOST} remote bases and files")


def _rewrite(at: _Kustomization, ways: Mapping[str, str]) -> None:
    """Write a kustomization with ways in place of its references, wherever kustomize takes folders."""
    snapshot, used = at.repository.snapshot, set[str]()
    there = snapshot.find(at.folder)
    names = snapshot.folder(there.entry.id) if there is not None else {}
    for name in (one for one in KUSTOMIZATIONS if one in names and names[one].kind is EntryKind.FILE):
        documents = manifests.read(snapshot.read(names[name].id), posixpath.join(at.folder, name))
        content = documents[0].value if documents else {}
        if not isinstance(content, dict):
            continue  # kustomize takes no second one beside another
        for key in (one for one in _LISTS if isinstance(content.get(one), list)):
            used |= {one for one in ways if one in content[key]}
            content[key] = [ways.get(one, one) if isinstance(one, str) else one for one in content[key]]
        at.repository.edits[_way(at.folder, name)] = orjson.dumps(content)
    if left := ways.keys() - used:
        shown = ", ".join(sorted(map(shown_reference, left)))
        raise Rejected(f"{shown} (in {at.folder or '.'}): only resources, bases and components can be remote")


def _refuse_links(snapshot: Snapshot) -> None:
    """Refuse a repository with links out of it: beside it lies another one now."""
    if leads_away(snapshot.repository, snapshot.tree_id):
        for path, entry in snapshot.walk(snapshot.tree_id):
            if entry.kind is EntryKind.LINK:
                with suppress(InSubmodule):
                    snapshot.find(path)


def _way(folder: str, name: str) -> tuple[str, ...]:
    return tuple(posixpath.join(folder, name).split("/"))


def _short(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", errors="surrogatepass")).hexdigest()[:12]
