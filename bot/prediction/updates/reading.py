"""Files of the branches that Applications follow, as the places of versions are looked for in them."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from bot.engine.updates import places
from bot.engine.updates.scalars import LARGEST, Scalar, scalars
from bot.errors import Rejected
from bot.repository.kustomization import closure
from bot.repository.tools import KUSTOMIZATIONS, SourceOptions, Tool
from bot.repository.trees import EntryKind, Found, Snapshot

if TYPE_CHECKING:
    from bot.engine.updates.places import Place
    from bot.model.applications import Application, Source
    from bot.model.updates import ImageWish
    from bot.repository.mirrors import Mirror

_MOST_FILES: Final = 500
"""Files that are looked into for one image."""
_MOST_DECLARING: Final = 20_000
"""Files of a folder that are looked into for what declares an Application; each is read once for all."""
_MOST_KEPT: Final = 500_000
"""Values of all files together that are kept, some 300 bytes each; those read first make room."""
_YAML: Final = (".yaml", ".yml")


def _whenever() -> None:
    """Let a file be read."""


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch of a repository that a source follows, as it is now."""

    url: str
    name: str
    mirror: Mirror
    tree_id: str

    @property
    def snapshot(self) -> Snapshot:
        """Its files."""
        return Snapshot(str(self.mirror.path), self.tree_id)


@dataclass(frozen=True, slots=True)
class Spot:
    """A value in a file of a branch."""

    branch: Branch
    path: str
    place: Place


@dataclass(slots=True)
class Files:
    """Reads each file once, whoever asks: many applications look into the same, mostly one soon after the other."""

    refuse_late: Callable[[], None] = _whenever
    """Raises Temporary when there is no time for one more file: anybody's may be many and large."""
    _read: dict[tuple[str, str], list[Scalar]] = field(default_factory=dict)
    _kept: int = 0
    _declared: dict[tuple[str, str, str], dict[str, list[str]]] = field(default_factory=dict)

    def scalars(self, branch: Branch, path: str) -> list[Scalar]:
        """Return the values of a file; none where there is no such file, or it cannot be read."""
        try:
            found = branch.snapshot.find(path)
        except Rejected:
            return []
        # What lies behind a link is not what a change of this path would alter.
        if found is None or found.entry.kind is not EntryKind.FILE or found.path != posixpath.normpath(path):
            return []
        key = (str(branch.mirror.path), found.entry.id)
        if key not in self._read:
            self.refuse_late()
            self._keep(key, _values(branch.snapshot, found.entry.id))
        return self._read[key]

    def _keep(self, key: tuple[str, str], values: list[Scalar]) -> None:
        self._kept += len(values)
        while self._kept > _MOST_KEPT and self._read:
            self._kept -= len(self._read.pop(next(iter(self._read))))
        self._read[key] = values

    def spots(self, branch: Branch, source: Source, wish: ImageWish) -> list[Spot]:
        """Return where the files of a source say which version of an image is used; of several, what wins."""
        found = branch.snapshot.find(source.path)
        if found is None or found.entry.kind is not EntryKind.FOLDER:
            return []
        options = SourceOptions.of(source.model_dump(by_alias=True))
        tool = options.tool(branch.snapshot.folder(found.entry.id))
        if tool is Tool.KUSTOMIZE:
            return self.kustomized(branch, found.path, wish)
        if tool is Tool.HELM:
            return self.valued([(branch, posixpath.join(found.path, "values.yaml"))], wish)
        prefix = f"{found.path}/" if found.path else ""
        every = _files(branch.snapshot, found, recurse=options.recurse)
        paths = [path for path in every if options.selects(path.removeprefix(prefix))]
        return self._in_manifests(branch, paths, wish)

    def kustomized(self, branch: Branch, folder: str, wish: ImageWish) -> list[Spot]:
        """Look into `images:` of a kustomization, then of what it builds on, then into its manifests."""
        known = closure(branch.snapshot, folder)
        for one in known.folders:
            for name in KUSTOMIZATIONS:
                path = posixpath.join(one, name)
                found = [Spot(branch, path, it) for it in places.in_kustomization(self.scalars(branch, path), wish)]
                if found:
                    return found
        return self._in_manifests(branch, [path for path in known.files if path.endswith(_YAML)], wish)

    def valued(self, files: list[tuple[Branch, str]], wish: ImageWish) -> list[Spot]:
        """Look into values files, that first which wins, and stop at the first that has the image."""
        by_path = bool(wish.helm_tag or wish.helm_spec)
        for branch, path in files:
            said = self.scalars(branch, path)
            found = places.at_path(said, wish) if by_path else places.in_values(said, wish)
            if spots := [Spot(branch, path, one) for one in found]:
                return spots
        return []

    def _in_manifests(self, branch: Branch, paths: list[str], wish: ImageWish) -> list[Spot]:
        if len(paths) > _MOST_FILES:
            raise Rejected(
                f"{len(paths)} files would have to be looked into for {wish.name}; at most {_MOST_FILES} are",
                remedy="Name the file: write-back-target.",
            )
        return [
            Spot(branch, path, one) for path in paths for one in places.in_manifests(self.scalars(branch, path), wish)
        ]

    def declaring(
        self, branch: Branch, folder: str, application: Application, source: Source
    ) -> Iterator[tuple[str, Scalar]]:
        """Yield path and `targetRevision` of a chart's source in the files that declare an Application."""
        key = (str(branch.mirror.path), branch.tree_id, folder)
        if key not in self._declared:
            self._declared[key] = self._declarations(branch, folder)
        for path in self._declared[key].get(application.short_name, ()):
            said = self.scalars(branch, path)
            for one in places.in_application(said, application, chart=source.chart, url=source.repo_url):
                yield path, one

    def _declarations(self, branch: Branch, folder: str) -> dict[str, list[str]]:
        """Return the files of a folder that declare Applications, by the names of these."""
        found = branch.snapshot.find(folder)
        every = _files(branch.snapshot, found, recurse=True) if found is not None else []
        declared: dict[str, list[str]] = {}
        for path in every[:_MOST_DECLARING]:
            for name in places.declared(self.scalars(branch, path)):
                declared.setdefault(name, []).append(path)
        return declared


def _files(snapshot: Snapshot, found: Found, *, recurse: bool) -> list[str]:
    """Return the paths of the YAML files in a folder, by name."""
    if found.entry.kind is not EntryKind.FOLDER:
        return []
    below = f"{found.path}/" if found.path else ""
    here = ((below + name, entry) for name, entry in sorted(snapshot.folder(found.entry.id).items()))
    entries = snapshot.walk(found.entry.id, found.path) if recurse else here
    return [path for path, entry in entries if entry.kind is EntryKind.FILE and path.endswith(_YAML)]


def _values(snapshot: Snapshot, blob_id: str) -> list[Scalar]:
    if snapshot.size(blob_id) > LARGEST:
        return []
    try:
        return scalars(snapshot.read(blob_id))
    except Rejected:  # a template, most often, or no YAML: nothing in it is edited
        return []
