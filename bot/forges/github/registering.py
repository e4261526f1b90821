"""A GitHub App registered from a manifest, so that nobody copies permissions, events and secrets by hand.

Three steps, of which the first two are clicks in a browser: the manifest is posted to GitHub, GitHub sends the browser
back with a code, and the code is exchanged, once and within an hour, for the App's credentials.
https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlsplit

import requests

from bot.errors import Rejected, Temporary
from bot.forges.github import EVENTS, PERMISSION_FOR_TEAMS, PERMISSIONS, PERMISSIONS_TO_WRITE
from bot.forges.github.api import API_VERSION
from bot.forges.github.names import is_login
from bot.forges.github.payload import BadAnswer, Payload

if TYPE_CHECKING:
    from bot.model.resources import JsonObject

_CODE: Final = re.compile(r"[\w-]{1,200}", re.ASCII)
_LONGEST_NAME: Final = 34
"""Characters of an App's name, which is unique on all of GitHub."""


@dataclass(frozen=True, slots=True)
class Registered:
    """An App that has just been registered."""

    id: int
    name: str
    page: str
    """Its page; below it lies where it is installed."""
    webhook_secret: str = field(repr=False)
    private_key: str = field(repr=False)
    """PEM; GitHub keeps no copy."""

    @property
    def installing(self) -> str:
        """Where somebody chooses the repositories that it may see."""
        return f"{self.page}/installations/new"


@dataclass(frozen=True, slots=True)
class Registration:
    """Where and as what an App is to be registered."""

    site: str
    """What people open: `https://github.com`, or the URL of a GitHub Enterprise Server."""
    name: str
    url: str
    """Foresail's own, as GitHub reaches it."""
    organization: str = ""
    """Whose it will be; empty: whoever clicks."""
    writes: bool = False
    """Whether it opens changes of its own, and so may write to repositories."""
    teams: bool = False
    """Whether it looks up who is in the organisation's teams."""

    def __post_init__(self) -> None:
        """Raise Rejected for what GitHub would not take, before anybody clicks."""
        for option, value in (("--github", self.site), ("--url", self.url)):
            parts = urlsplit(value)
            if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc or parts.query:
                raise Rejected(
                    f"{option} {value!r} is not an http(s) URL", remedy=f"As in {option} https://example.com."
                )
        if not 1 <= len(self.name) <= _LONGEST_NAME:
            raise Rejected(f"--name has {len(self.name)} characters; GitHub takes 1 to {_LONGEST_NAME}")
        if self.organization and not is_login(self.organization):
            raise Rejected(f"--organization {self.organization!r} is no account's name")

    @property
    def api(self) -> str:
        """The REST API's root."""
        parts = urlsplit(self.site)
        if parts.hostname == "github.com":
            return "https://api.github.com"
        if (parts.hostname or "").endswith(".ghe.com"):
            return f"https://api.{parts.netloc}"
        return f"{self.site.rstrip('/')}/api/v3"

    def form(self, state: str) -> str:
        """Return where the manifest is posted; GitHub gives `state` back."""
        owner = f"organizations/{quote(self.organization)}/" if self.organization else ""
        return f"{self.site.rstrip('/')}/{owner}settings/apps/new?state={quote(state)}"

    def manifest(self, *, back: str) -> JsonObject:
        """Describe the App; `back` is where GitHub sends the browser with the code."""
        own = self.url.rstrip("/")
        return {
            "name": self.name,
            "url": own,
            "hook_attributes": {"url": f"{own}/webhooks/github", "active": True},
            "redirect_url": back,
            "public": False,
            "default_permissions": {
                **(PERMISSIONS_TO_WRITE if self.writes else PERMISSIONS),
                **(PERMISSION_FOR_TEAMS if self.teams else {}),
            },
            "default_events": list(EVENTS),
        }

    def exchange(self, code: str, *, timeout: float) -> Registered:
        """Exchange the code for the App; Temporary when GitHub is not reached, Rejected when it knows no such code."""
        if not _CODE.fullmatch(code):
            raise Rejected("GitHub's answer holds no code: begin anew")
        headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": API_VERSION}
        where = f"{self.api}/app-manifests/{code}/conversions"
        try:
            # `auth` keeps a netrc from adding somebody's password; and no redirect may get the code.
            answer = requests.post(where, headers=headers, timeout=timeout, allow_redirects=False, auth=_as_nobody)
            body = answer.json() if answer.status_code == HTTPStatus.CREATED else None
        except (requests.RequestException, ValueError) as error:
            raise Temporary(f"GitHub's API at {self.api} gave no answer: {type(error).__name__}") from error
        if answer.status_code == HTTPStatus.NOT_FOUND:
            raise Rejected("GitHub does not know the code: it holds for one hour and is good for once; begin anew")
        if body is None:
            raise Rejected(f"GitHub refused to hand over the App: HTTP {answer.status_code}")
        return _read(Payload(body, wrong=BadAnswer))


def _as_nobody(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _read(app: Payload) -> Registered:
    return Registered(
        id=app.at("id").number(),
        name=app.at("name").text(),
        page=app.at("html_url").web_address(),
        webhook_secret=app.at("webhook_secret").text(),
        private_key=app.at("pem").text(),
    )
