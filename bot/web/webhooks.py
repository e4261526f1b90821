"""Webhooks: verify, record, enqueue, answer. What they ask for is done elsewhere."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import flask
import structlog

from bot.forges.github.events import BadSignature, delivery_id, parse_delivery
from bot.model.events import Ignored, Ping
from bot.model.jobs import called_for

if TYPE_CHECKING:
    from bot.services import WebServices

_log = structlog.get_logger()


def webhooks(services: WebServices) -> flask.Blueprint:
    """Return the routes that forges call."""
    routes = flask.Blueprint("webhooks", __name__, url_prefix="/webhooks")

    @routes.post("/github")
    def github() -> tuple[flask.Response, HTTPStatus]:
        return _github(services, flask.request)

    return routes


def _github(services: WebServices, request: flask.Request) -> tuple[flask.Response, HTTPStatus]:
    """Answer 202 once everything the delivery calls for is queued; Rejected and Temporary become 4xx and 503."""
    secrets = services.settings.webhook_secrets
    if not secrets:
        _log.error("webhook refused", reason="no secret is configured")
        words = "this Foresail takes no webhooks: FORESAIL_GITHUB_WEBHOOK_SECRET is not set"
        return flask.jsonify(error=words), HTTPStatus.NOT_IMPLEMENTED
    headers = dict(request.headers)
    try:
        event = parse_delivery(headers, request.get_data(cache=False), secrets=secrets)
    except BadSignature as error:
        _log.warning("webhook refused", reason=error.message, remote=request.remote_addr)
        return flask.jsonify(error=error.message), HTTPStatus.UNAUTHORIZED
    delivery = delivery_id(headers)
    if isinstance(event, Ping | Ignored):
        reason = event.reason if isinstance(event, Ignored) else "pong"
        return flask.jsonify(status="ignored", reason=reason), HTTPStatus.ACCEPTED
    if delivery and services.queue.is_known(delivery):
        return flask.jsonify(status="ignored", reason="this delivery is queued already"), HTTPStatus.ACCEPTED
    jobs = called_for(event)
    for job in jobs:
        services.queue.enqueue(job)
    if delivery:
        services.queue.remember(delivery)
    _log.info("webhook taken", delivery=delivery, event=type(event).__name__, jobs=[job.identity for job in jobs])
    return flask.jsonify(status="queued", jobs=[job.identity for job in jobs]), HTTPStatus.ACCEPTED
