"""Requests about one repository: as whom, at which pace, and with a token made anew where one is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bot.errors import Rejected
from bot.forges.github.allowances import Allowances
from bot.forges.github.api import pages
from bot.forges.github.errors import BadCredentials, Forbidden, SlowDown
from bot.forges.github.names import is_full_name
from bot.forges.names import is_sha
from bot.model.pacing import Charge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from bot.forges.github.api import Api, Query
    from bot.forges.github.auth import Credentials
    from bot.forges.github.errors import Answer
    from bot.forges.github.payload import Payload
    from bot.forges.port import Pace
    from bot.model.changes import Repository

TOGETHER: Final = 20
"""Writes of a sort about one commit that are sent together once there is room for them."""


class Asking:
    """Ask GitHub about repositories; safe to use from threads."""

    def __init__(self, api: Api, credentials: Credentials, pace: Pace) -> None:
        self._api = api
        self.credentials = credentials
        self._pace = pace
        self._allowances = Allowances(pace)

    def ask(
        self,
        method: str,
        path: str,
        repository: Repository,
        *,
        body: Mapping[str, Any] | None = None,
        writing: bool = False,
    ) -> Answer:
        """Send one request about a repository, `path` being below its own; `writing`: its contents are written to."""

        def ask(token: str) -> Answer:
            return self._api.ask(method, root(repository) + path, token=token, body=body)

        return self._retried(repository, ask, make=self.credentials.write_token if writing else None)

    def pages(
        self, path: str, repository: Repository, *, query: Query | None = None, inside: str = ""
    ) -> Iterator[Payload]:
        """Yield every item of a list of a repository; one request per page of 100."""

        def get(where: str, asked: Query | None) -> Answer:
            return self._retried(repository, lambda token: self._api.ask("GET", where, token=token, query=asked))

        return pages(get, root(repository) + path, query=query, inside=inside)

    def of_organization(self, path: str, repository: Repository) -> Answer:
        """Read something of the organisation that a repository is of, `path` being below its own."""
        owner = root(repository).split("/")[2]

        def ask(token: str) -> Answer:
            return self._api.ask("GET", f"/orgs/{owner}{path}", token=token)

        return self._retried(repository, ask, make=self.credentials.members_token)

    def take(self, repository: Repository, charge: Charge, *, whose: str, requests: int = 1) -> None:
        """Count writes that are sent now; Paced when they are to be sent later."""
        named = f"{repository.full_name}: {whose}"
        self._pace.take(self._account(repository), charge, whose=named, requests=requests)

    def may_check(self, repository: Repository) -> bool:
        """Whether check runs may be written; costs a request where a token is to be made first."""
        self._pace.take(self._account(repository), Charge.READ, whose="a request")
        return self.credentials.may_check(repository)

    def may_deploy(self, repository: Repository) -> bool:
        """Whether deployments may be written; costs a request where a token is to be made first."""
        self._pace.take(self._account(repository), Charge.READ, whose="a request")
        return self.credentials.may_deploy(repository)

    def _account(self, repository: Repository) -> str:
        """Return whom GitHub counts requests for: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api."""
        installation = repository.installation or self.credentials.installation_of(repository.full_name)
        return f"github:{installation}" if installation else "github"

    def _retried(
        self, repository: Repository, ask: Callable[[str], Answer], *, make: Callable[[Repository], str] | None = None
    ) -> Answer:
        """Ask with a token; a refused one is made anew once, as it may be revoked or older than what it may do."""
        account = self._account(repository)
        self._pace.take(account, Charge.READ, whose="a request")
        make = make or self.credentials.token
        token = make(repository)
        try:
            try:
                answer = ask(token)
            except (BadCredentials, Forbidden):
                if not self.credentials.forget(token):
                    raise
                answer = ask(make(repository))
        except SlowDown as error:
            self._allowances.refused(account, error)
            raise
        self._allowances.note(account, answer)
        return answer


def root(repository: Repository) -> str:
    """Return a repository's path; Rejected for what is no repository's name."""
    check(is_full_name(repository.full_name), f"{repository.full_name!r} is not a repository's owner/name")
    return f"/repos/{repository.full_name}"


def whole_sha(sha: str) -> str:
    """Return a commit's id as it stands in paths; Rejected for anything else."""
    check(is_sha(sha), f"{sha!r} is not a commit's whole id")
    return sha


def check(good: bool, otherwise: str) -> None:  # noqa: FBT001 - reads as an assertion
    """Raise Rejected where something from outside is not what it should be."""
    if not good:
        raise Rejected(otherwise)
