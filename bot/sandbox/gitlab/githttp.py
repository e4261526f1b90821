"""Git over HTTP behind the stand-in's tokens, roles and protected branches."""

from __future__ import annotations

from http import HTTPStatus

import flask

from bot.sandbox import githttp
from bot.sandbox.forge.repositories import BareRepository
from bot.sandbox.gitlab import branches
from bot.sandbox.gitlab.access import authenticate, visible
from bot.sandbox.gitlab.http import Refusal
from bot.sandbox.gitlab.state import DEVELOPER, REPORTER, Project, Token, World

_REALM = "GitLab"


def serve(world: World, full_name: str, *, service: str) -> flask.Response:
    """Answer one request of the smart HTTP protocol."""
    writing = githttp.is_write(service)
    try:
        with world.lock:
            token = authenticate(world, dict(flask.request.headers), by_git=True)
            project = _find(world, full_name, token=token, writing=writing)
    except Refusal as refusal:
        words = "HTTP Basic: Access denied." if refusal.status is HTTPStatus.UNAUTHORIZED else refusal.body
        return githttp.refused(str(words), refusal.status, realm=_REALM)
    user = "nobody" if token is None else token.user.login
    if not githttp.is_push(service):
        return githttp.serve(project.path, service=service, user=user)
    with world.lock:
        before = BareRepository(project.path).refs()
        answer = githttp.serve(project.path, service=service, user=user)
        if token is not None:
            branches.follow(world, project, before=before, sender=token.user)
        return answer


def _find(world: World, full_name: str, *, token: Token | None, writing: bool) -> Project:
    scope = "write_repository" if writing else "read_repository"
    if token is not None and not token.scopes & {scope, "write_repository", "api"}:
        raise Refusal(HTTPStatus.FORBIDDEN, "You are not allowed to access this project with this token.")
    project = world.project(full_name)
    if project is None or not visible(token, project, least=REPORTER):
        words = "The project you were looking for could not be found or you don't have permission to view it."
        raise Refusal(HTTPStatus.UNAUTHORIZED if token is None else HTTPStatus.NOT_FOUND, words)
    if writing and (token is None or project.level_of(token.user) < DEVELOPER):
        words = "You are not allowed to push code to this project."
        raise Refusal(HTTPStatus.UNAUTHORIZED if token is None else HTTPStatus.FORBIDDEN, words)
    return project
