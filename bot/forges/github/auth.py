"""Who Foresail is on GitHub: an App with a token per installation, a person with one token, or nobody yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Protocol

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from bot.errors import Rejected
from bot.forges.github import OPTIONAL, PERMISSION_FOR_TEAMS, PERMISSIONS
from bot.forges.github.api import Api, Get, Query, pages
from bot.forges.github.errors import Answer, Forbidden, Invalid, NotFound, NotInstalled
from bot.forges.github.tokens import Token, Tokens, read_token
from bot.model.changes import Repository

APP_SETTINGS: Final = "FORESAIL_GITHUB_APP_ID and FORESAIL_GITHUB_APP_PRIVATE_KEY"
TOKEN_SETTING: Final = "FORESAIL_GITHUB_TOKEN"  # noqa: S105 - the variable's name
_JWT_SECONDS: Final = 540
_CLOCK_DRIFT: Final = 60
_FOR_EVENTS: Final = frozenset({"issues", "merge_queues"})
"""Permissions that are there for their events only."""
_FOR_REQUESTS: Final = {name: level for name, level in PERMISSIONS.items() if name not in _FOR_EVENTS}
_NEEDED: Final = {name: level for name, level in _FOR_REQUESTS.items() if name not in OPTIONAL}
_FOR_GIT: Final = {"contents": "read", "metadata": "read"}
_FOR_WRITING: Final = {"contents": "write", "pull_requests": "write", "metadata": "read"}


@dataclass(frozen=True, slots=True)
class Listing:
    """A list of repositories that somebody may act on."""

    path: str
    get: Get
    inside: str = ""
    """Field that holds the array; empty: the answer is the array."""
    installation: int | None = None


class Credentials(Protocol):
    """Tokens for whoever Foresail is; each method may ask GitHub, and raises what that raises."""

    def token(self, repository: Repository) -> str:
        """Return a token for API requests about a repository."""

    def git_token(self, repository: Repository) -> str:
        """Return a token for `git fetch` of a repository, good for ten more minutes."""

    def write_token(self, repository: Repository) -> str:
        """Return a token for pushing to a repository and merging there; Rejected without the permission."""

    def members_token(self, repository: Repository) -> str:
        """Return a token for looking up who is in the teams of a repository's organisation; Rejected without that."""

    def forget(self, token: str) -> bool:
        """Drop a token that GitHub refuses; return whether a new one may fare better."""

    def installation_of(self, full_name: str) -> int | None:
        """Return the App's installation on a repository; None for a person."""

    def listings(self) -> Iterator[Listing]:
        """Yield the lists of all repositories that can be acted on."""

    def login(self) -> str:
        """Return the account that comments are written as."""

    @property
    def app_id(self) -> int:
        """Which App it is; 0 for a person."""

    def may_check(self, repository: Repository) -> bool:
        """Whether check runs may be written, which an App alone may."""

    def may_deploy(self, repository: Repository) -> bool:
        """Whether deployments may be written."""


