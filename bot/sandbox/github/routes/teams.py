"""Teams of organisations and who is in them, for those who may see that."""

from __future__ import annotations

from http import HTTPStatus

from bot.sandbox.github.access import permits
from bot.sandbox.github.http import Answer, Call, Refusal, Route, not_found
from bot.sandbox.github.payloads import teams
from bot.sandbox.github.state import Team


def get_team(call: Call) -> Answer:
    """Answer with a team."""
    return Answer(teams.team(call.world, _team(call)))


def get_membership(call: Call) -> Answer:
    """Answer with how somebody is in a team; 404 for who is not."""
    team, login = _team(call), call.params["username"]
    state = team.members.get(login.lower())
    if state is None:
        raise not_found()
    return Answer(teams.membership(call.world, team, login=login, state=state))


_TEAM = "/orgs/{org}/teams/{team_slug}"

ROUTES = (
    Route("GET", _TEAM, get_team),
    Route("GET", f"{_TEAM}/memberships/{{username}}", get_membership),
)


def _team(call: Call) -> Team:
    organization = call.params["org"].lower()
    _demand_permission(call, organization)
    found = call.world.teams.get(f"{organization}/{call.params['team_slug'].lower()}")
    if found is None:
        raise not_found()
    return found


def _demand_permission(call: Call, organization: str) -> None:
    """Let an installation on the organisation pass that may read members, and people who are in one of its teams."""
    actor, refused = call.actor, Refusal(HTTPStatus.FORBIDDEN, "Resource not accessible by integration")
    if actor.installation is not None:
        ours = actor.installation.account.login.lower() == organization
        if not ours or not permits(actor.permissions.get("members", "none"), "read"):
            raise refused
    elif not any(
        name.startswith(f"{organization}/") and call.account.login.lower() in team.members
        for name, team in call.world.teams.items()
    ):
        raise not_found()
