"""Groups and their members: https://docs.gitlab.com/api/groups/, https://docs.gitlab.com/api/group_members/."""

from __future__ import annotations

from bot.sandbox.gitlab.http import Answer, Call, Route, not_found
from bot.sandbox.gitlab.payloads import api
from bot.sandbox.gitlab.state import Group


def _one(call: Call) -> Answer:
    return Answer(api.group(call.world, _group(call)))


def _member(call: Call) -> Answer:
    group, number = _group(call), call.number("user_id")
    account = next((one for one in call.world.accounts.values() if one.id == number), None)
    level = 0 if account is None else call.world.level_in(group, account)
    if account is None or not level:
        raise not_found()
    return Answer(api.member(call.world, account, level=level))


ROUTES = (
    Route("GET", "/groups/:id", _one),
    Route("GET", "/groups/:id/members/all/:user_id", _member),
)


def _group(call: Call) -> Group:
    """Return the group the path names, if the caller may see it."""
    found = call.world.groups.get(call.params["id"].lower())
    if found is None or (found.private and not call.world.level_in(found, call.account)):
        raise not_found("Group")
    return found
