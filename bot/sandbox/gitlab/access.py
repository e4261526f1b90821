"""Who a request comes from and what it may do: access tokens, their scopes, and roles in projects.

https://docs.gitlab.com/api/rest/authentication/
"""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Iterable, Mapping
from http import HTTPStatus

from bot.sandbox.forge.accounts import Account
from bot.sandbox.gitlab.http import Refusal, Route, forbidden, not_found
from bot.sandbox.gitlab.state import GUEST, REPORTER, Project, Token, World

TOKEN_LIFETIME = 365 * 86_400.0
"""Seconds a token works at most."""
_READING = frozenset({"api", "read_api"})


def issue(world: World, user: Account, *, scopes: Iterable[str]) -> Token:
    """Hand out an access token."""
    token = Token(
        value="glpat-" + secrets.token_urlsafe(15),
        user=user,
        scopes=frozenset(scopes),
        expires_at=world.clock.now() + TOKEN_LIFETIME,
    )
    world.tokens[token.value] = token
    return token


def authenticate(world: World, headers: Mapping[str, str], *, by_git: bool = False) -> Token | None:
    """Tell whose request this is; None: nobody's. Refusal (401) for bad credentials.

    The API takes no passwords, and Git nothing else.
    """
    scheme, _, value = headers.get("Authorization", "").partition(" ")
    bearer = value.strip() if scheme.lower() == "bearer" else ""
    given = _password(value) if by_git else headers.get("Private-Token", "") or bearer
    if not given:
        return None
    token = world.tokens.get(given)
    if token is None:
        raise Refusal(HTTPStatus.UNAUTHORIZED, {"message": "401 Unauthorized"})
    if token.expires_at <= world.clock.now():
        words = "Token is expired. You can either do re-authorization or token refresh."
        raise Refusal(HTTPStatus.UNAUTHORIZED, {"error": "invalid_token", "error_description": words})
    return token


def visible(token: Token | None, project: Project, *, least: int = GUEST) -> bool:
    """Whether the caller may know that the project exists, or, for `least` above a guest, see its code."""
    return not project.private or (token is not None and project.level_of(token.user) >= least)


def check(token: Token | None, route: Route, project: Project | None) -> None:
    """Let a request pass, or raise the Refusal that GitLab answers with."""
    reading = route.method == "GET"
    if token is not None and not token.scopes & (_READING if reading else {"api"}):
        words = "The request requires higher privileges than provided by the access token."
        scope = " ".join(sorted(_READING)) if reading else "api"
        body = {"error": "insufficient_scope", "error_description": words, "scope": scope}
        raise Refusal(HTTPStatus.FORBIDDEN, body)
    if project is None:
        return
    if not visible(token, project):
        raise not_found("Project")
    if token is None and (route.level or not reading):
        raise Refusal(HTTPStatus.UNAUTHORIZED, {"message": "401 Unauthorized"})
    if "/merge_requests" in route.template and not visible(token, project, least=REPORTER):
        raise forbidden()
    if token is not None and project.level_of(token.user) < route.level:
        raise forbidden()


def _password(basic: str) -> str:
    try:
        return base64.b64decode(basic, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""
