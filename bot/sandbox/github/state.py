"""What GitHub remembers, as plain mutable records; the world holds them all behind one lock."""

from __future__ import annotations

import itertools
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bot.sandbox.forge.accounts import Account
from bot.sandbox.forge.clock import Clock
from bot.sandbox.forge.exchanges import ExchangeLog
from bot.sandbox.forge.faults import Faults
from bot.sandbox.forge.statuses import Status
from bot.sandbox.forge.webhooks import Hooks
from bot.sandbox.github.limits import Limits


@dataclass(slots=True, eq=False)
class App:
    """A registered GitHub App; `private_key_pem` is what its owner downloaded."""

    id: int
    hook_id: int
    name: str
    slug: str
    owner: Account
    bot: Account
    permissions: dict[str, str]
    events: tuple[str, ...]
    created_at: float
    private_key_pem: str = field(repr=False)
    public_key_pem: str = field(repr=False)
    webhook_secret: str = field(repr=False)
    webhook_url: str = ""
    """Where deliveries go; empty: the App has no webhook."""


@dataclass(slots=True, eq=False)
class Installation:
    """An App installed on an account, for some of its repositories."""

    id: int
    app: App
    account: Account
    repository_ids: set[int]
    created_at: float


@dataclass(frozen=True, slots=True)
class InstallationToken:
    """An installation's access token: what it may do, where, until when."""

    value: str = field(repr=False)
    installation: Installation
    permissions: Mapping[str, str]
    repository_ids: frozenset[int] | None
    """None: every repository of the installation."""
    expires_at: float


@dataclass(slots=True, eq=False)
class Label:
    """A repository's label."""

    id: int
    name: str
    color: str = "ededed"


@dataclass(frozen=True, slots=True)
class LabelEvent:
    """A label put on a pull request, or taken off."""

    id: int
    actor: Account
    label: Label
    put: bool
    created_at: float


@dataclass(slots=True, eq=False)
class Reaction:
    """An emoji under a comment."""

    id: int
    user: Account
    content: str
    created_at: float


@dataclass(slots=True, eq=False)
class Comment:
    """A comment in a pull request's conversation."""

    id: int
    pull: PullRequest = field(repr=False)
    user: Account
    body: str
    created_at: float
    updated_at: float
    app: App | None = None
    """The App that wrote it through the API."""
    reactions: list[Reaction] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Review:
    """What somebody thinks of a pull request at a commit."""

    id: int
    user: Account
    state: str
    """`APPROVED`, `CHANGES_REQUESTED`, `COMMENTED`, or `DISMISSED`, whatever it was before."""
    commit_id: str
    submitted_at: float
    body: str = ""


@dataclass(slots=True, eq=False)
class PullRequest:
    """A pull request; `repository` holds its base, `head_repository` its head."""

    id: int
    number: int
    repository: Repository = field(repr=False)
    head_repository: Repository = field(repr=False)
    title: str
    user: Account
    base_ref: str
    base_sha: str
    head_ref: str
    head_sha: str
    created_at: float
    updated_at: float
    body: str | None = None
    draft: bool = False
    closed_at: float | None = None
    merged_at: float | None = None
    merged_by: Account | None = None
    merge_commit_sha: str | None = None
    mergeable: bool | None = None
    mergeable_for: tuple[str, str] = ("", "")
    """Base and head commits that `mergeable` is about; it is stale when either moved."""
    unknown_reads: int = 0
    """How often somebody was told `mergeable: null` for these commits."""
    labels: list[Label] = field(default_factory=list)
    label_events: list[LabelEvent] = field(default_factory=list)
    reactions: list[Reaction] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)
    asked: list[Account] = field(default_factory=list)
    """People who are asked for a review and have not given one since."""
    asked_teams: list[Team] = field(default_factory=list)

    @property
    def open(self) -> bool:
        """Whether it is neither closed nor merged."""
        return self.closed_at is None

    @property
    def head_label(self) -> str:
        """`owner:branch`, as lists are filtered by it."""
        return f"{self.head_repository.owner.login}:{self.head_ref}"


@dataclass(slots=True, eq=False)
class CheckSuite:
    """All check runs of one App on one commit."""

    id: int
    app: App
    head_sha: str
    created_at: float
    updated_at: float


@dataclass(slots=True, eq=False)
class CheckRun:
    """A check run; `fields` holds what its App said of it last."""

    id: int
    suite: CheckSuite
    name: str
    fields: dict[str, object]
    annotations: list[dict[str, object]]
    started_at: float
    completed_at: float | None = None


@dataclass(slots=True, eq=False)
class DeploymentStatus:
    """A step of a deployment."""

    id: int
    creator: Account
    fields: dict[str, object]
    created_at: float


