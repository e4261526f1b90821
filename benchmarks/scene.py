"""The stage of a preview: a control plane where the workload runs as its base says, and a repository with changes."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

import yaml

from benchmarks.workload import CLONE_URL
from bot.cluster.objects import Apply
from bot.errors import Temporary
from bot.model.applications import Application
from bot.model.changes import repository_identity
from bot.model.resources import metadata_of
from bot.prediction.desired import Wanted
from bot.prediction.trees import Tree
from bot.repository.mirrors import Mirror
from bot.sandbox.forge.repositories import Author, BareRepository, NewCommit
from bot.sandbox.installation import ROOT
from bot.services import Services
from bot.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

    from benchmarks.workload import Workload
    from bot.model.resources import JsonObject
    from bot.sandbox.control_plane.cluster import ControlPlane
    from bot.sandbox.toolchain import Programs

_CRDS: Final = ROOT / "bot" / "cluster" / "crds"
_SETTLED: Final = 300.0
_QUIET: Final = 5.0
"""Seconds without a write after which the controllers count as done."""
_AUTHOR: Final = Author("Benchmark", "benchmark@fleet.example", 1_700_000_000)


@dataclass(frozen=True, slots=True)
class Change:
    """One change: two commits, and the objects that merging it would apply."""

    base: str
    head: str
    manifests: list[JsonObject]


class Scene:
    """A workload in sync with its base."""

    def __init__(self, workload: Workload, *, programs: Programs, plane: ControlPlane, directory: Path) -> None:
        directory.mkdir(parents=True)
        self.workload = workload
        self.plane = plane
        self.programs = programs
        self.directory = directory
        self._repository = BareRepository.create(directory / "repository.git", default_branch="main")
        self._services = Services.build(Settings.from_environment(self.settings))
        self._applications = [
            Application.parse(manifest, home=workload.control_namespace) for manifest in workload.manifests()
        ]

    @property
    def settings(self) -> dict[str, str]:
        """Return the settings of a worker in this scene; its forge and Redis are never asked."""
        return {
            "FORESAIL_GITHUB_TOKEN": "unused",
            "FORESAIL_KUBECONFIG": str(self.plane.kubeconfig),
            "FORESAIL_CONTROL_NAMESPACE": self.workload.control_namespace,
            "FORESAIL_DATA_DIRECTORY": str(self.directory),
            "FORESAIL_KUSTOMIZE": str(self.programs.kustomize),
        }

    @property
    def concurrency(self) -> int:
        """Requests to the API server at a time."""
        return self._services.settings.concurrency

    def set_up(self) -> None:
        """Create the Applications and sync them as Foresail does, then wait until the controllers are done."""
        self.plane.kubectl("apply", "--server-side", "-f", str(_CRDS))
        self.plane.await_established("-f", str(_CRDS))
        names = [self.workload.control_namespace, *self.workload.namespaces]
        spaces = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in names]
        everything = yaml.safe_dump_all([*spaces, *self.workload.manifests()])
        self.plane.kubectl("apply", "--server-side", "-f", "-", stdin=everything)
        base = self._commit({"README.md": "Fleet\n", **self.workload.files(0, changed=False)}, parent=None)
        for manifest in self._desired(base):
            self._services.control.apply(Apply(manifest))
        self._settle()

    def change(self, round_: int) -> Change:
        """Commit a change of every object to a branch, and something else to the branch it is to be merged into."""
        fork = self._commit({"README.md": "Fleet\n", **self.workload.files(round_, changed=False)}, parent=None)
        base = self._commit({"README.md": f"Fleet {round_}\n"}, parent=fork)
        head = self._commit(self.workload.files(round_, changed=True), parent=fork)
        return Change(base, head, self._desired(head))

    def push(self, change: Change, round_: int) -> Change:
        """Commit on top of a change that touches every application one that touches the first alone."""
        files = self.workload.files(round_, changed=True)
        first = min(path.split("/")[1] for path in files)
        pushed = {path: f"{text}# Pushed\n" for path, text in files.items() if path.split("/")[1] == first}
        value = {path: text.replace(f"value-{round_}", f"value-{round_}-again") for path, text in pushed.items()}
        return Change(change.base, self._commit(value, parent=change.head), change.manifests)

    def request(self, change: Change) -> dict[str, str]:
        """Return what `benchmarks.job` is asked."""
        return {"repository": str(self._repository.path), "base": change.base, "head": change.head}

    def _commit(self, files: dict[str, str], *, parent: str | None) -> str:
        tree = self._repository.write_tree(files, onto=parent)
        parents = [] if parent is None else [parent]
        return self._repository.write_commit(NewCommit(tree, parents, "Change files", _AUTHOR))

    def _desired(self, commit: str) -> list[JsonObject]:
        """Return every object as a sync of that commit applies it."""
        mirror = Mirror(self._repository.path)
        tree = Tree(repository_identity(CLONE_URL), mirror, mirror.tree_of(commit))
        desired = self._services.sources.desired([Wanted(one, tree) for one in self._applications])
        return [manifest for one in desired for manifest in one.targets.objects.values()]

    def _settle(self) -> None:
        """Wait until every Deployment is available and nothing has written to one for a while."""
        end, quiet, seen = time.monotonic() + _SETTLED, time.monotonic(), ""
        while time.monotonic() < quiet + _QUIET:
            if time.monotonic() > end:
                raise Temporary(f"the workload was not available within {_SETTLED:.0f} s")
            listed = [one for name in self.workload.namespaces for one in self._deployments(name)]
            now = max(metadata_of(one)["resourceVersion"] for one in listed)
            if now != seen or not all(one.get("status", {}).get("availableReplicas") for one in listed):
                quiet, seen = time.monotonic(), now
            time.sleep(0.5)

    def _deployments(self, namespace: str) -> Iterator[JsonObject]:
        kind = self._services.control.discovery.find({"apiVersion": "apps/v1", "kind": "Deployment"})
        return self._services.control.listed(kind, namespace=namespace)

    def __enter__(self) -> Self:
        """Return the scene."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let children and threads go."""
        self._services.close()
