"""What a render is told besides its files: Argo CD's build environment, and where other sources' files are.

Source: argo-cd docs/user-guide/build-environment.md, `reposerver/repository/repository.go` (`newEnv`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

REVISION: Final = "ARGOCD_APP_REVISION"
"""Begins the names of the variables that differ from commit to commit."""
_SHORT: Final = 7
_SHORT_8: Final = 8
_VARIABLE: Final = re.compile(r"\$(?:\{([^}]*)\}|\{|([*#$@!?\-0-9]|[0-9A-Za-z_]+))")
"""A reference as Go's `os.Expand` reads it: one digit is a name, and what is no name after a brace is dropped."""


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

    def variables(self, *, repo_url: str, path: str, target_revision: str) -> dict[str, str]:
        """Return what sources may mention, by name; the arguments are those of the source itself."""
        return {
            "ARGOCD_APP_NAME": self.application,
            "ARGOCD_APP_NAMESPACE": self.namespace,
            "ARGOCD_APP_PROJECT_NAME": self.project,
            REVISION: self.revision,
            f"{REVISION}_SHORT": self.revision[:_SHORT],
            f"{REVISION}_SHORT_8": self.revision[:_SHORT_8],
            "ARGOCD_APP_SOURCE_REPO_URL": repo_url,
            "ARGOCD_APP_SOURCE_PATH": path,
            "ARGOCD_APP_SOURCE_TARGET_REVISION": target_revision,
        }


def substituted(text: str, variables: Mapping[str, str]) -> str:
    """Put values for `$NAME` and `${NAME}`, nothing for names that are unknown, and one `$` for two.

    Source: argo-cd `pkg/apis/application/v1alpha1/types.go` (`Envsubst`).
    """

    def value(found: re.Match[str]) -> str:
        name = found[1] or found[2] or ""
        return "$" if name == "$" else variables.get(name, "")

    return _VARIABLE.sub(value, text)
