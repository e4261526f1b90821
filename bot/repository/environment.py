"""What a render is told besides its files: Argo CD's build environment, and where other sources' files are.

Source: argo-cd docs/user-guide/build-environment.md, `reposerver/repository/repository.go` (`newEnv`).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self


class Place(NamedTuple):
    """A state of a repository on this machine."""

    repository: Path
    tree_id: str


@dataclass(frozen=True, slots=True)
class BuildEnvironment:
    """For whom a source is rendered, and where to; fields that nobody knows are empty."""

    application: str = ""
    namespace: str = ""
    """Of the destination."""
    project: str = ""
    revision: str = ""
    """The commit, or a chart's version."""
    kubernetes: str = ""
    """Version of the destination, as its API server says it: `v1.37.2`."""
    api_versions: tuple[str, ...] = ()
    """What the destination serves, sorted: `apps/v1`, `apps/v1/Deployment`."""

    def to_wire(self) -> dict[str, Any]:
        """Return it for a renderer's request."""
        return asdict(self)

    @classmethod
    def of(cls, wire: dict[str, Any]) -> Self:
        """Read it back."""
        return cls(**{**wire, "api_versions": tuple(wire["api_versions"])})
