"""What a load balancer and a person with curl ask: whether it is there, and whether it can do its work."""

from __future__ import annotations

from typing import TYPE_CHECKING

import flask

if TYPE_CHECKING:
    from bot.services import WebServices


def health(services: WebServices) -> flask.Blueprint:
    """Return `/healthz` (the process answers) and `/readyz` (webhooks can be taken)."""
    routes = flask.Blueprint("health", __name__)

    @routes.get("/healthz")
    def alive() -> flask.Response:
        return flask.jsonify(status="alive")

    @routes.get("/readyz")
    def ready() -> flask.Response:
        services.queue.ping()
        return flask.jsonify(
            status="ready", webhooks=bool(services.settings.webhook_secrets or services.settings.gitlab_webhook_secrets)
        )

    return routes