@dataclass(slots=True, eq=False)
class Deployment:
    """A request to deploy a ref, and what became of it."""

    id: int
    creator: Account
    sha: str
    fields: dict[str, object]
    created_at: float
    statuses: list[DeploymentStatus] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class QueueEntry:
    """A pull request in the merge queue with its speculative branch."""

    number: int
    ref: str
    base_ref: str
    base_sha: str
    head_sha: str


@dataclass(slots=True, eq=False)
class Repository:
    """A repository: its conversation here, its commits in the bare repository at `path`."""

    id: int
    owner: Account
    name: str
    path: Path
    private: bool
    created_at: float
    default_branch: str = "main"
    parent: Repository | None = None
    pushed_at: float = 0.0
    roles: dict[str, str] = field(default_factory=dict)
    """Role by lower-case login; the owner is always admin."""
    pulls: dict[int, PullRequest] = field(default_factory=dict)
    comments: dict[int, Comment] = field(default_factory=dict)
    labels: dict[str, Label] = field(default_factory=dict)
    statuses: dict[str, list[Status]] = field(default_factory=lambda: defaultdict(list))
    check_suites: dict[int, CheckSuite] = field(default_factory=dict)
    check_runs: dict[int, CheckRun] = field(default_factory=dict)
    said_by_runs: list[Status] = field(default_factory=list)
    """Everything that check runs ever said, in order."""
    deployments: dict[int, Deployment] = field(default_factory=dict)
    queue: list[QueueEntry] = field(default_factory=list)
    required: tuple[str, ...] = ()
    """Contexts that have to be green before a pull request is merged."""
    merge_methods: tuple[str, ...] = ("merge", "squash", "rebase")

    @property
    def full_name(self) -> str:
        """`owner/name`."""
        return f"{self.owner.login}/{self.name}"

    def comments_on(self, number: int) -> list[Comment]:
        """Return a pull request's conversation, oldest first."""
        return [comment for comment in self.comments.values() if comment.pull.number == number]

    def role_of(self, account: Account) -> str:
        """Return what an account may do here: admin, maintain, write, triage, read or none."""
        if account.id == self.owner.id:
            return "admin"
        return self.roles.get(account.login.lower(), "none" if self.private else "read")


@dataclass(slots=True, eq=False)
class Team:
    """A team of an organisation."""

    id: int
    organization: Account
    slug: str
    created_at: float
    members: dict[str, str] = field(default_factory=dict)
    """State of the membership, `active` or `pending`, by lower-case login."""


@dataclass(slots=True, eq=False)
class Behaviour:
    """Where GitHub leaves room: settings a test may change at any time."""

    unknown_mergeability_reads: int = 1
    """Reads of a pull request that answer `mergeable: null` before the answer is there, as GitHub's background job."""
    patch_limit: int = 1_000_000
    """Characters above which a file's `patch` is left out, as for a file too large to show."""


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
    """`http://127.0.0.1:<port>`, known once the server listens."""
    behaviour: Behaviour = field(default_factory=Behaviour)
    lock: threading.RLock = field(default_factory=threading.RLock)
    accounts: dict[str, Account] = field(default_factory=dict)
    apps: dict[int, App] = field(default_factory=dict)
    manifest_codes: dict[str, App] = field(default_factory=dict)
    """Apps whose credentials have not been asked for yet."""
    installations: dict[int, Installation] = field(default_factory=dict)
    repositories: dict[str, Repository] = field(default_factory=dict)
    """By lower-case `owner/name`."""
    teams: dict[str, Team] = field(default_factory=dict)
    """By lower-case `organisation/slug`."""
    tokens: dict[str, InstallationToken] = field(default_factory=dict)
    personal_tokens: dict[str, Account] = field(default_factory=dict)
    _ids: Iterator[int] = field(default_factory=lambda: itertools.count(1001))

    @property
    def api(self) -> str:
        """The REST API's root, where GitHub Enterprise Server has it."""
        return f"{self.site}/api/v3"

    def next_id(self) -> int:
        """Return an id nothing else has."""
        return next(self._ids)

    def account(self, login: str, *, kind: str = "User") -> Account:
        """Return the account of that name; it is made when nobody has the name yet."""
        found = self.accounts.get(login.lower())
        if found is None:
            found = Account(id=self.next_id(), login=login, kind=kind, created_at=self.clock.now())
            self.accounts[login.lower()] = found
        return found

    def repository(self, full_name: str) -> Repository | None:
        """Find a repository by `owner/name`, ignoring case."""
        return self.repositories.get(full_name.lower())

    def installations_of(self, repository: Repository) -> list[Installation]:
        """Return the installations that may see a repository."""
        return [one for one in self.installations.values() if repository.id in one.repository_ids]
