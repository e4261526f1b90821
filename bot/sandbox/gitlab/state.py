"""What GitLab remembers, as plain mutable records; the world holds them all behind one lock.

Accounts, Git, clock, faults and the delivery of webhooks are those of the GitHub stand-in.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bot.sandbox.forge.accounts import Account
from bot.sandbox.forge.clock import Clock
from bot.sandbox.forge.exchanges import ExchangeLog
from bot.sandbox.forge.faults import Faults
from bot.sandbox.forge.webhooks import Hooks
from bot.sandbox.gitlab.limits import Limits

GUEST, REPORTER, DEVELOPER, MAINTAINER, OWNER = 10, 20, 30, 40, 50


@dataclass(frozen=True, slots=True)
class Token:
    """A personal, project or group access token."""

    value: str = field(repr=False)
    user: Account
    scopes: frozenset[str]
    expires_at: float


@dataclass(slots=True, eq=False)
class Hook:
    """A project's webhook, with the names of its events as the API has them (`push_events`)."""

    id: int
    url: str
    events: frozenset[str]
    created_at: float
    token: str = field(repr=False)
    signing_token: str = field(repr=False)


@dataclass(slots=True, eq=False)
class Award:
    """An emoji under a note."""

    id: int
    user: Account
    name: str
    created_at: float

    @property
    def content(self) -> str:
        """The emoji as GitHub calls it."""
        return {"thumbsup": "+1", "thumbsdown": "-1"}.get(self.name, self.name)


@dataclass(slots=True, eq=False)
class Note:
    """A comment on a merge request."""

    id: int
    pull: MergeRequest = field(repr=False)
    user: Account
    body: str
    created_at: float
    updated_at: float
    system: bool = False
    reactions: list[Award] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Label:
    """A project's label."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class LabelEvent:
    """A label put on a merge request, or taken off."""

    id: int
    user: Account
    label: Label
    put: bool
    created_at: float


@dataclass(frozen=True, slots=True)
class Version:
    """What a merge request was after one push."""

    id: int
    head_sha: str
    base_sha: str
    start_sha: str
    created_at: float


@dataclass(frozen=True, slots=True)
class Approval:
    """Somebody's approval of a merge request."""

    user: Account
    at: float


@dataclass(slots=True, eq=False)
class MergeRequest:
    """A merge request; `project` holds its target, `source` its head."""

    id: int
    number: int
    project: Project = field(repr=False)
    source: Project = field(repr=False)
    title: str
    user: Account
    base_ref: str
    head_ref: str
    head_sha: str
    created_at: float
    updated_at: float
    draft: bool = False
    description: str | None = None
    state: str = "opened"
    closed_at: float | None = None
    closed_by: Account | None = None
    merged_at: float | None = None
    merged_by: Account | None = None
    merge_commit_sha: str | None = None
    squash_commit_sha: str | None = None
    versions: list[Version] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    label_events: list[LabelEvent] = field(default_factory=list)
    reviewers: list[Account] = field(default_factory=list)
    objecting: set[str] = field(default_factory=set)
    """Reviewers who have asked for changes; a push takes that from nobody."""
    approvals: dict[str, Approval] = field(default_factory=dict)
    """By who has approved it; a push takes none of them away, as on the Free tier."""

    @property
    def base_sha(self) -> str:
        """Where the target branch was at the last push."""
        return self.versions[-1].start_sha


@dataclass(slots=True, eq=False)
class Pipeline:
    """All statuses of a commit under one ref."""

    id: int
    sha: str
    ref: str

    @property
    def head_sha(self) -> str:
        """The commit, as the entry of a merge queue has it."""
        return self.sha


@dataclass(slots=True, eq=False)
class Status:
    """A commit status, which is a job of an external pipeline."""

    id: int
    pipeline: Pipeline
    name: str
    word: str
    description: str | None
    target_url: str | None
    user: Account
    created_at: float
    started_at: float | None = None
    finished_at: float | None = None

    @property
    def ended(self) -> bool:
        """Whether it takes no more words."""
        return self.word not in {"pending", "running"}