class AppCredentials:
    """A GitHub App: https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app."""

    def __init__(
        self,
        api: Api,
        *,
        app_id: int,
        private_key: str,
        clock: Callable[[], float],
        key_name: str = "FORESAIL_GITHUB_APP_PRIVATE_KEY",
    ) -> None:
        self._api = api
        self._key_name = key_name
        self.app_id = app_id
        self._private_key = private_key
        self._clock = clock
        self._tokens = Tokens(clock)
        self._installations: dict[str, int] = {}
        self._login = ""

    def token(self, repository: Repository) -> str:
        """Return the installation's token, limited to what requests need."""
        return self._for_installation(repository, self._installation_token).value

    def may_check(self, repository: Repository) -> bool:
        """Look at the token."""
        return "checks" in self._for_installation(repository, self._installation_token).allows

    def may_deploy(self, repository: Repository) -> bool:
        """Look at the token."""
        return "deployments" in self._for_installation(repository, self._installation_token).allows

    def git_token(self, repository: Repository) -> str:
        """Return a token that can read this one repository's contents and nothing else."""
        return self._limited_token(repository, _FOR_GIT)

    def write_token(self, repository: Repository) -> str:
        """Return a token that can write this one repository, which takes a permission of its own."""
        try:
            return self._limited_token(repository, _FOR_WRITING)
        except Forbidden as error:
            raise Forbidden(
                f"the GitHub App may not write to {repository.full_name}",
                remedy="Changes of its own take the permission contents: write; docs/updates.md says how to give it.",
            ) from error

    def members_token(self, repository: Repository) -> str:
        """Return a token that can read who is in the organisation, which takes a permission of its own."""
        return self._limited_token(repository, PERMISSION_FOR_TEAMS)

    def _limited_token(self, repository: Repository, permissions: Mapping[str, str]) -> str:
        name = repository.full_name.partition("/")[2]
        wanted = {"repositories": [name], "permissions": dict(permissions)}

        def get(installation: int) -> Token:
            key = (installation, repository.full_name.lower(), *sorted(permissions.items()))
            return self._tokens.get(key, lambda: self._make(installation, wanted))

        return self._for_installation(repository, get).value

    def forget(self, token: str) -> bool:
        """Drop an installation's token: it may be revoked, or older than the permissions."""
        return self._tokens.forget(token)

    def installation_of(self, full_name: str) -> int:
        """Look the installation up, once a repository."""
        known = self._installations.get(full_name.lower())
        return self._look_up(full_name) if known is None else known

    def listings(self) -> Iterator[Listing]:
        """Yield one list for each installation that is not suspended."""
        for one in pages(lambda path, query: self._get(path, query, self._app_token()), "/app/installations"):
            if one.find("suspended_at") is None:
                yield self._listing(one.at("id").number())

    def login(self) -> str:
        """Return the bot account, `<slug>[bot]`; asked for once."""
        if not self._login:
            answer = self._api.ask("GET", "/app", token=self._app_token())
            self._login = f"{answer.payload.at('slug').text()}[bot]"
        return self._login

    def _listing(self, installation: int) -> Listing:
        return Listing(
            path="/installation/repositories",
            get=lambda path, query: self._get(path, query, self._installation_token(installation).value),
            inside="repositories",
            installation=installation,
        )

    def _get(self, path: str, query: Query | None, token: str) -> Answer:
        return self._api.ask("GET", path, token=token, query=query)

    def _for_installation(self, repository: Repository, get: Callable[[int], Token]) -> Token:
        """Find a token; an installation that is gone may have a successor, when the App was installed anew."""
        full_name = repository.full_name
        installation = repository.installation or self.installation_of(full_name)
        try:
            return get(installation)
        except NotFound as error:
            successor = self._look_up(full_name)
            if successor == installation:
                raise NotInstalled(full_name) from error
        return get(successor)

    def _look_up(self, full_name: str) -> int:
        self._installations.pop(full_name.lower(), None)
        try:
            answer = self._api.ask("GET", f"/repos/{full_name}/installation", token=self._app_token())
        except NotFound as error:
            raise NotInstalled(full_name) from error
        found = answer.payload.at("id").number()
        self._installations[full_name.lower()] = found
        return found

    def _installation_token(self, installation: int) -> Token:
        return self._tokens.get(installation, lambda: self._make_widest(installation))

    def _make_widest(self, installation: int) -> Token:
        """Ask for a token that may all that is of use; an App that was registered earlier may have been given less."""
        try:
            return self._make(installation, {"permissions": _FOR_REQUESTS})
        except Forbidden:
            found = self._api.ask("GET", f"/app/installations/{installation}", token=self._app_token())
            granted = found.payload.at("permissions").object()
            more = {name: _FOR_REQUESTS[name] for name in OPTIONAL if granted.get(name) == _FOR_REQUESTS[name]}
            return self._make(installation, {"permissions": _NEEDED | more})

    def _make(self, installation: int, wanted: Mapping[str, Any]) -> Token:
        """Ask for a token.

        https://docs.github.com/en/rest/apps/apps#create-an-installation-access-token-for-an-app
        """
        path = f"/app/installations/{installation}/access_tokens"
        try:
            answer = self._api.ask("POST", path, token=self._app_token(), body=wanted)
        except Invalid as error:
            needs = ", ".join(f"{name}: {level}" for name, level in PERMISSIONS.items())
            raise Forbidden(
                f"the GitHub App lacks permissions, or the repository: {error.message}",
                remedy=f"Give the App these permissions, and accept them where it is installed: {needs}.",
            ) from error
        return read_token(answer, now=self._clock(), allows=frozenset(wanted["permissions"]))

    def _app_token(self) -> str:
        """Sign a JSON web token.

        https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app
        """
        now = int(self._clock())
        claims = {"iat": now - _CLOCK_DRIFT, "exp": now + _JWT_SECONDS, "iss": str(self.app_id)}
        try:
            return jwt.encode(claims, self._key, algorithm="RS256")
        except (ValueError, TypeError, UnsupportedAlgorithm, jwt.PyJWTError):
            # the cause may quote the key
            raise Rejected(f"{self._key_name} is not an RSA private key in PEM") from None

    @cached_property
    def _key(self) -> RSAPrivateKey:
        """The App's key, read once: that takes 30 ms, in which nobody else computes."""
        key = load_pem_private_key(self._private_key.encode(), password=None)
        if not isinstance(key, RSAPrivateKey):
            raise TypeError("a key of another kind")
        return key


