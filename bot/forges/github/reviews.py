"""Reviews of pull requests, and who is asked for one: https://docs.github.com/en/rest/pulls/reviews."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from bot.errors import Rejected
from bot.forges.github.errors import Invalid
from bot.forges.github.names import is_login, is_team
from bot.model.pacing import Charge

if TYPE_CHECKING:
    from collections.abc import Collection

    from bot.forges.github.asking import Asking
    from bot.forges.github.payload import Payload
    from bot.model.changes import Repository

_MOST: Final = 1000
"""Reviews of a pull request that are read; anybody may add some."""
_OBJECTS: Final = "CHANGES_REQUESTED"
_OPINIONS: Final = frozenset({"APPROVED", _OBJECTS, "DISMISSED"})
"""States that take the place of what somebody thought before; a mere comment does not."""


class Reviews:
    """What people think of pull requests; safe to use from threads."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    def approvals(self, repository: Repository, number: int, head_sha: str) -> tuple[str, ...]:
        """Return whose last opinion is that they approve of just this head, the latest first; programs have none."""
        opinions = self._opinions(repository, number)
        return tuple(login for login, one in reversed(opinions.items()) if _approves(one, head_sha))

    def objections(self, repository: Repository, number: int) -> tuple[str, ...]:
        """Return whose last opinion is that something has to be changed: a push takes that from nobody."""
        opinions = self._opinions(repository, number)
        return tuple(login for login, one in opinions.items() if one.at("state").text() == _OBJECTS)

    def _opinions(self, repository: Repository, number: int) -> dict[str, Payload]:
        """Return everybody's last opinion, the latest last; programs have none."""
        opinions: dict[str, Payload] = {}
        for one in self._read(repository, number):
            author = one.find("user")
            if author is not None and author.at("type").text() == "User" and one.at("state").text() in _OPINIONS:
                login = author.at("login").login()
                opinions.pop(login, None)
                opinions[login] = one
        return opinions

    def ask(self, repository: Repository, number: int, people: Collection[str]) -> tuple[str, ...]:
        """Ask those who neither are asked nor have reviewed the head; GitHub refuses all of them for one.

        https://docs.github.com/en/rest/pulls/review-requests#request-reviewers-for-a-pull-request
        """
        found = self._asking.ask("GET", f"/pulls/{int(number)}", repository).payload
        done = {one.at("login").text().lower() for one in found.at("requested_reviewers").items()}
        done |= {_team(repository, one.at("slug").text()) for one in found.at("requested_teams").items()}
        done |= set() if (author := found.find("user")) is None else {author.at("login").text().lower()}
        head = found.at("head", "sha").sha()
        done |= {name for one in self._read(repository, number) if (name := _reviewer(one, head))}
        wanted = [one for one in people if one.lower() not in done and _can_be_asked(repository, one)]
        if not wanted:
            return ()
        try:
            self._post(repository, number, wanted)
        except Invalid:
            return (wanted[0],) if len(wanted) == 1 else self._each(repository, number, wanted)
        return ()

    def _each(self, repository: Repository, number: int, wanted: Collection[str]) -> tuple[str, ...]:
        refused = []
        for one in wanted:
            try:
                self._post(repository, number, [one])
            except Invalid:
                refused.append(one)
        return tuple(refused)

    def _post(self, repository: Repository, number: int, wanted: Collection[str]) -> None:
        self._asking.take(repository, Charge.CONTENT, whose=f"reviewers of #{int(number)}")
        body: dict[str, Any] = {"reviewers": [one for one in wanted if "/" not in one]}
        if teams := [one.partition("/")[2] for one in wanted if "/" in one]:
            body["team_reviewers"] = teams
        self._asking.ask("POST", f"/pulls/{int(number)}/requested_reviewers", repository, body=body)

    def _read(self, repository: Repository, number: int) -> list[Payload]:
        """Return the reviews in the order of time, in which GitHub lists them."""
        found = list(islice(self._asking.pages(f"/pulls/{int(number)}/reviews", repository), _MOST + 1))
        if len(found) > _MOST:
            raise Rejected(f"there are more than {_MOST} reviews", remedy="Open another pull request in its place.")
        return found


def _approves(review: Payload, head_sha: str) -> bool:
    commit = review.find("commit_id")
    return review.at("state").text() == "APPROVED" and commit is not None and commit.text() == head_sha


def _reviewer(review: Payload, head_sha: str) -> str:
    """Return who has said something of this very head; empty for another one."""
    author, commit = review.find("user"), review.find("commit_id")
    if author is None or commit is None or commit.text() != head_sha:
        return ""
    return author.at("login").text().lower()


def _team(repository: Repository, slug: str) -> str:
    return f"{repository.full_name.partition('/')[0]}/{slug}".lower()


def _can_be_asked(repository: Repository, name: str) -> bool:
    """Whether a name can be that of a person, or of a team of the repository's own organisation."""
    owner, slash, team = name.partition("/")
    if not slash:
        return is_login(name)
    return owner.lower() == repository.full_name.partition("/")[0].lower() and is_team(team)
