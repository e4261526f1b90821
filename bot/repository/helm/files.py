"""Which files a chart's render reads: those of its folder, those that its options name, and charts it builds on.

Paths are put together as Argo CD does (argo-cd `util/io/path/resolved.go`): relative to the chart's folder, absolute
ones from the repository's root, `..` by name alone. Where they lead then is the snapshot's to say, which never leaves
the repository.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from bot.errors import Rejected
from bot.repository import manifests
from bot.repository.asked import Asked
from bot.repository.helm.globs import is_glob, matching
from bot.repository.helm.options import HelmOptions
from bot.repository.trees import EntryKind, Found, Snapshot

CHART: Final = "Chart.yaml"
_DECLARING: Final = (CHART, "requirements.yaml")
"""Files that name dependencies; the second one is of charts for Helm 2 (helm `pkg/chart/v2/loader/load.go`)."""
_LOCAL: Final = "file://"
_SCHEME: Final = re.compile(r"([a-zA-Z][a-zA-Z0-9+.\-]*):")
_LARGEST_CHART: Final = 1_000_000
"""Bytes of a file that describes a chart."""
_MOST_FILES: Final = 20_000
"""Files of one chart. A link may lead to a folder with more links, so that a few kilobytes hold any number."""


class Given(NamedTuple):
    """A file that an option names."""

    name: str
    """As people are told about it."""
    snapshot: Snapshot
    path: str
    """Where it really is."""
    blob_id: str


class Dependency(NamedTuple):
    """A chart that another one builds on, as that one's files say."""

    name: str
    version: str
    repository: str

    @property
    def folder(self) -> str | None:
        """Where it is, relative to the chart; None when it is no folder of this repository."""
        return self.repository.removeprefix(_LOCAL) if self.repository.startswith(_LOCAL) else None


@dataclass(frozen=True, slots=True)
class _Place:
    option: str
    name: str
    snapshot: Snapshot
    path: str
    """From the root; may be a glob."""

    def file(self) -> list[Given]:
        """Return the file of this path, if there is one."""
        return self._given(self.name, self.path)

    def files(self) -> list[Given]:
        """Return the file of this path, or those that it means as a glob."""
        if not is_glob(self.path):
            return self.file()
        return [given for path in matching(self.snapshot, self.path) for given in self._given(path, path)]

    def _given(self, name: str, path: str) -> list[Given]:
        found = self.snapshot.find(path)
        if found is None:
            return []
        if found.entry.kind is not EntryKind.FILE:
            raise Rejected(f"source.helm.{self.option}: {name} is no file")
        return [Given(name, self.snapshot, found.path, found.entry.id)]


def value_files(asked: Asked, options: HelmOptions) -> list[Given]:
    """Return the values files in the order Helm is given them; the last one wins.

    As with Argo CD each comes once, and what a glob means comes by name, without files that are named by themselves.
    Raises Rejected for one that leads out of its repository, and for one that is missing unless that is allowed.
    """
    listed = [(place, place.files()) for place in (_place(asked, "valueFiles", text) for text in options.value_files)]
    alone = {file[1:] for place, files in listed if not is_glob(place.path) for file in files}
    found: dict[tuple[object, ...], Given] = {}
    for place, files in listed:
        if not files and not options.ignore_missing_value_files:
            words = "the glob means no file" if is_glob(place.path) else "there is no such file"
            raise Rejected(f"source.helm.valueFiles: {place.name}: {words}")
        for file in files:
            if not is_glob(place.path) or file[1:] not in alone:
                found.setdefault(file[1:], file)
    return list(found.values())


def file_parameters(asked: Asked, options: HelmOptions) -> dict[str, Given]:
    """Return the file of each parameter; Rejected for one that is missing or leads out of its repository."""
    found: dict[str, Given] = {}
    for name, text in options.file_parameters.items():
        place = _place(asked, "fileParameters", text)
        if not (files := place.file()):
            raise Rejected(f"source.helm.fileParameters: {place.name}: there is no such file")
        found[name] = files[0]
    return found


