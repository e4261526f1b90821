"""Dependencies of a chart in Git: its `Chart.yaml`, and the lock that has to go with it."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from bot.engine.updates import places
from bot.engine.updates.scalars import edited
from bot.errors import Rejected
from bot.model.updates import Edit
from bot.repository import manifests
from bot.repository.charts.dependencies import missing
from bot.repository.charts.locking import belongs, digest_of

if TYPE_CHECKING:
    from bot.engine.updates.scalars import Scalar
    from bot.model.updates import ChartWish
    from bot.prediction.updates.reading import Branch, Files

_CHART: Final = "Chart.yaml"
_LOCK: Final = "Chart.lock"


@dataclass(frozen=True, slots=True)
class Dependency:
    """One that is declared with a version."""

    files: Files
    branch: Branch
    folder: str
    scalar: Scalar
    repository: str

    @property
    def version(self) -> str:
        """What is declared."""
        return self.scalar.value

    def edits(self, new: str) -> tuple[Edit, ...]:
        """Return what has to be written for another version, empty: nothing; Rejected where that cannot be done."""
        if not new:
            return ()
        if self.scalar.refusal:
            raise Rejected(f"{_CHART}: the version {self.scalar.refusal}, and is not exchanged")
        path = posixpath.join(self.folder, _CHART)
        edit = Edit(path, self.scalar.document, self.scalar.way, self.version, new)
        return (edit, *self._in_lock(edit))

    def _in_lock(self, edit: Edit) -> Iterator[Edit]:
        """Yield what keeps the lock in step: Helm refuses one that does not belong to its chart."""
        self.files.refuse_late()  # both files are read for each dependency, of which anybody's may have many
        mirror, tree_id = self.branch.mirror, self.branch.tree_id
        path = posixpath.join(self.folder, _LOCK)
        before, lock = mirror.read(tree_id, edit.path), mirror.read(tree_id, path)
        if lock is None or before is None:
            return
        declared, locked = _entries(before), _entries(lock)
        if not belongs(_loaded(lock), declared) or len(declared) != len(locked):
            raise Rejected(f"{path} is out of sync with the chart already", remedy="Run helm dependency update.")
        position = int(edit.way[1])
        new = [{**one, "version": edit.new} if at == position else one for at, one in enumerate(locked)]
        digest = digest_of(_entries(edited(before, [edit])), new)
        for scalar in self.files.scalars(self.branch, path):
            if scalar.way == ("dependencies", position, "version"):
                yield Edit(path, scalar.document, scalar.way, scalar.value, edit.new)
            elif scalar.way == ("digest",):
                yield Edit(path, scalar.document, scalar.way, scalar.value, digest)


def in_chart(files: Files, branch: Branch, folder: str, wish: ChartWish) -> Iterator[Dependency]:
    """Yield the dependencies of the chart in a folder that are the wanted one; Rejected where they are packed there."""
    found = branch.snapshot.find(folder)
    if found is None:
        return
    declared = list(places.in_chart(files.scalars(branch, posixpath.join(found.path, _CHART)), wish))
    if not declared:
        return
    fetched = {one.name for one in missing(branch.snapshot, found.path)}
    if wish.name not in fetched:
        raise Rejected(f"the chart lies in {posixpath.join(found.path, 'charts')}, and is not exchanged there")
    for scalar, repository in declared:
        yield Dependency(files, branch, found.path, scalar, repository)


def _entries(content: bytes) -> list[dict[str, Any]]:
    entries = _loaded(content).get("dependencies")
    return [one for one in entries if isinstance(one, dict)] if isinstance(entries, list) else []


def _loaded(content: bytes) -> dict[str, Any]:
    documents = manifests.read(content, _CHART)
    found = documents[0].value if documents else None
    return found if isinstance(found, dict) else {}
