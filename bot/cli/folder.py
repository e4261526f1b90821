"""A folder as one application that nobody has declared: what applying it does, without anything Foresail would add."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from bot.cluster.clusters import IN_CLUSTER_SERVER
from bot.engine.diff.normalise import comparable
from bot.engine.diff.unified import unified
from bot.engine.order import SYNC_OPTIONS
from bot.engine.tracking import owner_of
from bot.errors import Rejected
from bot.model.applications import Application, ApplicationSpec, Automated, Destination, Directory, Source, SyncPolicy
from bot.model.reports import Action
from bot.model.resources import options_of
from bot.preview.affected import Candidate
from bot.preview.dangers import of_deletion
from bot.preview.redaction import Redactor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.cli.asked import Asked
    from bot.cli.checkout import Checkout
    from bot.cli.local import Local
    from bot.model.reports import Report, ResourceReport
    from bot.model.resources import JsonObject, ResourceKey
    from bot.prediction.trees import Sides, Tree


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of the repository and how it is to be applied."""

    name: str
    path: str
    """From the repository's root; `.` for the root itself."""
    url: str
    """Of the repository."""
    namespace: str
    """For objects that name none."""
    recurse: bool = False

    @classmethod
    def asked(cls, asked: Asked, checkout: Checkout, *, namespace: str) -> Self:
        """Return the folder that is asked for; `namespace` is where its objects go unless another one is."""
        path = asked.folder or Path()
        return cls(
            name=checkout.name_of(path),
            path=checkout.path_of(path),
            url=checkout.urls[0],
            namespace=asked.namespace or namespace,
            recurse=asked.recurse,
        )

    @property
    def application(self) -> Application:
        """The folder as an Application in this cluster, synced at once."""
        source = Source(repo_url=self.url, path=self.path, directory=Directory(recurse=True) if self.recurse else None)
        spec = ApplicationSpec(
            destination=Destination(server=IN_CLUSTER_SERVER, namespace=self.namespace),
            source=source,
            sync_policy=SyncPolicy(automated=Automated()),
        )
        return Application(name=self.name, namespace="", spec=spec)

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
        same = local.sources.inputs(application, source, sides.base) == local.sources.inputs(
            application, source, sides.head
        )
        if same and not against_base:
            note = f"{self.path} is the same on both sides: shown is what applying it does to the cluster as it is now"
            return Candidate(None, application), (note,)
        before, after = (application if _is_folder(tree, self.path) else None for tree in (sides.base, sides.head))
        return Candidate(before, after), ()


def folder_report(report: Report, live: Mapping[ResourceKey, JsonObject], *, prune: bool) -> Report:
    """Say of a folder's objects what is true of an apply, where a report speaks of Applications."""
    redactor = Redactor(secrets.token_bytes(32))

    def told(resource: ResourceReport) -> ResourceReport:
        current = live.get(resource.key)
        if current is None:
            return resource
        if prune and resource.action is Action.ORPHAN and "Prune=false" not in options_of(current, SYNC_OPTIONS):
            gone = unified(redactor.redact(comparable(current)), None)
            pruned = replace(resource, action=Action.PRUNE, effect_diff=gone, note="")
            return replace(pruned, dangers=of_deletion(pruned, current))
        owner = owner_of(current)
        return replace(resource, note=f"belongs to application {owner}, which manages it too") if owner else resource

    applications = (
        replace(one, change=Action.NOTHING, resources=tuple(map(told, one.resources))) for one in report.applications
    )
    return replace(report, applications=tuple(applications))


def _is_folder(tree: Tree, path: str) -> bool:
    if path == ".":
        return True
    return tree.mirror.entry(tree.tree_id, path) is not None and tree.mirror.read(tree.tree_id, path) is None
