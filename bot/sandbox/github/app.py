"""The Flask application: one view for the API's table, one for Git; every answer with GitHub's headers."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from typing import Any

import flask
import orjson

from bot.sandbox.forge.faults import Fault, Injected
from bot.sandbox.forge.serving import hang_up, recorded
from bot.sandbox.github import githttp, registering
from bot.sandbox.github.access import authenticate, check
from bot.sandbox.github.http import Actor, Answer, Call, Refusal, Route, not_found
from bot.sandbox.github.limits import Allowance
from bot.sandbox.github.routes import ROUTES
from bot.sandbox.github.state import World

_ROOT = "/api/v3"
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_LATEST_VERSION = "2026-03-10"
_VERSIONS = ("2022-11-28", _LATEST_VERSION)
_WRITE_POINTS = 5
_REMOVED = frozenset({"merge_commit_sha", "assignee", "rate"})
"""Fields that answers of the newest API version no longer have."""
_SLASHED = frozenset({"ref", "branch", "basehead", "path", "name"})
"""Parts of a path that may hold slashes."""


def create_app(world: World) -> flask.Flask:
    """Return the application that serves `world`."""
    app = flask.Flask("foresail-github", static_folder=None)
    app.url_map.merge_slashes = False
    for route in ROUTES:
        view = partial(_serve, world, route)
        name = f"{route.method} {route.template}"
        rule = _ROOT + re.sub(r"\{(\w+)\}", _variable, route.template)
        app.add_url_rule(rule, name, view, methods=[route.method], provide_automatic_options=False)
        if rule.endswith("<path:path>"):
            bare = rule.removesuffix("<path:path>")
            app.add_url_rule(bare, f"{name} (root)", view, methods=[route.method], provide_automatic_options=False)
    unknown = Route("", "", _unknown)
    app.add_url_rule(f"{_ROOT}/<path:path>", "unknown", partial(_serve, world, unknown), methods=_METHODS)
    for rule in ("/settings/apps/new", "/organizations/<owner>/settings/apps/new"):
        app.add_url_rule(rule, rule, partial(_register, world), methods=["POST"])
    app.add_url_rule("/<owner>/<name>.git/<path:service>", "git", partial(_serve_git, world), methods=["GET", "POST"])
    return app


def _variable(match: re.Match[str]) -> str:
    name = match.group(1)
    return f"<path:{name}>" if name in _SLASHED else f"<{name}>"


def _unknown(_call: Call) -> Answer:
    raise not_found()


def _register(world: World, owner: str = "somebody") -> flask.Response:
    text, state = flask.request.form.get("manifest", ""), flask.request.args.get("state", "")
    status, answer = registering.register(world, text, owner=owner, state=state)
    if status is HTTPStatus.FOUND:
        return flask.Response(status=status, headers={"Location": answer})
    return flask.Response(answer, status, content_type="text/plain; charset=utf-8")


def _serve_git(world: World, *, owner: str, name: str, service: str) -> flask.Response:
    fault = world.faults.take(flask.request.method, flask.request.path)
    if fault is not None and fault.kind is Fault.DELAY:
        fault.delay()
    elif fault is not None and fault.kind is Fault.DROP_CONNECTION:
        return hang_up()
    elif fault is not None and fault.kind is not Fault.LOSE_ANSWER:
        return flask.Response("Internal Server Error\n", HTTPStatus.INTERNAL_SERVER_ERROR)
    response = githttp.serve(world, f"{owner}/{name}", service=service)
    if fault is not None and fault.kind is Fault.LOSE_ANSWER:
        response.get_data()  # what git has to say is read to its end, and git with it
        return hang_up()
    return response


def _serve(world: World, route: Route, **params: str) -> flask.Response:
    request = flask.request
    path = request.path.removeprefix(_ROOT)
    fault = world.faults.take(request.method, path)
    if fault is not None and fault.kind is Fault.DROP_CONNECTION:
        return hang_up()
    if fault is not None and fault.kind is Fault.DELAY:
        fault.delay()
    with world.lock:
        answer = _finish(world, route, _answer(world, route, params=params, fault=fault))
        said = recorded(route.template, path, status=int(answer.status), answer=answer.body, headers=answer.headers)
        world.exchanges.add(said)
    if fault is not None and fault.kind is Fault.LOSE_ANSWER:
        return hang_up()
    content = b"" if answer.body is None else orjson.dumps(answer.body)
    return flask.Response(content, answer.status, dict(answer.headers), content_type="application/json; charset=utf-8")


def _answer(world: World, route: Route, *, params: Mapping[str, str], fault: Injected | None) -> Answer:
    """Authenticate, count, check and handle a request; a refusal becomes its answer."""
    headers: dict[str, str] = {}
    try:
        actor = authenticate(world, flask.request.headers.get("Authorization"))
        allowance = world.limits.count(actor.name, now=world.clock.now(), cost=_cost(route))
        headers |= _rate_headers(allowance)
        _refuse_excess(world, route, actor=actor, allowance=allowance)
        _refuse_fault(fault)
        call = _call(world, actor, params)
        check(actor, route, call.target)
        answer = route.handler(call)
        return Answer(answer.body, answer.status, {**headers, **answer.headers})
    except Refusal as refusal:
        return Answer(refusal.body(), refusal.status, {**headers, **refusal.headers})


def _call(world: World, actor: Actor, params: Mapping[str, str]) -> Call:
    request = flask.request
    target = None
    if "repo" in params:
        target = world.repository(f"{params['owner']}/{params['repo']}")
        if target is None:
            raise not_found()
    return Call(
        world=world,
        actor=actor,
        path=request.path.removeprefix(_ROOT),
        params=params,
        query=request.args.to_dict(),
        json=_json(request.get_data()),
        target=target,
    )


def _json(body: bytes) -> Any:
    if not body:
        return None
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Refusal(HTTPStatus.BAD_REQUEST, "Problems parsing JSON") from error


def _cost(route: Route) -> int:
    return 0 if route.template == "/rate_limit" else 1


def _refuse_excess(world: World, route: Route, *, actor: Actor, allowance: Allowance) -> None:
    if allowance.exceeded:
        message = f"API rate limit exceeded for {actor.name}."
        raise Refusal(HTTPStatus.FORBIDDEN, message)
    points = 1 if route.method == "GET" else _WRITE_POINTS
    wait = world.limits.seconds_until(actor.name, now=world.clock.now(), points=points, content=route.creates_content)
    if wait > 0:
        raise _secondary_limit(wait)


def _refuse_fault(fault: Injected | None) -> None:
    if fault is None:
        return
    if fault.kind is Fault.ERROR:
        raise Refusal(HTTPStatus.INTERNAL_SERVER_ERROR, "Server Error")
    if fault.kind is Fault.SECONDARY_LIMIT:
        raise _secondary_limit(fault.seconds)


def _secondary_limit(seconds: float) -> Refusal:
    message = (
        "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. "
        "If you reach out to GitHub Support for help, please include the request ID."
    )
    return Refusal(HTTPStatus.FORBIDDEN, message, headers={"Retry-After": str(max(1, round(seconds)))})


def _rate_headers(allowance: Allowance) -> dict[str, str]:
    return {
        "X-RateLimit-Limit": str(allowance.limit),
        "X-RateLimit-Remaining": str(allowance.remaining),
        "X-RateLimit-Used": str(allowance.used),
        "X-RateLimit-Reset": str(allowance.reset),
        "X-RateLimit-Resource": "core",
    }


def _finish(world: World, route: Route, answer: Answer) -> Answer:
    """Add what every answer has; one the caller knows already becomes 304, which costs nothing."""
    request = flask.request
    version = request.headers.get("X-GitHub-Api-Version", _VERSIONS[0])
    body = _without(answer.body, _REMOVED) if version == _LATEST_VERSION else answer.body
    headers = {
        **answer.headers,
        "X-GitHub-Request-Id": uuid.uuid4().hex.upper(),
        "X-GitHub-Media-Type": "github.v3; format=json",
        "X-GitHub-Api-Version-Selected": version,
    }
    if route.needs:
        headers["X-Accepted-GitHub-Permissions"] = "; ".join(need.replace(":", "=") for need in route.needs)
    if request.method != "GET" or answer.status is not HTTPStatus.OK:
        return Answer(body, answer.status, headers)
    digest = hashlib.sha256(orjson.dumps(body)).hexdigest()
    headers["ETag"] = f'W/"{digest}"'
    if digest in request.headers.get("If-None-Match", ""):
        actor = authenticate(world, request.headers.get("Authorization"))
        world.limits.count(actor.name, now=world.clock.now(), cost=-_cost(route))
        return Answer(None, HTTPStatus.NOT_MODIFIED, headers)
    return Answer(body, answer.status, headers)


def _without(body: Any, names: frozenset[str]) -> Any:
    if isinstance(body, dict):
        return {name: _without(value, names) for name, value in body.items() if name not in names}
    return [_without(item, names) for item in body] if isinstance(body, list) else body
