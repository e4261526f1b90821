"""Changes (pull or merge requests), repositories and what is said about them on the forge."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from bot.model.checks import Details


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository on a forge, with what is needed to speak about it later from a queue."""

    full_name: str
    """`owner/name`."""
    clone_url: str
    """HTTPS URL without credentials."""
    installation: int | None = None
    """GitHub App installation that may act on it; None when a personal access token does."""
    default_branch: str = "main"
    mark: str = "#"
    """What stands before a change's number: `#` on GitHub, `!` on GitLab."""

    def change(self, number: int) -> str:
        """Return a change's name, `owner/name#12`, on GitLab `group/project!12`."""
        return f"{self.full_name}{self.mark}{number}"


class ChangeState(StrEnum):
    """Where a change stands on the forge."""

    OPEN = "open"
    CLOSED = "closed"
    MERGED = "merged"


@dataclass(frozen=True, slots=True)
class Change:
    """A pull or merge request as the forge tells it now."""

    repository: Repository
    number: int
    title: str
    author: str
    state: ChangeState
    draft: bool
    base_branch: str
    base_sha: str
    head_sha: str
    from_fork: bool
    url: str
    labels: tuple[str, ...] = ()
    merge_sha: str = ""
    """The commit on the base branch that the merge made; empty while not merged."""
    head_branch: str = ""
    """In whichever repository the head is."""

    def __str__(self) -> str:
        """`owner/name#12`, on GitLab `group/project!12`."""
        return self.repository.change(self.number)


class StatusState(StrEnum):
    """States of a commit status, in GitHub's words."""

    PENDING = "pending"
    SUCCESS = "success"
    FAILURE = "failure"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class CommitStatus:
    """What one context says about a commit."""

    context: str
    state: StatusState
    description: str
    """For a person; the forge's adapter cuts it to what the forge accepts."""
    url: str = ""
    said_at: float = field(default=0.0, compare=False)
    """Unix seconds, as the forge tells it; 0 where nobody knows."""
    details: Details | None = field(default=None, compare=False)
    """What a forge shows that has room for it, and others leave out."""


class Permission(StrEnum):
    """What a person may do in a repository, least first."""

    NONE = "none"
    READ = "read"
    TRIAGE = "triage"
    WRITE = "write"
    MAINTAIN = "maintain"
    ADMIN = "admin"

    def includes(self, least: Permission) -> bool:
        """Whether it allows what `least` allows."""
        order = list(Permission)
        return order.index(self) >= order.index(least)


_SCP_LIKE: Final = re.compile(r"^(?:[^@/]+@)?([^:/]+):(?!//)(.+)$")
_PORTS: Final = {"https": 443, "http": 80, "ssh": 22, "git": 9418}


@lru_cache(maxsize=1024)
def repository_identity(url: str) -> str:
    """Return what two URLs of the same repository have in common: `host/path`, lower case.

    Protocol, user, port and a `.git` ending do not matter, as in Argo CD's webhook matching
    (argo-cd `util/webhook/webhook.go`); `git@host:path` is the same as `ssh://host/path`. What is no URL at all is
    only the same as itself.
    """
    scp = _SCP_LIKE.match(url)
    if scp and "://" not in url:
        host, path = scp.group(1), scp.group(2)
    else:
        try:
            parts = urlsplit(url)
        except ValueError:
            return url.lower()
        host, path = parts.hostname or "", parts.path
    return f"{host}/{path.strip('/').removesuffix('.git')}".lower()


def repository_address(url: str) -> str:
    """Return where exactly a URL is fetched from: what `repository_identity` passes over counts here.

    That is protocol, port, and whatever stands behind the path; a port that is the protocol's own may be left out. Whom
    to ask for a password does not matter. `git@host:path` is the same as `ssh://host/path`.
    """
    scp = _SCP_LIKE.match(url)
    full = f"ssh://{scp.group(1)}/{scp.group(2)}" if scp and "://" not in url else url
    try:
        parts = urlsplit(full)
        port = parts.port
    except ValueError:
        return url
    scheme = parts.scheme.lower()
    host, _, path = repository_identity(full).partition("/")
    behind = urlunsplit(("", "", "", parts.query, parts.fragment))
    return f"{scheme}://{host}{'' if port in {None, _PORTS.get(scheme)} else f':{port}'}/{path}{behind}"
