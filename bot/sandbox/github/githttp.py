"""Git over HTTP: `git http-backend` itself, behind the stand-in's tokens and permissions.

https://git-scm.com/docs/git-http-backend
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import IO

import flask

from bot.sandbox.github import branches
from bot.sandbox.github.access import allowed, authenticate, visible
from bot.sandbox.github.http import Actor, Refusal
from bot.sandbox.github.repositories import BareRepository
from bot.sandbox.github.state import Repository, World

_SERVICES = ("info/refs", "git-upload-pack", "git-receive-pack")
_LONGEST_SECONDS = 120.0
_CHUNK = 65_536


def serve(world: World, full_name: str, *, service: str) -> flask.Response:
    """Answer one request of the smart HTTP protocol."""
    request = flask.request
    wanted = request.args.get("service", "") if service == "info/refs" else service
    writing = wanted == "git-receive-pack"
    try:
        with world.lock:
            actor = authenticate(world, request.headers.get("Authorization"))
            repository = _find(world, full_name, actor=actor, need=f"contents:{'write' if writing else 'read'}")
    except Refusal as refusal:
        return _refused(refusal)
    if service not in _SERVICES or not wanted.startswith("git-"):
        return flask.Response("Please upgrade your git client.\n", HTTPStatus.FORBIDDEN)
    environment = _environment(repository, service=service, user=actor.name)
    body = tempfile.TemporaryFile()  # noqa: SIM115 - the child, and then the stream, close it
    shutil.copyfileobj(request.stream, body)
    body.seek(0)
    if writing and service != "info/refs":
        return _receive(world, repository, actor=actor, body=body, environment=environment)
    return _stream(body, environment)


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


def _refused(refusal: Refusal) -> flask.Response:
    headers = {"WWW-Authenticate": 'Basic realm="GitHub"'} if refusal.status is HTTPStatus.UNAUTHORIZED else {}
    return flask.Response(f"{refusal.message}\n", refusal.status, headers, content_type="text/plain")


def _environment(repository: Repository, *, service: str, user: str) -> dict[str, str]:
    request = flask.request
    given = {
        "CONTENT_TYPE": request.content_type,
        "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding"),
        "GIT_PROTOCOL": request.headers.get("Git-Protocol"),
    }
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "GIT_PROJECT_ROOT": str(repository.path.parent),
        "GIT_HTTP_EXPORT_ALL": "1",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "PATH_INFO": f"/{repository.path.name}/{service}",
        "QUERY_STRING": request.query_string.decode(),
        "REQUEST_METHOD": request.method,
        "REMOTE_USER": user,
        "REMOTE_ADDR": request.remote_addr or "",
        **{name: value for name, value in given.items() if value},
    }


def _start(body: IO[bytes], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["git", "http-backend"],  # noqa: S607 - the git the person installed
        stdin=body,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=dict(environment),
    )


def _receive(
    world: World, repository: Repository, *, actor: Actor, body: IO[bytes], environment: Mapping[str, str]
) -> flask.Response:
    with world.lock, body:
        before = BareRepository(repository.path).refs()
        process = _start(body, environment)
        try:
            output, _ = process.communicate(timeout=_LONGEST_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return flask.Response(status=HTTPStatus.GATEWAY_TIMEOUT)
        if actor.account is not None:
            branches.follow(world, repository, before=before, sender=actor.account)
    head, _, content = output.partition(b"\r\n\r\n")
    status, headers = _parse_head(head.split(b"\r\n"))
    return flask.Response(content, status, headers)


def _stream(body: IO[bytes], environment: Mapping[str, str]) -> flask.Response:
    process = _start(body, environment)
    output = process.stdout
    if output is None:
        raise AssertionError("the child was started with a pipe")
    lines = list(iter(lambda: output.readline().rstrip(b"\r\n"), b""))
    status, headers = _parse_head(lines)
    return flask.Response(_chunks(process, output, body), status, headers)


def _chunks(process: subprocess.Popen[bytes], output: IO[bytes], body: IO[bytes]) -> Iterator[bytes]:
    limit = threading.Timer(_LONGEST_SECONDS, process.kill)
    limit.daemon = True
    limit.start()
    try:
        while chunk := output.read(_CHUNK):
            yield chunk
    finally:
        limit.cancel()
        process.kill()
        process.wait()
        output.close()
        body.close()


def _parse_head(lines: list[bytes]) -> tuple[int, dict[str, str]]:
    headers = dict(line.decode("latin-1").split(": ", 1) for line in lines if b": " in line)
    status = headers.pop("Status", "200 OK")
    return int(status.split(" ", 1)[0]), headers
