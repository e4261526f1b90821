"""The web process: `gunicorn "app:create_app()"`."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Final

import flask

from bot.errors import Temporary
from bot.logs import configure_logs
from bot.model.jobs import recover
from bot.services import WebServices
from bot.settings import Settings
from bot.web.errors import add_error_handlers
from bot.web.health import health
from bot.web.metrics import metrics
from bot.web.reports import reports
from bot.web.webhooks import webhooks

_TURN: Final = 0.0005
"""Seconds for which one thread computes while another wants to; Python's are 5 ms.

A webhook waits for others a dozen times, and each time for its turn, behind those who write a report.
"""


def create_app(settings: Settings | None = None, services: WebServices | None = None) -> flask.Flask:
    """Build the web process from settings (by default the environment's); raises Rejected when they are wrong."""
    configure_logs()
    sys.setswitchinterval(_TURN)
    if services is None:
        services = WebServices.build(settings or Settings.from_environment(os.environ))
    app = flask.Flask(__name__, static_folder=None)
    # One more than is taken: a body of unknown length is cut there, and is then known to be too large.
    app.config["MAX_CONTENT_LENGTH"] = services.settings.webhook_max_bytes + 1
    app.url_map.merge_slashes = False
    with suppress(Temporary):  # the controller asks for the same once Redis is there
        services.queue.enqueue(recover())  # webhooks may have been lost while nobody listened
    add_error_handlers(app)
    app.register_blueprint(webhooks(services))
    app.register_blueprint(health(services))
    app.register_blueprint(metrics(services))
    app.register_blueprint(reports(services))
    return app
