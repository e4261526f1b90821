"""The Flask application: one view for the API's table, one for Git; below a path, as self-managed GitLab may be."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from typing import Final
from urllib.parse import unquote

import flask
import orjson

from bot.sandbox.forge.faults import Fault, Injected
from bot.sandbox.forge.serving import hang_up, recorded
from bot.sandbox.gitlab import githttp
from bot.sandbox.gitlab.access import authenticate, check
from bot.sandbox.gitlab.http import Answer, Call, Refusal, Route, not_found
from bot.sandbox.gitlab.routes import ROUTES
from bot.sandbox.gitlab.state import Token, World

ROOT: Final = "/gitlab"
"""Where it is on its host: https://docs.gitlab.com/install/relative_url/"""
_API: Final = f"{ROOT}/api/v4"
_METHODS: Final = ("GET", "POST", "PUT", "DELETE")
_TABLE: Final = tuple((re.compile(re.sub(r":(\w+)", r"(?P<\1>[^/]+)", route.template)), route) for route in ROUTES)
_UNKNOWN: Final = Route("", "", lambda _call: _nothing_here())


def create_app(world: World) -> flask.Flask:
    """Return the application that serves `world`."""
    app = flask.Flask("foresail-gitlab", static_folder=None)
    app.url_map.merge_slashes = False
    app.add_url_rule(f"{_API}/<path:path>", "api", partial(_serve, world), methods=_METHODS)
    rule = f"{ROOT}/<path:name>.git/<path:service>"
    app.add_url_rule(rule, "git", partial(_serve_git, world), methods=["GET", "POST"])
    return app


def _nothing_here() -> Answer:
    raise Refusal(HTTPStatus.NOT_FOUND, {"error": "404 Not Found"})


def _serve_git(world: World, *, name: str, service: str) -> flask.Response:
    fault = world.faults.take(flask.request.method, flask.request.path)
    if fault is not None and fault.kind is Fault.DELAY:
        fault.delay()
    elif fault is not None and fault.kind is Fault.DROP_CONNECTION:
        return hang_up()
    elif fault is not None and fault.kind is not Fault.LOSE_ANSWER:
        return flask.Response("Internal Server Error\n", HTTPStatus.INTERNAL_SERVER_ERROR)
    response = githttp.serve(world, name, service=service)
    return hang_up() if fault is not None and fault.kind is Fault.LOSE_ANSWER else response


def _serve(world: World, *, path: str) -> flask.Response:
    # A project's name comes with its slashes encoded, which the framework has undone: the raw path has them.
    raw = str(flask.request.environ["RAW_URI"]).partition("?")[0].removeprefix(_API)
    route, params = _match(flask.request.method, raw)
    fault = world.faults.take(flask.request.method, f"/{path}")
    if fault is not None and fault.kind is Fault.DROP_CONNECTION:
        return hang_up()
    if fault is not None and fault.kind is Fault.DELAY:
        fault.delay()
    with world.lock:
        answer = _answer(world, route, params=params, fault=fault)
        said = recorded(
            route.template, f"/{path}", status=int(answer.status), answer=answer.body, headers=answer.headers
        )
        world.exchanges.add(said)
    if fault is not None and fault.kind is Fault.LOSE_ANSWER:
        return hang_up()
    if isinstance(answer.body, str):
        return flask.Response(answer.body, answer.status, dict(answer.headers), content_type="text/plain")
    content = b"" if answer.body is None else orjson.dumps(answer.body)
    return flask.Response(content, answer.status, dict(answer.headers), content_type="application/json")


def _match(method: str, path: str) -> tuple[Route, dict[str, str]]:
    for pattern, route in _TABLE:
        found = pattern.fullmatch(path)
        if found is not None and route.method == method:
            return route, {name: unquote(value) for name, value in found.groupdict().items()}
    return _UNKNOWN, {}


def _answer(world: World, route: Route, *, params: Mapping[str, str], fault: Injected | None) -> Answer:
    """Authenticate, count, check and handle a request; a refusal becomes its answer."""
    headers = {"X-Request-Id": uuid.uuid4().hex, "X-Gitlab-Meta": '{"version":"1"}'}
    try:
        token = authenticate(world, dict(flask.request.headers))
        _refuse_excess(world, route, token)
        _refuse_fault(fault)
        call = _call(world, token, route, params)
        check(token, route, call.target)
        answer = route.handler(call)
        return Answer(answer.body, answer.status, {**headers, **answer.headers})
    except Refusal as refusal:
        return Answer(refusal.body, refusal.status, {**headers, **refusal.headers})


def _call(world: World, token: Token | None, route: Route, params: Mapping[str, str]) -> Call:
    about_project = route.template.startswith("/projects/:id")
    target = world.project(params["id"]) if about_project else None
    if about_project and target is None:
        raise not_found("Project")
    body = flask.request.get_data()
    try:
        json = orjson.loads(body) if body else None
    except orjson.JSONDecodeError as error:
        raise Refusal(HTTPStatus.BAD_REQUEST, {"error": "Problems parsing JSON"}) from error
    return Call(world, token, params, flask.request.args.to_dict(), json, target)


def _refuse_excess(world: World, route: Route, token: Token | None) -> None:
    """https://docs.gitlab.com/administration/settings/user_and_ip_rate_limits/#response-headers."""
    name, now = "nobody" if token is None else token.user.login, world.clock.now()
    allowance = world.limits.count(name, now=now)
    if allowance.wait:
        raise _too_many(allowance.wait, limit=allowance.limit, observed=allowance.observed, reset=allowance.reset)
    if route.is_note and not world.limits.takes_note(name, now=now):
        words = "This endpoint has been requested too many times. Try again later."
        raise Refusal(HTTPStatus.TOO_MANY_REQUESTS, {"message": {"error": words}})


def _refuse_fault(fault: Injected | None) -> None:
    if fault is None:
        return
    if fault.kind is Fault.ERROR:
        raise Refusal(HTTPStatus.INTERNAL_SERVER_ERROR, {"message": "500 Internal Server Error"})
    if fault.kind is Fault.SECONDARY_LIMIT:
        raise _too_many(round(fault.seconds), limit=0, observed=1, reset=int(time.time() + fault.seconds))


def _too_many(wait: int, *, limit: int, observed: int, reset: int) -> Refusal:
    headers = {
        "RateLimit-Name": "throttle_authenticated_api",
        "RateLimit-Limit": str(limit),
        "RateLimit-Observed": str(observed),
        "RateLimit-Remaining": "0",
        "RateLimit-Reset": str(reset),
        "Retry-After": str(max(1, wait)),
    }
    return Refusal(HTTPStatus.TOO_MANY_REQUESTS, "Retry later\n", headers=headers)