class PersonalCredentials:
    """A person's access token: comments and statuses are theirs."""

    app_id = 0

    def __init__(self, api: Api, *, token: str) -> None:
        self._api = api
        self._value = token
        self._login = ""

    def token(self, _repository: Repository) -> str:
        """Return the token."""
        return self._value

    def git_token(self, _repository: Repository) -> str:
        """Return the token."""
        return self._value

    def write_token(self, _repository: Repository) -> str:
        """Return the token."""
        return self._value

    def members_token(self, _repository: Repository) -> str:
        """Return the token."""
        return self._value

    def may_check(self, _repository: Repository) -> bool:
        """Return no: https://docs.github.com/en/rest/checks/runs#create-a-check-run."""
        return False

    def may_deploy(self, _repository: Repository) -> bool:
        """Return no: what a token may nobody tells, and a refusal would come with every merge."""
        return False

    def forget(self, _token: str) -> bool:
        """Keep it: there is no other."""
        return False

    def installation_of(self, _full_name: str) -> None:
        """Return None: a person is not installed."""

    def listings(self) -> Iterator[Listing]:
        """Yield the one list of the person's repositories."""
        yield Listing("/user/repos", lambda path, query: self._api.ask("GET", path, token=self._value, query=query))

    def login(self) -> str:
        """Return the person's account; asked for once."""
        if not self._login:
            answer = self._api.ask("GET", "/user", token=self._value)
            self._login = answer.payload.at("login").login()
        return self._login


class NoCredentials:
    """Nobody: every method says what to set."""

    app_id = 0

    def __init__(self, missing: str) -> None:
        self._missing = missing

    def token(self, _repository: Repository) -> str:
        """Reject."""
        raise self._refusal()

    def git_token(self, _repository: Repository) -> str:
        """Reject."""
        raise self._refusal()

    def write_token(self, _repository: Repository) -> str:
        """Reject."""
        raise self._refusal()

    def members_token(self, _repository: Repository) -> str:
        """Reject."""
        raise self._refusal()

    def may_check(self, _repository: Repository) -> bool:
        """Reject."""
        raise self._refusal()

    def may_deploy(self, _repository: Repository) -> bool:
        """Reject."""
        raise self._refusal()

    def forget(self, _token: str) -> bool:
        """Reject."""
        raise self._refusal()

    def installation_of(self, _full_name: str) -> None:
        """Reject."""
        raise self._refusal()

    def listings(self) -> Iterator[Listing]:
        """Reject."""
        raise self._refusal()

    def login(self) -> str:
        """Reject."""
        raise self._refusal()

    def _refusal(self) -> Rejected:
        return Rejected(f"Foresail is nobody on GitHub yet: set {self._missing}")
