"""Who is in an organisation's teams: https://docs.github.com/en/rest/teams/members."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from bot.forges.github.asking import check
from bot.forges.github.errors import Forbidden, NotFound
from bot.forges.github.names import is_login, is_team

if TYPE_CHECKING:
    from bot.forges.github.asking import Asking
    from bot.model.changes import Repository

_REMEDY: Final = (
    "Correct the name, or give the App the organisation permission members: read (a token the scope read:org); "
    "docs/github.md says how."
)


class Teams:
    """Look teams up, with a token that may do that and nothing else."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    def has(self, repository: Repository, team: str, user: str) -> bool:
        """Whether somebody is in a team or below it, as an invitation alone is not.

        GitHub says alike that somebody is not in a team and that there is no such team: a second request tells.
        """
        owner, _, name = team.partition("/")
        ours = repository.full_name.partition("/")[0]
        check(is_team(name), f"{team!r} is not a team, organisation/team")
        check(
            owner.lower() == ours.lower(), f"@{team} is not a team of {ours}: no other counts in {repository.full_name}"
        )
        if not is_login(user):
            return False
        try:
            path = f"/teams/{quote(name)}/memberships/{quote(user)}"
            found = self._asking.of_organization(path, repository).payload
        except NotFound:
            self._demand(repository, name)
            return False
        except Forbidden as error:
            raise _unseen(ours, name) from error
        return found.at("state").text() == "active"

    def _demand(self, repository: Repository, name: str) -> None:
        try:
            self._asking.of_organization(f"/teams/{quote(name)}", repository)
        except (NotFound, Forbidden) as error:
            raise _unseen(repository.full_name.partition("/")[0], name) from error


def _unseen(owner: str, name: str) -> Forbidden:
    return Forbidden(
        f"nobody knows who is in @{owner}/{name}: there is no such team, or it is not seen", remedy=_REMEDY
    )
