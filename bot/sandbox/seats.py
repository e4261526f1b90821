"""Foresail's place on a forge's stand-in: who it is there, how it gets to see repositories, and its settings."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from bot.errors import Rejected
from bot.forges import github as on_github
from bot.forges import gitlab as on_gitlab
from bot.sandbox.github.people import HostedRepository
from bot.sandbox.github.server import GitHubStandIn
from bot.sandbox.github.state import Comment
from bot.sandbox.gitlab.people import HostedProject
from bot.sandbox.gitlab.server import GitLabStandIn
from bot.sandbox.gitlab.state import Note

if TYPE_CHECKING:
    from pathlib import Path

    from bot.sandbox.github.state import Installation

StandIn: TypeAlias = GitHubStandIn | GitLabStandIn
Hosted: TypeAlias = HostedRepository | HostedProject
Remark: TypeAlias = Comment | Note
_NAME: Final = "foresail"


class Seat(Protocol):
    """What differs between forges for one who sets up Foresail on a stand-in."""

    login: str
    """The account that Foresail writes as."""
    forge: str
    """What the forge is called, and what it calls a change."""
    noun: str
    mark: str
    """What stands before a change's number."""

    @property
    def stand_in(self) -> StandIn:
        """The forge."""

    def person_token(self, user: str) -> str:
        """Return a token with which a person uses API and Git."""

    def settings(self) -> dict[str, str]:
        """Return Foresail's settings for it."""

    def install(self, url: str, repository: Hosted) -> None:
        """Let Foresail, whose web process is at `url`, see a first repository and be told of it."""

    def add(self, repository: Hosted) -> None:
        """Let it see one more repository of the same owner."""


class GitHubSeat:
    """An App that is installed."""

    forge, noun, mark = "GitHub", "pull request", "#"

    def __init__(self, directory: Path, *, writes: bool = False) -> None:
        """Register an App; with `writes` one that may open changes of its own."""
        permissions = on_github.PERMISSIONS_TO_WRITE if writes else on_github.PERMISSIONS
        self.stand_in = GitHubStandIn.start(directory / "github")
        self.app = self.stand_in.create_app("Foresail", permissions=permissions, events=on_github.EVENTS)
        self.login = self.app.bot.login
        self._installation: Installation | None = None

    def person_token(self, user: str) -> str:
        """Return a personal access token."""
        return self.stand_in.personal_access_token(user)

    def settings(self) -> dict[str, str]:
        """Return the App's."""
        return {
            "FORESAIL_GITHUB_URL": self.stand_in.url,
            "FORESAIL_GITHUB_APP_ID": str(self.app.id),
            "FORESAIL_GITHUB_APP_PRIVATE_KEY": self.app.private_key_pem,
            "FORESAIL_GITHUB_WEBHOOK_SECRET": self.app.webhook_secret,
        }

    def install(self, url: str, repository: Hosted) -> None:
        """Install the App."""
        owner, hook = repository.full_name.partition("/")[0], f"{url}/webhooks/github"
        names = [repository.full_name]
        self._installation = self.stand_in.install(self.app, owner=owner, repositories=names, webhook_url=hook)

    def add(self, repository: Hosted) -> None:
        """Extend the installation."""
        if self._installation is None:
            raise Rejected("Foresail is not installed yet: call open first")
        self.stand_in.change_installation(self._installation, add=[repository.full_name])


class GitLabSeat:
    """An account with a token and the role that it needs, and a webhook in each project."""

    forge, noun, mark = "GitLab", "merge request", "!"

    def __init__(self, directory: Path, *, writes: bool = False) -> None:
        """Make a token; with `writes` one that may push, too."""
        self.stand_in = GitLabStandIn.start(directory / "gitlab")
        self.login = _NAME
        scopes = (*on_gitlab.SCOPES, "write_repository") if writes else on_gitlab.SCOPES
        self._token = self.stand_in.access_token(_NAME, scopes=scopes).value
        self._secret = secrets.token_hex(20)
        self._hook = ""

    def person_token(self, user: str) -> str:
        """Return a personal access token."""
        return self.stand_in.access_token(user, scopes=("api", "write_repository")).value

    def settings(self) -> dict[str, str]:
        """Return the token's."""
        return {
            "FORESAIL_GITLAB_URL": self.stand_in.url,
            "FORESAIL_GITLAB_TOKEN": self._token,
            "FORESAIL_GITLAB_WEBHOOK_SECRET": self._secret,
        }

    def install(self, url: str, repository: Hosted) -> None:
        """Remember where deliveries go, and set up the first project."""
        self._hook = f"{url}/webhooks/gitlab"
        self.add(repository)

    def add(self, repository: Hosted) -> None:
        """Give the account its role in a project, and the project its webhook."""
        if not isinstance(repository, HostedProject) or not self._hook:
            raise Rejected("Foresail is not installed yet, or this is no project of GitLab's")
        repository.grant(self.login, "maintain")
        repository.add_webhook(self._hook, events=on_gitlab.EVENTS, token=self._secret)
