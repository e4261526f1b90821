"""What generators ask of the world."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

LOCAL_SERVER: Final = "https://kubernetes.default.svc"
LOCAL_NAME: Final = "in-cluster"


class NotKnownError(Exception):
    """A fact cannot be had; the words say which and why. What depends on it is named as not evaluated."""


@dataclass(frozen=True, slots=True)
class ClusterFact:
    """A cluster as its Secret describes it; never its credentials."""

    name: str
    server: str
    project: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


class Facts(Protocol):
    """Answers to what generators ask. Each may raise NotKnownError, or Rejected for what cannot be as it is asked."""

    def directories(self, repo_url: str, revision: str) -> Iterable[str]:
        """Return every folder of a repository by its path, without those whose name begins with a dot."""

    def files(self, repo_url: str, revision: str, patterns: Sequence[str]) -> Iterable[tuple[str, bytes]]:
        """Return path and content of the files that one of the patterns matches (`globs.PathSpec`)."""

    def clusters(self) -> Sequence[ClusterFact]:
        """Return the clusters that have a Secret; the local one need not."""

    def yaml(self, content: bytes, name: str) -> Any:
        """Read a YAML or JSON text as `sigs.k8s.io/yaml` does; None when it is empty. Rejected begins with `name`."""
