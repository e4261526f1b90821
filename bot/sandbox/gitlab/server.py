"""The stand-in as a running server, and what is done to GitLab as a whole: accounts, tokens, projects."""

from __future__ import annotations

import shutil
import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from bot.errors import Rejected
from bot.sandbox.forge.clock import Clock
from bot.sandbox.forge.repositories import BareRepository, Files
from bot.sandbox.forge.serving import StandInServer
from bot.sandbox.forge.webhooks import Hooks
from bot.sandbox.gitlab.access import issue
from bot.sandbox.gitlab.app import ROOT, create_app
from bot.sandbox.gitlab.events import headers_by
from bot.sandbox.gitlab.limits import Limits
from bot.sandbox.gitlab.people import HostedProject
from bot.sandbox.gitlab.state import DEVELOPER, MAINTAINER, OWNER, Group, Note, Project, Token, World

_SCOPES = ("api", "read_repository")


class GitLabStandIn(StandInServer):
    """A GitLab on loopback, below a path: pages at `url`, Git at `<url>/<project>.git`, webhooks from a thread.

    >>> with GitLabStandIn.start(directory) as gitlab:
    ...     shop = gitlab.create_repository("acme/shop", files={"README.md": "shop"})
    """

    def __init__(self, directory: Path, *, clock: Clock) -> None:
        super().__init__(clock=clock, webhooks=Hooks(clock, headers=headers_by(clock)))
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
    def start(
        cls, directory: Path, *, port: int = 0, clock: Clock | None = None, tls: ssl.SSLContext | None = None
    ) -> Self:
        """Listen on loopback (port 0: any free one), by https with `tls`, and keep projects below `directory`."""
        stand_in = cls(directory, clock=clock or Clock())
        stand_in._world.site = f"{stand_in._listen(create_app(stand_in._world), port, tls=tls)}{ROOT}"
        return stand_in

    @property
    def url(self) -> str:
        """The root of pages, API and Git: `FORESAIL_GITLAB_URL`."""
        return self._world.site

    @property
    def site(self) -> str:
        """The same, as the GitHub stand-in calls it."""
        return self._world.site

    def create_repository(
        self, full_name: str, *, files: Files | None = None, private: bool = True, default_branch: str = "main"
    ) -> HostedProject:
        """Make a project whose default branch only maintainers push to, with a first commit when there are `files`."""
        if not full_name.rpartition("/")[0]:
            raise Rejected(f"{full_name!r} is not group/project")
        with self._world.lock:
            path = self._new_path(full_name)
            git = BareRepository.create(path, default_branch=default_branch).git
            git.config["receive.hiderefs"] = "refs/merge-requests"
            made = Project(
                id=self._world.next_id(),
                full_name=full_name,
                path=path,
                private=private,
                created_at=self.clock.now(),
                default_branch=default_branch,
                protected={default_branch: MAINTAINER},
            )
            kept = self._keep(made)
        if files:
            kept.push(default_branch, files, message="Initial commit")
        return kept

    @property
    def repository_names(self) -> frozenset[str]:
        """The paths of all projects, forks included."""
        with self._world.lock:
            return frozenset(one.full_name for one in self._world.projects.values())

    @property
    def every_comment(self) -> tuple[Note, ...]:
        """All notes of all projects, oldest first."""
        with self._world.lock:
            notes = [note for project in self._world.projects.values() for note in project.notes.values()]
            return tuple(sorted(notes, key=lambda one: one.id))

    def create_fork(self, full_name: str, owner: str) -> HostedProject:
        """Fork a project into somebody's namespace, branches and all."""
        with self._world.lock:
            source = self.repository(full_name).state
            path = self._new_path(f"{owner}/{source.name}")
            shutil.copytree(source.path, path)
            git = BareRepository(path)
            for ref in git.refs("refs/merge-requests/"):
                git.delete_ref(ref)
            made = Project(
                id=self._world.next_id(),
                full_name=f"{owner}/{source.name}",
                path=path,
                private=source.private,
                created_at=self.clock.now(),
                default_branch=source.default_branch,
                parent=source,
                roles={self._world.account(owner).login.lower(): OWNER},
            )
            return self._keep(made)

    def repository(self, full_name: str) -> HostedProject:
        """Find a project; Rejected when there is none of that path."""
        found = self._world.project(full_name)
        if found is None:
            raise Rejected(f"there is no project {full_name}")
        return HostedProject(self._world, found)

    def create_group(self, full_path: str, members: Sequence[str] = (), *, private: bool = True) -> None:
        """Make a group, or make it anew with other members, who are Developers there."""
        with self._world.lock:
            self._world.groups[full_path.lower()] = Group(
                id=self._world.next_id(),
                full_path=full_path,
                private=private,
                created_at=self.clock.now(),
                members={self._world.account(login).login.lower(): DEVELOPER for login in members},
            )

    def access_token(self, user: str, *, scopes: Sequence[str] = _SCOPES) -> Token:
        """Return a personal, project or group access token of an account: what it may do is the account's role."""
        with self._world.lock:
            return issue(self._world, self._world.account(user), scopes=scopes)

    def revoke(self, token: Token) -> None:
        """Take a token back."""
        with self._world.lock:
            del self._world.tokens[token.value]

    def _new_path(self, full_name: str) -> Path:
        if self._world.project(full_name) is not None:
            raise Rejected(f"there is a project {full_name} already")
        path = self._world.directory / f"{full_name.lower()}.git"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _keep(self, project: Project) -> HostedProject:
        self._world.projects[project.full_name.lower()] = project
        return HostedProject(self._world, project)
