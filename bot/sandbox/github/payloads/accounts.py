"""Accounts, Apps and installations as GitHub writes them."""

from __future__ import annotations

import base64
from typing import Any

from bot.sandbox.forge.accounts import Account
from bot.sandbox.forge.clock import timestamp
from bot.sandbox.github.state import App, Installation, InstallationToken, Repository, World


def node_id(kind: str, number: int | str) -> str:
    """Return a global id in the shape GitHub's have."""
    return base64.b64encode(f"{kind}:{number}".encode()).decode()


def simple_user(world: World, account: Account) -> dict[str, Any]:
    """Return an account as it appears inside other answers."""
    url = f"{world.api}/users/{account.login}"
    links = {
        f"{name}_url": f"{url}/{path}"
        for name, path in {
            "followers": "followers",
            "following": "following{/other_user}",
            "gists": "gists{/gist_id}",
            "starred": "starred{/owner}{/repo}",
            "subscriptions": "subscriptions",
            "organizations": "orgs",
            "repos": "repos",
            "events": "events{/privacy}",
            "received_events": "received_events",
        }.items()
    }
    return {
        "login": account.login,
        "id": account.id,
        "node_id": node_id("User", account.id),
        "avatar_url": f"{world.site}/avatars/u/{account.id}",
        "gravatar_id": "",
        "url": url,
        "html_url": f"{world.site}/{account.login}",
        **links,
        "type": account.kind,
        "site_admin": False,
    }


def public_user(world: World, account: Account) -> dict[str, Any]:
    """Return an account's own page."""
    unsaid = dict.fromkeys(("company", "location", "email", "hireable", "bio", "twitter_username"))
    owned = [one for one in world.repositories.values() if one.owner.id == account.id]
    return {
        **simple_user(world, account),
        **unsaid,
        "name": account.login,
        "blog": "",
        "public_repos": sum(not one.private for one in owned),
        "public_gists": 0,
        "followers": 0,
        "following": 0,
        "created_at": timestamp(account.created_at),
        "updated_at": timestamp(account.created_at),
    }


def integration(world: World, app: App) -> dict[str, Any]:
    """Return an App's public face."""
    return {
        "id": app.id,
        "client_id": f"Iv23{app.id:016d}",
        "slug": app.slug,
        "node_id": node_id("App", app.id),
        "owner": simple_user(world, app.owner),
        "name": app.name,
        "description": None,
        "external_url": "https://foresail.dev",
        "html_url": f"{world.site}/apps/{app.slug}",
        "created_at": timestamp(app.created_at),
        "updated_at": timestamp(app.created_at),
        "permissions": dict(app.permissions),
        "events": list(app.events),
    }


def own_integration(world: World, app: App) -> dict[str, Any]:
    """Return an App as it sees itself: with the number of its installations."""
    count = sum(one.app.id == app.id for one in world.installations.values())
    return {**integration(world, app), "installations_count": count}


def registered(world: World, app: App) -> dict[str, Any]:
    """Return an App with its credentials, as only who has registered it from a manifest sees it."""
    secret = {"client_secret": "0" * 40, "webhook_secret": app.webhook_secret, "pem": app.private_key_pem}
    return {**own_integration(world, app), **secret}


def installation(world: World, one: Installation) -> dict[str, Any]:
    """Return an installation."""
    url = f"{world.api}/app/installations/{one.id}"
    return {
        "id": one.id,
        "account": simple_user(world, one.account),
        "repository_selection": "selected",
        "access_tokens_url": f"{url}/access_tokens",
        "repositories_url": f"{world.api}/installation/repositories",
        "html_url": f"{world.site}/settings/installations/{one.id}",
        "app_id": one.app.id,
        "app_slug": one.app.slug,
        "client_id": f"Iv23{one.app.id:016d}",
        "target_id": one.account.id,
        "target_type": one.account.kind,
        "permissions": dict(one.app.permissions),
        "events": list(one.app.events),
        "created_at": timestamp(one.created_at),
        "updated_at": timestamp(one.created_at),
        "single_file_name": None,
        "has_multiple_single_files": False,
        "single_file_paths": [],
        "suspended_by": None,
        "suspended_at": None,
    }


def access_token(token: InstallationToken) -> dict[str, Any]:
    """Return a token as it is handed out, once."""
    return {
        "token": token.value,
        "expires_at": timestamp(token.expires_at),
        "permissions": dict(token.permissions),
        "repository_selection": "selected",
    }


def installed_repository(repository: Repository) -> dict[str, Any]:
    """Return a repository as the installation events name it."""
    return {
        "id": repository.id,
        "node_id": node_id("Repository", repository.id),
        "name": repository.name,
        "full_name": repository.full_name,
        "private": repository.private,
    }
