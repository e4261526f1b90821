"""Members of projects and groups, and what their roles allow: https://docs.gitlab.com/api/members/."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from bot.forges.gitlab.errors import TOKEN_SETTING, Forbidden, NotFound
from bot.forges.gitlab.names import is_username
from bot.model.changes import Permission

if TYPE_CHECKING:
    from bot.forges.gitlab.api import Api
    from bot.forges.gitlab.payload import Payload

_LEVELS: Final = ((50, Permission.ADMIN), (40, Permission.MAINTAIN), (30, Permission.WRITE), (20, Permission.TRIAGE))
"""Owner, Maintainer, Developer and Reporter; below them are Planner, Guest and minimal access, who see no code.

https://docs.gitlab.com/api/access_requests/#valid-access-levels
"""


class Members:
    """Who may do what; safe to use from threads."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def role(self, path: str, user: str) -> Permission:
        """Return what somebody's role below a project's or group's path allows; two requests."""
        if not is_username(user):
            return Permission.NONE
        named = self._api.ask("GET", "/users", query={"username": user}).payload.items()
        found = next((one for one in named if one.at("username").text().lower() == user.lower()), None)
        if found is None:
            return Permission.NONE
        number = found.at("id").number()
        try:
            return _permission(self._api.ask("GET", f"{path}/members/all/{number}").payload)
        except NotFound:
            return Permission.NONE

    def is_in_group(self, team: str, user: str) -> bool:
        """Whether somebody is in a group, or one above it; Forbidden where nobody knows. Two requests, or three."""
        group = f"/groups/{quote(team, safe='')}"
        if self.role(group, user) is not Permission.NONE:
            return True
        try:
            self._api.ask("GET", group, query={"with_projects": "false"})
        except (NotFound, Forbidden) as error:
            raise Forbidden(
                f"nobody knows who is in @{team}: there is no such group, or it is not seen",
                remedy=f"Correct the name, or make the account of {TOKEN_SETTING} a member of that group, as Guest.",
            ) from error
        return False


def _permission(member: Payload) -> Permission:
    if member.at("state").text() != "active":  # blocked, or waiting for a seat
        return Permission.NONE
    level = member.at("access_level").value
    if not isinstance(level, int):
        raise member.wrong(member.at("access_level").path, "a number")
    return next((one for least, one in _LEVELS if level >= least), Permission.READ if level else Permission.NONE)
