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


@dataclass(frozen=True, slots=True)
class Place:
    """Where a forge keeps something, as a generator names it."""

    provider: str
    """`github` or `gitlab`."""
    path: str
    """`owner/name` of a repository, or the owner of several."""
    api: str = ""
    """URL of its API; empty: the usual one."""


@dataclass(frozen=True, slots=True)
class PullRequest:
    """An open change."""

    number: int
    title: str
    branch: str
    target_branch: str
    head_sha: str
    author: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ForgeRepository:
    """A repository of a forge."""

    full_name: str
    url: str
    """By https."""
    default_branch: str


class ForgeFacts(Protocol):
    """Answers of a forge. Each may raise NotKnownError, Temporary, or Rejected for what is not there."""

    def pull_requests(self, place: Place) -> Sequence[PullRequest]:
        """Return the open changes of a repository."""

    def repositories(self, place: Place) -> Sequence[ForgeRepository]:
        """Return the repositories of an owner."""

    def branches(self, repository: ForgeRepository) -> Mapping[str, str]:
        """Return the branches of a repository by name, with the commits that they are at."""

    def has_path(self, repository: ForgeRepository, commit: str, path: str) -> bool:
        """Whether a repository has a file or folder at a commit."""


class NoForge:
    """What is said where there is none to be asked."""

    def pull_requests(self, place: Place) -> Sequence[PullRequest]:
        """Say that it is not known."""
        raise NotKnownError(f"pullRequest asks a forge for the open changes of {place.path}, which is not evaluated")

    def repositories(self, place: Place) -> Sequence[ForgeRepository]:
        """Say that it is not known."""
        raise NotKnownError(f"scmProvider asks a forge for the repositories of {place.path}, which is not evaluated")

    def branches(self, repository: ForgeRepository) -> Mapping[str, str]:
        """Say that it is not known."""
        raise NotKnownError(f"the branches of {repository.full_name} are not known")

    def has_path(self, repository: ForgeRepository, commit: str, path: str) -> bool:
        """Say that it is not known."""
        raise NotKnownError(f"whether {repository.full_name} has {path} at {commit} is not known")


class Facts(Protocol):
    """Answers to what generators ask. Each may raise NotKnownError, or Rejected for what cannot be as it is asked."""

    @property
    def forge(self) -> ForgeFacts:
        """What a forge answers."""

    def directories(self, repo_url: str, revision: str) -> Iterable[str]:
        """Return every folder of a repository by its path, without those whose name begins with a dot."""

    def files(self, repo_url: str, revision: str, patterns: Sequence[str]) -> Iterable[tuple[str, bytes]]:
        """Return path and content of the files that one of the patterns matches (`globs.PathSpec`)."""

    def clusters(self) -> Sequence[ClusterFact]:
        """Return the clusters that have a Secret; the local one need not."""

    def yaml(self, content: bytes, name: str) -> Any:
        """Read a YAML or JSON text as `sigs.k8s.io/yaml` does; None when it is empty. Rejected begins with `name`."""
