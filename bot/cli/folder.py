"""A folder as one application that nobody has declared: what applying it does, without anything Foresail would add."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from bot.cluster.clusters import IN_CLUSTER_SERVER
from bot.errors import Rejected
from bot.model.applications import Application, ApplicationSpec, Automated, Destination, Directory, Source, SyncPolicy
from bot.model.reports import Action
from bot.preview.affected import Candidate

if TYPE_CHECKING:
    from bot.cli.local import Local
    from bot.model.reports import ApplicationReport, Report
    from bot.prediction.desired import Sides, Tree

_ADOPTED: Final = "exists already and is adopted"
"""What `bot.preview.attribution` notes of an object without an owner: here nobody adopts anything."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of the repository and how it is to be applied."""

    path: str
    """From the repository's root; `.` for the root itself."""
    url: str
    """Of the repository."""
    namespace: str
    """For objects that name none."""
    recurse: bool = False
    prune: bool = False
    """Whether objects that left the folder count as deleted; `kubectl apply` leaves them."""

    @property
    def application(self) -> Application:
        """The folder as an Application in this cluster, synced at once."""
        source = Source(repo_url=self.url, path=self.path, directory=Directory(recurse=True) if self.recurse else None)
        spec = ApplicationSpec(
            destination=Destination(server=IN_CLUSTER_SERVER, namespace=self.namespace),
            source=source,
            sync_policy=SyncPolicy(automated=Automated(prune=self.prune)),
        )
        return Application(name=PurePosixPath(self.path).name or "folder", namespace="", spec=spec)

    def candidate(self, sides: Sides, local: Local, *, against_base: bool) -> tuple[Candidate, tuple[str, ...]]:
        """Return the folder on both sides, with notes for the report.

        A folder that is the same on both sides has no effect of its own: unless `against_base`, it is then held against
        the cluster alone. Raises Rejected when neither side has it.
        """
        application = self.application
        if not any(_is_folder(tree, self.path) for tree in (sides.base, sides.head)):
            raise Rejected(
                f"there is no folder {self.path} in this checkout",
                remedy="Ignored files do not count; check .gitignore.",
            )
        source = application.spec.effective_sources[0]
        same = local.sources.inputs(source, sides.base) == local.sources.inputs(source, sides.head)
        if same and not against_base:
            note = f"{self.path} is the same on both sides: shown is what applying it does to the cluster as it is now"
            return Candidate(None, application), (note,)
        before, after = (application if _is_folder(tree, self.path) else None for tree in (sides.base, sides.head))
        return Candidate(before, after), ()


def folder_report(report: Report) -> Report:
    """Take out of a folder's report what is only true of Applications."""
    return replace(report, applications=tuple(map(_undeclared, report.applications)))


def _undeclared(application: ApplicationReport) -> ApplicationReport:
    resources = (
        replace(resource, note="") if resource.note == _ADOPTED else resource for resource in application.resources
    )
    told = tuple(one for one in resources if one.affected or one.drift is not Action.NOTHING or one.note)
    return replace(application, change=Action.NOTHING, resources=told)


def _is_folder(tree: Tree, path: str) -> bool:
    if path == ".":
        return True
    return tree.mirror.entry(tree.tree_id, path) is not None and tree.mirror.read(tree.tree_id, path) is None
