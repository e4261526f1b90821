"""What a forge's webhook tells us, in our words and free of any client, so that it can be queued as it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from bot.model.changes import Repository
from bot.model.checks import Button


@dataclass(frozen=True, slots=True)
class Ping:
    """The forge tries whether we answer."""


@dataclass(frozen=True, slots=True)
class Ignored:
    """A delivery that calls for nothing, with the reason for whoever reads the forge's delivery log."""

    reason: str


@dataclass(frozen=True, slots=True)
class ChangeUpdated:
    """A change was opened, reopened, pushed to, retargeted or made ready: preview it."""

    repository: Repository
    number: int
    head_sha: str
    retargeted: bool = False
    """Whether its base may be another: what was said of its head does not hold any more."""


@dataclass(frozen=True, slots=True)
class ChangeClosed:
    """A change was closed; `merge_sha` is set when it was merged."""

    repository: Repository
    number: int
    merge_sha: str


@dataclass(frozen=True, slots=True)
class BranchPushed:
    """A branch moved (or appeared: `before` is all zeros; went: `after` is)."""

    repository: Repository
    branch: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class TagPushed:
    """A tag appeared, moved or went: applications may follow it, or a range of versions that it is among."""

    repository: Repository


@dataclass(frozen=True, slots=True)
class RepositoryMoved:
    """Something was pushed to a repository without a forge; by all URLs that are told of it."""

    urls: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CommentWritten:
    """Somebody wrote a new comment on a change; it may hold a command."""

    repository: Repository
    number: int
    comment_id: int
    author: str
    body: str


@dataclass(frozen=True, slots=True)
class ChangeMarked:
    """A change got or lost a label, or became a draft: its commits and its base are what they were."""

    repository: Repository
    number: int


@dataclass(frozen=True, slots=True)
class ChangeReviewed:
    """Somebody approves of a change, or no longer does."""

    repository: Repository
    number: int
    author: str
    """Whose opinion it is; of one that is dismissed who has done that, as the other may have no say any more."""


@dataclass(frozen=True, slots=True)
class CheckPressed:
    """Somebody pressed *Re-run*, or a button of ours, at a check of this commit."""

    repository: Repository
    head_sha: str
    author: str
    name: str = ""
    """Of the check; empty: all of them."""
    button: Button | None = None
    """None: *Re-run*."""
    id: int = 0
    """Below zero; the same again when the forge tells of it again."""


@dataclass(frozen=True, slots=True)
class MergeGroupFormed:
    """A merge queue wants to know whether this speculative commit may land."""

    repository: Repository
    base_branch: str
    base_sha: str
    """Empty: the commit's first parent."""
    head_sha: str
    pipeline: int = 0
    """Of which the forge has to be asked whether it is a merge queue's; 0: the event has said so."""


@dataclass(frozen=True, slots=True)
class MergeGroupGone:
    """A merge queue has thrown away a speculative commit: nobody wants to know about it any more."""

    repository: Repository
    head_sha: str


@dataclass(frozen=True, slots=True)
class InstallationChanged:
    """The App was installed on, or removed from, repositories."""

    installation: int
    added: tuple[str, ...]
    removed: tuple[str, ...]


Event: TypeAlias = (
    Ping
    | Ignored
    | ChangeUpdated
    | ChangeMarked
    | ChangeReviewed
    | ChangeClosed
    | BranchPushed
    | TagPushed
    | RepositoryMoved
    | CommentWritten
    | CheckPressed
    | MergeGroupFormed
    | MergeGroupGone
    | InstallationChanged
)
