"""What a renderer is asked, as its tools see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from bot.errors import Rejected
from bot.repository.environment import BuildEnvironment, substituted
from bot.repository.tools import SourceOptions
from bot.repository.trees import EntryKind, Found, Snapshot


@dataclass(frozen=True, slots=True)
class Asked:
    """One source to be rendered, at one state of its repository."""

    snapshot: Snapshot
    found: Found
    """The folder that the source names."""
    options: SourceOptions
    environment: BuildEnvironment
    refs: Mapping[str, Snapshot] = field(default_factory=dict)
    """Other sources of the application by the `ref` that they are named by, at their own states."""
    dependencies: Mapping[str, Snapshot] = field(default_factory=dict)
    """Charts that were fetched for this one, by the name of their folder in its `charts`."""

    @classmethod
    def of(cls, request: Mapping[str, Any], options: SourceOptions) -> Self:
        """Read a request; Rejected when there is no folder where the source says."""
        snapshot = Snapshot(request["repository"], request["tree"])
        return cls(
            snapshot,
            _folder(snapshot, options.path),
            options,
            BuildEnvironment.of(request["environment"]),
            refs={name: Snapshot(*place) for name, place in request["refs"].items()},
            dependencies={name: Snapshot(*place) for name, place in request["dependencies"].items()},
        )

    def substituted(self, text: str) -> str:
        """Put the values of Argo CD's build environment into a text of the source."""
        return substituted(text, self.variables)

    @property
    def variables(self) -> dict[str, str]:
        """Argo CD's build environment, by name."""
        options = self.options
        return self.environment.variables(
            repo_url=options.repo_url, path=options.path, target_revision=options.target_revision
        )

    @property
    def shown(self) -> str:
        """The folder, as people are told about it."""
        return self.found.path or "."


def _folder(snapshot: Snapshot, path: str) -> Found:
    found = snapshot.find(path)
    if found is None:
        raise Rejected(f"{path}: path does not exist")
    if found.entry.kind is not EntryKind.FOLDER:
        raise Rejected(f"{path}: path is not a folder")
    return found
