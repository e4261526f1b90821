"""Who a request comes from and what it may do: App JSON web tokens, installation tokens, people's tokens.

https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/about-authentication-with-a-github-app
"""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import jwt
from jwt.types import Options

from bot.sandbox.forge.accounts import Account
from bot.sandbox.github.http import Actor, Audience, Refusal, Route, not_found
from bot.sandbox.github.state import Installation, InstallationToken, Repository, World

TOKEN_LIFETIME = 3600.0
"""Seconds an installation token works."""
_LONGEST_JWT = 600.0
_CLOCK_DRIFT = 60.0
_ORDER = ("none", "read", "write", "admin")
_LEVEL_OF_ROLE = {"admin": "admin", "maintain": "write", "write": "write", "triage": "read", "read": "read"}
_UNCHECKED: Options = {"verify_exp": False, "verify_iat": False, "verify_nbf": False}
"""Times are checked by the stand-in's own clock."""
_BAD = "Bad credentials"
_INACCESSIBLE = "Resource not accessible by integration"


def issue(
    world: World,
    installation: Installation,
    *,
    permissions: Mapping[str, str],
    repository_ids: frozenset[int] | None,
) -> InstallationToken:
    """Hand out an installation token."""
    token = InstallationToken(
        value="ghs_" + secrets.token_hex(18),
        installation=installation,
        permissions=dict(permissions),
        repository_ids=repository_ids,
        expires_at=world.clock.now() + TOKEN_LIFETIME,
    )
    world.tokens[token.value] = token
    return token


def issue_personal(world: World, account: Account) -> str:
    """Hand out a person's token, with all that the person may do."""
    value = "ghp_" + secrets.token_hex(18)
    world.personal_tokens[value] = account
    return value


def authenticate(world: World, header: str | None) -> Actor:
    """Tell whose `Authorization` header this is; Refusal (401) for bad credentials."""
    if not header:
        return Actor(name="anonymous")
    scheme, _, value = header.partition(" ")
    credential = _password(value) if scheme.lower() == "basic" else value.strip()
    if credential.count(".") == 2:  # noqa: PLR2004 - a JSON web token has three parts
        return _app_actor(world, credential)
    if (person := world.personal_tokens.get(credential)) is not None:
        return Actor(name=f"user {person.login}", account=person)
    return _installation_actor(world, credential)


def _installation_actor(world: World, value: str) -> Actor:
    token = world.tokens.get(value)
    known = token is not None and token.installation.id in world.installations
    if token is None or not known or token.expires_at <= world.clock.now():
        raise Refusal(HTTPStatus.UNAUTHORIZED, _BAD)
    installation = token.installation
    return Actor(
        name=f"installation {installation.id}",
        account=installation.app.bot,
        app=installation.app,
        installation=installation,
        permissions={
            name: level
            for name, level in token.permissions.items()
            if permits(installation.app.permissions.get(name, "none"), level)
        },
        repository_ids=token.repository_ids,
    )


def permits(granted: str, wanted: str) -> bool:
    """Whether a level includes another."""
    return _ORDER.index(granted) >= _ORDER.index(wanted)


def visible(actor: Actor, repository: Repository) -> bool:
    """Whether the actor may know that the repository exists."""
    return not repository.private or _member(actor, repository)


def allowed(actor: Actor, repository: Repository, need: str) -> bool:
    """Whether the actor has a permission, `name:level`, in a repository it can see."""
    name, _, level = need.partition(":")
    if not repository.private and level == "read":
        return True
    if actor.installation is not None:
        return _member(actor, repository) and permits(actor.permissions.get(name, "none"), level)
    if actor.account is None:
        return False
    return permits(_LEVEL_OF_ROLE.get(repository.role_of(actor.account), "none"), level)


def check(actor: Actor, route: Route, repository: Repository | None) -> None:
    """Let a request pass, or raise the Refusal that GitHub answers with."""
    _check_audience(actor, route.audience)
    if repository is None or route.audience is not Audience.ANYONE:
        return
    if not visible(actor, repository):
        raise not_found()
    if route.needs and not any(allowed(actor, repository, need) for need in route.needs):
        raise _forbidden(actor)


def _check_audience(actor: Actor, audience: Audience) -> None:
    is_app = actor.app is not None and actor.installation is None
    if audience is Audience.APP and not is_app:
        raise Refusal(HTTPStatus.UNAUTHORIZED, "A JSON web token could not be decoded")
    if audience in {Audience.INSTALLATION, Audience.ANYONE} and is_app:
        raise Refusal(HTTPStatus.FORBIDDEN, _INACCESSIBLE)
    if audience is Audience.INSTALLATION and actor.installation is None:
        raise Refusal(HTTPStatus.FORBIDDEN, "You must authenticate with an installation access token")


def _forbidden(actor: Actor) -> Refusal:
    if actor.installation is not None:
        return Refusal(HTTPStatus.FORBIDDEN, _INACCESSIBLE)
    if actor.account is None:
        return Refusal(HTTPStatus.UNAUTHORIZED, "Requires authentication")
    return Refusal(HTTPStatus.FORBIDDEN, "Must have push access to view or change this resource.")


def _member(actor: Actor, repository: Repository) -> bool:
    if actor.installation is not None:
        limited = actor.repository_ids is not None and repository.id not in actor.repository_ids
        return repository.id in actor.installation.repository_ids and not limited
    return actor.account is not None and repository.role_of(actor.account) != "none"


def _password(basic: str) -> str:
    try:
        return base64.b64decode(basic, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _app_actor(world: World, token: str) -> Actor:
    app = world.apps.get(_issuer(token))
    if app is None:
        raise Refusal(HTTPStatus.NOT_FOUND, "Integration not found")
    try:
        claims = jwt.decode(token, app.public_key_pem, algorithms=["RS256"], options=_UNCHECKED)
    except jwt.InvalidTokenError as error:
        raise Refusal(HTTPStatus.UNAUTHORIZED, "A JSON web token could not be decoded") from error
    _check_times(claims, now=world.clock.now())
    return Actor(name=f"app {app.id}", app=app)


def _issuer(token: str) -> int:
    try:
        issuer = jwt.decode(token, options={"verify_signature": False}).get("iss", "")
    except jwt.InvalidTokenError as error:
        raise Refusal(HTTPStatus.UNAUTHORIZED, "A JSON web token could not be decoded") from error
    return int(issuer) if str(issuer).isdecimal() else 0


def _check_times(claims: Mapping[str, Any], *, now: float) -> None:
    issued, expires = claims.get("iat"), claims.get("exp")
    if not isinstance(expires, int | float) or expires <= now:
        raise Refusal(
            HTTPStatus.UNAUTHORIZED,
            "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the "
            "assertion expires",
        )
    if expires > now + _LONGEST_JWT:
        raise Refusal(HTTPStatus.UNAUTHORIZED, "'Expiration time' claim ('exp') is too far in the future")
    if not isinstance(issued, int | float) or issued > now + _CLOCK_DRIFT:
        raise Refusal(
            HTTPStatus.UNAUTHORIZED,
            "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
        )
