"""Teams as GitHub writes them: https://docs.github.com/en/rest/teams/teams."""

from __future__ import annotations

from typing import Any

from bot.sandbox.forge.accounts import Account
from bot.sandbox.forge.clock import timestamp
from bot.sandbox.github.payloads.accounts import node_id
from bot.sandbox.github.state import Team, World


def simple_team(world: World, one: Team) -> dict[str, Any]:
    """Return a team as it appears inside other answers."""
    owner = one.organization
    url = f"{world.api}/organizations/{owner.id}/team/{one.id}"
    return {
        "id": one.id,
        "node_id": node_id("Team", one.id),
        "url": url,
        "html_url": f"{world.site}/orgs/{owner.login}/teams/{one.slug}",
        "name": one.slug,
        "slug": one.slug,
        "description": None,
        "privacy": "closed",
        "permission": "pull",
        "members_url": f"{url}/members{{/member}}",
        "repositories_url": f"{url}/repos",
        "type": "organization",
        "parent": None,
    }


def team(world: World, one: Team) -> dict[str, Any]:
    """Return a team as it answers alone."""
    return {
        **simple_team(world, one),
        "notification_setting": "notifications_enabled",
        "members_count": len(one.members),
        "repos_count": 0,
        "created_at": timestamp(one.created_at),
        "updated_at": timestamp(one.created_at),
        "organization": _organization(world, one.organization),
    }


def membership(world: World, one: Team, *, login: str, state: str) -> dict[str, Any]:
    """Return how somebody is in a team."""
    url = f"{world.api}/organizations/{one.organization.id}/team/{one.id}/memberships/{login}"
    return {"state": state, "role": "member", "url": url}


def _organization(world: World, owner: Account) -> dict[str, Any]:
    url = f"{world.api}/orgs/{owner.login}"
    return {
        "login": owner.login,
        "id": owner.id,
        "node_id": node_id("Organization", owner.id),
        "url": url,
        **{f"{name}_url": f"{url}/{name}" for name in ("repos", "events", "hooks", "issues")},
        "members_url": f"{url}/members{{/member}}",
        "public_members_url": f"{url}/public_members{{/member}}",
        "avatar_url": f"{world.site}/avatars/u/{owner.id}",
        "description": None,
        "has_organization_projects": True,
        "has_repository_projects": True,
        "public_repos": 0,
        "public_gists": 0,
        "followers": 0,
        "following": 0,
        "html_url": f"{world.site}/{owner.login}",
        "created_at": timestamp(owner.created_at),
        "updated_at": timestamp(owner.created_at),
        "archived_at": None,
        "type": owner.kind,
    }
