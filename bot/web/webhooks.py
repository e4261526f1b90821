"""Webhooks: verify, record, enqueue, answer. What they ask for is done elsewhere."""

from __future__ import annotations

import socket
import time
import uuid
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import flask
import structlog
from gunicorn.http.errors import ParseException  # type: ignore[import-untyped] # gunicorn ships no types
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

from bot.forges.github import events as github
from bot.forges.gitlab import events as gitlab
from bot.forges.plain import events as plain
from bot.model.calls import called_for
from bot.model.events import Ignored, Ping

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bot.model.events import Event
    from bot.services import WebServices

_log = structlog.get_logger()

_SILENCE: Final = 10.0
"""Seconds a sender may pause within a body; GitHub itself, like GitLab, gives up on a delivery after as many."""


@dataclass(frozen=True, slots=True)
class _Sender:
    """A forge that delivers webhooks."""

    secrets: Sequence[str]
    setting: str
    """The variable that they come from."""
    parse: Callable[[Mapping[str, str], bytes], Event]
    """Verifies and reads a delivery; BadSignature and Malformed."""
    delivery_id: Callable[[Mapping[str, str]], str]
    """What is the same when a delivery comes again."""


def webhooks(services: WebServices) -> flask.Blueprint:
    """Return the routes that forges call."""
    routes = flask.Blueprint("webhooks", __name__, url_prefix="/webhooks")
    settings = services.settings

    @routes.post("/github")
    def of_github() -> tuple[flask.Response, HTTPStatus]:
        secrets = settings.webhook_secrets
        parse = partial(github.parse_delivery, secrets=secrets)
        return _take(services, _Sender(secrets, "FORESAIL_GITHUB_WEBHOOK_SECRET", parse, github.delivery_id))

    @routes.post("/gitlab")
    def of_gitlab() -> tuple[flask.Response, HTTPStatus]:
        secrets = settings.gitlab_webhook_secrets
        parse = partial(gitlab.parse_delivery, secrets=secrets, now=time.time())
        return _take(services, _Sender(secrets, "FORESAIL_GITLAB_WEBHOOK_SECRET", parse, gitlab.delivery_id))

    @routes.post("/git")
    def of_git() -> tuple[flask.Response, HTTPStatus]:
        secrets = settings.git_webhook_secrets
        parse = partial(plain.parse_delivery, secrets=secrets)
        return _take(services, _Sender(secrets, "FORESAIL_GIT_WEBHOOK_SECRET", parse, _anew))

    return routes


def _anew(_headers: Mapping[str, str]) -> str:
    """Return what no delivery has had: where they have no identity, two that wait are one job all the same."""
    return uuid.uuid4().hex


def _take(services: WebServices, sender: _Sender) -> tuple[flask.Response, HTTPStatus]:
    """Answer 202 once everything the delivery calls for is queued; Rejected and Temporary become 4xx and 503."""
    request = flask.request
    if not sender.secrets:
        _log.error("webhook refused", reason="no secret is configured")
        words = f"this Foresail takes no webhooks here: {sender.setting} is not set"
        return flask.jsonify(error=words), HTTPStatus.NOT_IMPLEMENTED
    headers = dict(request.headers)
    body = _body(services, request)
    try:
        event = sender.parse(headers, body)
    except (github.BadSignature, gitlab.BadSignature, plain.BadSignature) as error:
        _log.warning("webhook refused", reason=error.message, remote=request.remote_addr)
        return flask.jsonify(error=error.message), HTTPStatus.UNAUTHORIZED
    delivery = sender.delivery_id(headers)
    if isinstance(event, Ping | Ignored):
        return _ignored(event.reason if isinstance(event, Ignored) else "pong")
    jobs = called_for(event, prefix=services.settings.command_prefix)
    if not jobs:
        return _ignored("nothing is to be done about it")
    if not services.queue.enqueue_delivery(delivery, jobs):
        return _ignored("this delivery is queued already")
    names = [job.identity for job in jobs]
    _log.info("webhook taken", delivery=delivery, kind=type(event).__name__, jobs=names)
    return flask.jsonify(status="queued", jobs=names), HTTPStatus.ACCEPTED


def _body(services: WebServices, request: flask.Request) -> bytes:
    """Return the raw body; 413 when it is too large, whatever it said before, and 400 when it is broken or stops."""
    connection = request.environ.get("gunicorn.socket")
    if isinstance(connection, socket.socket):
        connection.settimeout(_SILENCE)  # else a sender that vanished would keep this thread for ever
    try:
        body = request.get_data(cache=False)
    except (OSError, ParseException) as error:
        raise BadRequest from error
    if len(body) > services.settings.webhook_max_bytes:
        raise RequestEntityTooLarge
    return body


def _ignored(reason: str) -> tuple[flask.Response, HTTPStatus]:
    return flask.jsonify(status="ignored", reason=reason), HTTPStatus.ACCEPTED
