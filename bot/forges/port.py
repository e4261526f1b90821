"""The port: everything Foresail asks of a forge."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, TypeAlias

from bot.errors import Rejected
from bot.model.changes import Change, CommitStatus, Permission, Repository
from bot.model.deployments import Deployed, Deployment
from bot.model.pacing import Allowance, Charge


@dataclass(frozen=True, slots=True)
class GitCredentials:
    """What `git fetch` needs; never put on a command line, in a log or in Redis."""

    username: str
    password: str = field(repr=False)
    authorities: str = field(default="", repr=False)
    """PEM of who may sign the server's certificate, instead of those the system trusts."""


class NotOurs(Rejected):
    """The forge has no such repository, or none that we may act on: somebody else's business."""


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment that this instance wrote earlier."""

    id: int
    body: str


@dataclass(frozen=True, slots=True)
class Labelled:
    """A label that a person has put on a change."""

    id: int
    """Of the event; the same label taken off and put on again is another."""
    author: str
    head_sha: str
    """What the head of the change was then."""


Said: TypeAlias = Mapping[str, object]
"""What was said of a commit, by context, in terms that only the forge's own adapter looks into."""


class Reaction(StrEnum):
    """Acknowledgements under a comment."""

    SEEN = "eyes"
    DONE = "+1"
    REFUSED = "-1"


class Pace(Protocol):
    """When requests may be sent, for all processes that speak for one account; every call may raise Temporary."""

    def take(self, account: str, charge: Charge, *, whose: str, requests: int = 1) -> None:
        """Count requests that are sent now; Paced when they are to be sent later, asked for again by the same `whose`.

        Requests that belong together are counted together, so that they are sent together.
        """

    def silence(self, account: str, seconds: float) -> None:
        """Send nothing for an account for so long, as the forge has asked."""

    def note(self, account: str, allowance: Allowance) -> None:
        """Remember what the forge said an account has left."""


class Unpaced:
    """The pace of somebody who is alone with a forge: none."""

    def take(self, account: str, charge: Charge, *, whose: str, requests: int = 1) -> None:
        """Do nothing."""

    def silence(self, account: str, seconds: float) -> None:
        """Do nothing."""

    def note(self, account: str, allowance: Allowance) -> None:
        """Do nothing."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A change that is to be opened; its branch is pushed already."""

    branch: str
    base: str
    title: str
    body: str


class Proposals(Protocol):
    """What opens, closes and merges changes of our own; asked only where somebody has switched that on.

    Errors and time limits are those of `Forge`.
    """

    def of_branch(self, repository: Repository, branch: str) -> tuple[Change, ...]:
        """Return the changes that have a branch of the repository itself as their head, whatever became of them.

        The newest first; one request.
        """

    def open(self, repository: Repository, opening: Opening) -> Change:
        """Open a change and return it; the one that is open already from this branch, where another was quicker."""

    def close(self, repository: Repository, number: int) -> None:
        """Close a change without merging it; no error when it is closed."""

    def merge(self, repository: Repository, number: int, head_sha: str) -> str:
        """Merge a change if its head is still `head_sha` and the forge holds everything for done that it asks for.

        Return why not, in a few words; empty: it is merged. Two requests, and more where the first way to merge is not
        one that the repository allows.
        """

    def push_credentials(self, repository: Repository) -> GitCredentials:
        """Return credentials to push with, good for ten more minutes; Rejected without the permission for it."""


