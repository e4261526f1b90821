"""Git over HTTP behind the stand-in's tokens and permissions."""

from __future__ import annotations

from http import HTTPStatus

import flask

from bot.sandbox import githttp
from bot.sandbox.forge.repositories import BareRepository
from bot.sandbox.github import branches
from bot.sandbox.github.access import allowed, authenticate, visible
from bot.sandbox.github.http import Actor, Refusal
from bot.sandbox.github.state import Repository, World


def serve(world: World, full_name: str, *, service: str) -> flask.Response:
    """Answer one request of the smart HTTP protocol."""
    need = f"contents:{'write' if githttp.is_write(service) else 'read'}"
    try:
        with world.lock:
            actor = authenticate(world, flask.request.headers.get("Authorization"))
            repository = _find(world, full_name, actor=actor, need=need)
    except Refusal as refusal:
        return githttp.refused(refusal.message, refusal.status, realm="GitHub")
    if not githttp.is_push(service):
        return githttp.serve(repository.path, service=service, user=actor.name)
    with world.lock:
        before = BareRepository(repository.path).refs()
        answer = githttp.serve(repository.path, service=service, user=actor.name)
        if actor.account is not None:
            branches.follow(world, repository, before=before, sender=actor.account)
        return answer


def _find(world: World, full_name: str, *, actor: Actor, need: str) -> Repository:
    repository = world.repository(full_name)
    if repository is None or not visible(actor, repository):
        unknown = actor.account is None
        raise Refusal(HTTPStatus.UNAUTHORIZED if unknown else HTTPStatus.NOT_FOUND, "Repository not found.")
    if not allowed(actor, repository, need):
        raise Refusal(
            HTTPStatus.UNAUTHORIZED if actor.account is None else HTTPStatus.FORBIDDEN,
            "Write access to repository not granted.",
        )
    return repository