@dataclass(slots=True, eq=False)
class Environment:
    """A place that is deployed to."""

    id: int
    name: str
    external_url: str | None = None
    level: int = 0
    """Access level that may deploy to it, where it is protected."""


@dataclass(slots=True, eq=False)
class Deployment:
    """A commit on its way to an environment."""

    id: int
    number: int
    environment: Environment
    sha: str
    ref: str
    status: str
    user: Account
    created_at: float
    updated_at: float
    said: list[str] = field(default_factory=list)
    """Every state it was given."""


@dataclass(slots=True, eq=False)
class Project:
    """A project: its conversation here, its commits in the bare repository at `path`."""

    id: int
    full_name: str
    path: Path
    private: bool
    created_at: float
    default_branch: str = "main"
    parent: Project | None = None
    archived: bool = False
    roles: dict[str, int] = field(default_factory=dict)
    """Access level by lower-case username."""
    protected: dict[str, int] = field(default_factory=dict)
    """Access level that may push, by branch."""
    pulls: dict[int, MergeRequest] = field(default_factory=dict)
    notes: dict[int, Note] = field(default_factory=dict)
    labels: dict[str, Label] = field(default_factory=dict)
    """By lower-case name."""
    pipelines: list[Pipeline] = field(default_factory=list)
    statuses: list[Status] = field(default_factory=list)
    said: list[tuple[str, str, str, str | None]] = field(default_factory=list)
    """Every state that a status was ever given, in order: commit, name, word, description."""
    hooks: dict[int, Hook] = field(default_factory=dict)
    environments: dict[str, Environment] = field(default_factory=dict)
    deployments: dict[int, Deployment] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.full_name.rpartition("/")[2]

    def notes_on(self, number: int) -> list[Note]:
        """Return a merge request's notes, oldest first."""
        return [note for note in self.notes.values() if note.pull.number == number]

    def level_of(self, account: Account) -> int:
        """Return the role of an account here; 0 for none."""
        return self.roles.get(account.login.lower(), 0)


@dataclass(slots=True, eq=False)
class Group:
    """A group, perhaps inside another; who is in that one is in it, too."""

    id: int
    full_path: str
    private: bool
    created_at: float
    members: dict[str, int] = field(default_factory=dict)
    """Access level by lower-case username."""


@dataclass(slots=True, eq=False)
class World:
    """Everything the stand-in knows. Hold `lock` to read or write it."""

    directory: Path
    clock: Clock
    hooks: Hooks
    faults: Faults
    limits: Limits
    exchanges: ExchangeLog
    site: str = ""
    """`http://127.0.0.1:<port>/gitlab`, known once the server listens."""
    lock: threading.RLock = field(default_factory=threading.RLock)
    accounts: dict[str, Account] = field(default_factory=dict)
    projects: dict[str, Project] = field(default_factory=dict)
    """By lower-case path."""
    groups: dict[str, Group] = field(default_factory=dict)
    """By lower-case path."""
    tokens: dict[str, Token] = field(default_factory=dict)
    _ids: Iterator[int] = field(default_factory=lambda: itertools.count(1001))

    @property
    def api(self) -> str:
        """The REST API's root."""
        return f"{self.site}/api/v4"

    def next_id(self) -> int:
        """Return an id nothing else has."""
        return next(self._ids)

    def account(self, login: str) -> Account:
        """Return the account of that name; it is made when nobody has the name yet."""
        found = self.accounts.get(login.lower())
        if found is None:
            found = Account(id=self.next_id(), login=login, kind="User", created_at=self.clock.now())
            self.accounts[login.lower()] = found
        return found

    def level_in(self, group: Group, account: Account) -> int:
        """Return the role of an account in a group or in those that it is inside of; 0 for none."""
        parts, login = group.full_path.lower().split("/"), account.login.lower()
        above = (self.groups.get("/".join(parts[:depth])) for depth in range(1, len(parts) + 1))
        return max((one.members.get(login, 0) for one in above if one is not None), default=0)

    def project(self, name: str) -> Project | None:
        """Find a project by its number or its path, ignoring case."""
        if name.isdecimal():
            return next((one for one in self.projects.values() if one.id == int(name)), None)
        return self.projects.get(name.lower())
