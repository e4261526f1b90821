"""Errors as HTTP answers: by who must act, as JSON, without a word that the caller may not see."""

from __future__ import annotations

import math
import uuid
from http import HTTPStatus

import flask
import structlog
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from bot.errors import Rejected, Temporary

_log = structlog.get_logger()


def add_error_handlers(app: flask.Flask) -> None:
    """Make every error of a request an answer in JSON."""
    app.register_error_handler(Rejected, _rejected)
    app.register_error_handler(Temporary, _temporary)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _bug)


def _rejected(error: Rejected) -> tuple[flask.Response, HTTPStatus]:
    body = {"error": error.message} | ({"remedy": error.remedy} if error.remedy else {})
    return flask.jsonify(body), HTTPStatus.BAD_REQUEST


def _temporary(error: Temporary) -> tuple[flask.Response, HTTPStatus]:
    _log.warning("request put off", reason=error.message)
    answer = flask.jsonify(error="not possible right now; try again")
    answer.headers["Retry-After"] = str(math.ceil(error.retry_after))
    return answer, HTTPStatus.SERVICE_UNAVAILABLE


def _http(error: HTTPException) -> Response:
    """Keep the status and headers (Allow, Location), and say it in JSON."""
    answer = Response(status=error.code, headers=error.get_headers(), mimetype="application/json")
    answer.set_data(flask.json.dumps({"error": error.name}) + "\n")
    return answer


def _bug(error: Exception) -> tuple[flask.Response, HTTPStatus]:
    incident = uuid.uuid4().hex[:12]
    _log.error("request failed", incident=incident, exc_info=error)
    return flask.jsonify(error="internal error", incident=incident), HTTPStatus.INTERNAL_SERVER_ERROR