class Forge(Protocol):
    """A forge as Foresail sees it.

    Every call may raise Temporary (rate limit, outage; `retry_after` as the forge asked), Paced when it is not sent yet
    so that no limit is hit, or Rejected (no permission,
    no such thing), has a time limit, and costs one HTTP request unless it says otherwise. Implementations are safe to
    use from threads.
    """

    @property
    def proposals(self) -> Proposals:
        """What opens changes of our own; no request."""

    def repositories(self) -> Iterator[Repository]:
        """Yield every repository this instance may act on; one request per page of 100."""

    def repository(self, full_name: str) -> Repository:
        """Find one repository and the installation that may act on it (two requests the first time); else NotOurs."""

    def change(self, repository: Repository, number: int) -> Change:
        """Read a change as it is now, never from a cache."""

    def open_changes(self, repository: Repository) -> Iterator[Change]:
        """Yield the open changes, newest first; one request per page of 100."""

    def closed_changes(self, repository: Repository) -> Iterator[Change]:
        """Yield the changes that were closed or merged, the last touched first; one request per page of 100."""

    def changes_of_commit(self, repository: Repository, sha: str) -> tuple[Change, ...]:
        """Return the changes whose merge made this commit, or whose head it is; empty when the forge knows none."""

    def branch_head(self, repository: Repository, branch: str) -> str:
        """Return the commit a branch points at; Rejected when there is no such branch."""

    def set_statuses(
        self, repository: Repository, sha: str, statuses: Iterable[CommitStatus], *, before: Said | None = None
    ) -> Said:
        """Say statuses about a commit; two requests at most, and one for each context that says something else now.

        `before` is what the same call returned when nobody has said anything of these contexts since: then nothing has
        to be read where the forge says by itself which of two is the newer one.
        """

    def statuses(self, repository: Repository, sha: str) -> dict[str, CommitStatus]:
        """Return the newest status of each context; one request per page of 100."""

    def deployments(
        self, repository: Repository, sha: str, environments: Collection[str], *, instance: str
    ) -> dict[str, Deployed] | None:
        """Return by environment what this instance has deployed of a commit; two requests at most for each, and one.

        None where the forge lets this account write no deployments.
        """

    def deploy(
        self, repository: Repository, sha: str, wanted: Deployment, known: Deployed | None, *, instance: str
    ) -> Deployed:
        """Tell how a deployment stands, and make it where none is `known`; two requests at most, none for the same."""

    def own_comments(self, repository: Repository, number: int, *, marker: str) -> list[Comment]:
        """Return this instance's comments on a change that begin with `marker`, oldest first; one request per 100.

        A comment counts only when this instance wrote it: a person who quotes one keeps theirs. What ours show of files
        and commands anybody may have written, markers too: only the beginning is ours.
        """

    def add_comment(self, repository: Repository, number: int, body: str) -> Comment:
        """Write a new comment; Rejected when the body is larger than the forge takes."""

    def edit_comment(self, repository: Repository, number: int, comment: Comment, body: str) -> None:
        """Replace the body of a comment on change `number`; nothing is written when it says exactly that already."""

    def set_comments(
        self, repository: Repository, number: int, existing: Sequence[Comment], bodies: Sequence[str]
    ) -> None:
        """Have comments say `bodies`: earlier ones are edited in their order, missing ones added, surplus ones deleted.

        Costs a request for each that says something else; none is sent before all may be (Paced).
        """

    def permission(self, repository: Repository, user: str) -> Permission:
        """Look up what `user` may do, now."""

    def is_in_team(self, repository: Repository, team: str, user: str) -> bool:
        """Look up whether `user` is in a team, now: `acme/platform`, on GitLab a group, `acme/platform/web`.

        At most three requests. Rejected for one that is not of the repository's own organisation or top group, and for
        one that there is not or that cannot be seen, with what that takes: then nobody knows who is in it.
        """

    def react(self, repository: Repository, number: int, comment_id: int, reaction: Reaction) -> None:
        """Acknowledge a person's comment on change `number`; no error when that was done already."""

    def head_when(self, repository: Repository, number: int, comment_id: int) -> str:
        """Return the head that change `number` had when a person's comment on it was written; at most two requests.

        Empty where the forge cannot prove it: a wrong answer would have rendered what nobody has looked at.
        """

    def labelled(self, repository: Repository, number: int, label: str) -> Labelled | None:
        """Return who has put a label on change `number` last, in capitals or small letters, and at which head.

        None where it is not there any more, a program has put it there, or the forge cannot prove which head it was:
        see `head_when`. One request, and one for each 100 events of the change; of more than a thousand nobody knows.
        """

    def is_merge_group(self, repository: Repository, pipeline: int, sha: str) -> bool:
        """Whether a pipeline was made for a merge queue's speculative commit `sha`. One request on GitLab."""

    def approvals(self, repository: Repository, number: int, head_sha: str) -> tuple[str, ...]:
        """Return who approves of change `number` at this very head, the latest first, and no programs.

        One request for each 100 reviews, at most two on GitLab; Rejected where there are more than a thousand, of which
        nobody knows. What somebody may, and whether the change is their own, is for the caller to look up.
        """

    def objections(self, repository: Repository, number: int) -> tuple[str, ...]:
        """Return who has asked, at whatever head, that change `number` be changed, and has not said otherwise since.

        No programs. One request for each 100 reviews, one on GitLab; Rejected where there are more than a thousand.
        """

    def ask_for_reviews(self, repository: Repository, number: int, people: Collection[str]) -> tuple[str, ...]:
        """Ask people, `ana`, and teams, `acme/platform`, to review a change; return of whom that cannot be asked.

        Left alone are its author, who is asked already, who has reviewed its head, and what is no name on this forge.
        At most three requests, and one more for each: on GitHub where one of them is refused, on GitLab always.
        """

    def begin_preview(self, repository: Repository, number: int) -> None:
        """Count a preview of a change that begins now; Paced when it is to begin later. No request.

        What a preview reads cannot wait in its middle: it would read everything again. So it waits before.
        """

    def head_ref(self, number: int) -> str:
        """Return the ref of the change's repository that holds its head, also of one from a fork; no request."""

    def git_credentials(self, repository: Repository) -> GitCredentials:
        """Return credentials good for at least ten more minutes; at most one request, usually none."""
