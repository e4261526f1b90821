"""The stand-in as a running server, and what is done to GitHub as a whole: accounts, Apps, repositories."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from bot.errors import Rejected
from bot.sandbox.forge.clock import Clock
from bot.sandbox.forge.people import SOMEBODY
from bot.sandbox.forge.repositories import BareRepository, Files
from bot.sandbox.forge.serving import StandInServer
from bot.sandbox.forge.webhooks import Hooks
from bot.sandbox.github import events
from bot.sandbox.github.access import issue_personal
from bot.sandbox.github.app import create_app
from bot.sandbox.github.limits import Limits
from bot.sandbox.github.people import HostedRepository
from bot.sandbox.github.registering import new_app
from bot.sandbox.github.state import App, Behaviour, Comment, Installation, Repository, Team, World


class GitHubStandIn(StandInServer):
    """A GitHub on loopback: REST at `url`, Git at `<site>/<owner>/<name>.git`, webhooks from a thread.

    >>> with GitHubStandIn.start(directory) as github:
    ...     shop = github.create_repository("acme/shop", files={"README.md": "shop"})
    """

    def __init__(self, directory: Path, *, clock: Clock) -> None:
        super().__init__(clock=clock, webhooks=Hooks(clock, headers=events.delivery_headers))
        self.limits = Limits()
        self._world = World(
            directory=directory,
            clock=clock,
            hooks=self.webhooks,
            faults=self.faults,
            limits=self.limits,
            exchanges=self.exchanges,
        )

    @classmethod
    def start(cls, directory: Path, *, port: int = 0, clock: Clock | None = None) -> Self:
        """Listen on loopback (port 0: any free one) and keep repositories below `directory`."""
        stand_in = cls(directory, clock=clock or Clock())
        stand_in._world.site = stand_in._listen(create_app(stand_in._world), port)
        return stand_in

    @property
    def url(self) -> str:
        """The REST API's root: PyGithub's `base_url`."""
        return self._world.api

    @property
    def site(self) -> str:
        """The root of pages and Git."""
        return self._world.site

    @property
    def behaviour(self) -> Behaviour:
        """Settings that may be changed at any time."""
        return self._world.behaviour

    def create_repository(
        self, full_name: str, *, files: Files | None = None, private: bool = True, default_branch: str = "main"
    ) -> HostedRepository:
        """Make a repository, with a first commit when there are `files`."""
        owner, slash, name = full_name.partition("/")
        if not (owner and slash and name):
            raise Rejected(f"{full_name!r} is not owner/name")
        with self._world.lock:
            path = self._new_path(full_name)
            BareRepository.create(path, default_branch=default_branch)
            kept = self._keep(
                Repository(
                    id=self._world.next_id(),
                    owner=self._world.account(owner, kind="Organization"),
                    name=name,
                    path=path,
                    private=private,
                    created_at=self.clock.now(),
                    default_branch=default_branch,
                )
            )
        if files:
            kept.push(default_branch, files, message="Initial commit")
        return kept

    @property
    def repository_names(self) -> frozenset[str]:
        """The full names of all repositories, forks included."""
        with self._world.lock:
            return frozenset(one.full_name for one in self._world.repositories.values())

    @property
    def every_comment(self) -> tuple[Comment, ...]:
        """All comments of all repositories, oldest first."""
        with self._world.lock:
            comments = [one for repository in self._world.repositories.values() for one in repository.comments.values()]
            return tuple(sorted(comments, key=lambda one: one.id))

    def create_fork(self, full_name: str, owner: str) -> HostedRepository:
        """Fork a repository to somebody's account, branches and all."""
        with self._world.lock:
            source = self.repository(full_name).state
            path = self._new_path(f"{owner}/{source.name}")
            shutil.copytree(source.path, path)
            git = BareRepository(path)
            for ref in git.refs("refs/pull/"):
                git.delete_ref(ref)
            return self._keep(
                Repository(
                    id=self._world.next_id(),
                    owner=self._world.account(owner),
                    name=source.name,
                    path=path,
                    private=source.private,
                    created_at=self.clock.now(),
                    default_branch=source.default_branch,
                    parent=source,
                )
            )

    def repository(self, full_name: str) -> HostedRepository:
        """Find a repository; Rejected when there is none of that name."""
        found = self._world.repository(full_name)
        if found is None:
            raise Rejected(f"there is no repository {full_name}")
        return HostedRepository(self._world, found)

    def create_app(
        self, name: str, *, permissions: Mapping[str, str], events: Sequence[str], owner: str = "acme"
    ) -> App:
        """Register a GitHub App, with a fresh key and webhook secret."""
        return new_app(self._world, name, permissions=permissions, events=events, owner=owner)

    def set_webhook(self, app: App, url: str) -> None:
        """Set where an App's deliveries go and send the first, a ping."""
        with self._world.lock:
            app.webhook_url = url
            events.ping(self._world, app)

    def install(self, app: App, *, owner: str, repositories: Sequence[str], webhook_url: str = "") -> Installation:
        """Install an App on an account for some of its repositories; `webhook_url` sets the App's webhook first."""
        if webhook_url:
            self.set_webhook(app, webhook_url)
        with self._world.lock:
            account = self._world.account(owner)
            installation = Installation(
                id=self._world.next_id(),
                app=app,
                account=account,
                repository_ids=self._ids(repositories),
                created_at=self.clock.now(),
            )
            self._world.installations[installation.id] = installation
            events.installed(self._world, installation, action="created", sender=self._world.account(SOMEBODY))
            return installation

    def uninstall(self, installation: Installation) -> None:
        """Remove an installation; its tokens stop to work."""
        with self._world.lock:
            del self._world.installations[installation.id]
            events.installed(self._world, installation, action="deleted", sender=self._world.account(SOMEBODY))

    def change_installation(
        self, installation: Installation, *, add: Sequence[str] = (), remove: Sequence[str] = ()
    ) -> None:
        """Let an installation see more repositories, or fewer."""
        with self._world.lock:
            sender = self._world.account(SOMEBODY)
            added, removed = self._ids(add), self._ids(remove)
            installation.repository_ids = (installation.repository_ids | added) - removed
            for more, fewer in ((added, set[int]()), (set[int](), removed)):
                if more or fewer:
                    events.repositories_changed(self._world, installation, added=more, removed=fewer, sender=sender)

    def create_team(self, name: str, members: Sequence[str] = (), *, invited: Sequence[str] = ()) -> None:
        """Make a team of an organisation, `acme/platform`, or make it anew with other members."""
        owner, _, slug = name.partition("/")
        with self._world.lock:
            states = {**dict.fromkeys(members, "active"), **dict.fromkeys(invited, "pending")}
            self._world.teams[name.lower()] = Team(
                id=self._world.next_id(),
                organization=self._world.account(owner, kind="Organization"),
                slug=slug,
                created_at=self.clock.now(),
                members={self._world.account(login).login.lower(): state for login, state in states.items()},
            )

    def personal_access_token(self, user: str) -> str:
        """Return a token with which a person does by API what they may."""
        with self._world.lock:
            return issue_personal(self._world, self._world.account(user))

    def _new_path(self, full_name: str) -> Path:
        if self._world.repository(full_name) is not None:
            raise Rejected(f"there is a repository {full_name} already")
        owner, _, name = full_name.lower().partition("/")
        path = self._world.directory / owner / f"{name}.git"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _keep(self, repository: Repository) -> HostedRepository:
        self._world.repositories[repository.full_name.lower()] = repository
        return HostedRepository(self._world, repository)

    def _ids(self, full_names: Sequence[str]) -> set[int]:
        return {self.repository(name).state.id for name in full_names}