def located(option: str, text: str, folder: str) -> str:
    """Return the path, from the root, that an option's text means in a chart at `folder`.

    Raises Rejected for a URL, for what leads out of the repository, and for its root.
    """
    if scheme := scheme_of(text):
        # Not the whole of it: a URL may hold a password.
        raise Rejected(f"source.helm.{option}: a file cannot be fetched by {scheme}; keep it in a repository")
    return within(text.lstrip("/"), "" if text.startswith("/") else folder, f"source.helm.{option}: {text}")


def scheme_of(text: str) -> str:
    """Return the scheme of a URL, as Argo CD tells one from a path; empty for a path."""
    found = _SCHEME.match(text)
    return found[1].lower() if found else ""


def within(path: str, folder: str, where: str) -> str:
    """Return a path below `folder` from the root; Rejected, beginning with `where`, when it is the root or outside."""
    whole = posixpath.normpath(posixpath.join(folder, path))
    if whole == ".." or whole.startswith(("../", "/")):
        raise Rejected(f"{where} leads out of the repository")
    if whole == ".":
        raise Rejected(f"{where} is the whole repository")
    return whole


def below(snapshot: Snapshot, found: Found) -> Iterator[tuple[str, str]]:
    """Yield name and blob of every file below a folder, links followed as Helm does it; names are relative to it.

    Raises Rejected for links that lead nowhere, out of the repository or in circles, and for too many files.
    """
    waiting = [("", found, frozenset({found.path}))]
    met = 0
    while waiting:
        path, folder, above = waiting.pop()
        for name in sorted(snapshot.folder(folder.entry.id)):
            real = posixpath.join(folder.path, name)
            target, shown = snapshot.find(real), posixpath.join(path, name)
            met += 1
            if met > _MOST_FILES:
                raise Rejected(f"{found.path or '.'}: the chart has more than {_MOST_FILES:,} files and folders")
            if target is None:
                raise Rejected(f"{real}: the link leads nowhere")
            if target.entry.kind is EntryKind.SUBMODULE:
                raise Rejected(f"{real}: the submodule is not fetched")
            if target.entry.kind is EntryKind.FILE:
                yield shown, target.entry.id
            elif target.path in above:
                raise Rejected(f"{real}: the link leads to a folder that it lies in")
            else:
                waiting.append((shown, target, above | {target.path}))


def dependencies(snapshot: Snapshot, found: Found) -> list[Dependency]:
    """Return the charts that the one in a folder says it builds on; Rejected when its files cannot be read."""
    declared = [described(snapshot, found, name).get("dependencies") or [] for name in _DECLARING]
    return [_dependency(one) for entries in declared for one in entries if isinstance(one, dict)]


def described(snapshot: Snapshot, found: Found, name: str) -> dict[str, Any]:
    """Return what a file says that describes the chart in a folder; empty when there is none, Rejected when damaged."""
    file = snapshot.find(posixpath.join(found.path, name))
    if file is None or file.entry.kind is not EntryKind.FILE:
        return {}
    if snapshot.size(file.entry.id) > _LARGEST_CHART:
        raise Rejected(f"{file.path}: the file has more than {_LARGEST_CHART:,} bytes")
    documents = manifests.read(snapshot.read(file.entry.id), file.path, last_wins=True)
    content = documents[0].value if documents else None
    return content if isinstance(content, dict) else {}


def _dependency(entry: dict[str, Any]) -> Dependency:
    return Dependency(*(str(entry.get(name) or "") for name in ("name", "version", "repository")))


def _place(asked: Asked, option: str, text: str) -> _Place:
    """Find what a text means: `$ref/…` lies in that source, anything else in this one."""
    ref, _, rest = text.partition("/")
    snapshot = asked.refs.get(ref[1:]) if ref.startswith("$") else None
    if snapshot is not None:
        path = located(option, "/" + asked.substituted(rest), "")
        return _Place(option, f"{ref}/{path}", snapshot, path)
    meant = asked.substituted(text)
    return _Place(option, meant, asked.snapshot, located(option, meant, asked.options.path))
