"""Git over HTTP: `git http-backend` itself, behind whatever a stand-in lets somebody do.

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
from pathlib import Path
from typing import IO

import flask

_SERVICES = ("info/refs", "git-upload-pack", "git-receive-pack")
_LONGEST_SECONDS = 120.0
_CHUNK = 65_536


def is_write(service: str) -> bool:
    """Whether the request at hand, for `service`, begins or carries out a push."""
    wanted = flask.request.args.get("service", "") if service == "info/refs" else service
    return wanted == "git-receive-pack"


def is_push(service: str) -> bool:
    """Whether the request at hand changes refs."""
    return service == "git-receive-pack"


def serve(repository: Path, *, service: str, user: str) -> flask.Response:
    """Answer one request of the smart HTTP protocol; a push is done when this returns."""
    request = flask.request
    if service not in _SERVICES or (service == "info/refs" and not request.args.get("service", "").startswith("git-")):
        return flask.Response("Please upgrade your git client.\n", HTTPStatus.FORBIDDEN)
    environment = _environment(repository, service=service, user=user)
    body = tempfile.TemporaryFile()  # noqa: SIM115 - the child, and then the stream, close it
    shutil.copyfileobj(request.stream, body)
    body.seek(0)
    return _receive(body, environment) if is_push(service) else _stream(body, environment)


def refused(message: str, status: HTTPStatus, *, realm: str) -> flask.Response:
    """Say no as git shows it to people, and ask for a password where that may help."""
    headers = {"WWW-Authenticate": f'Basic realm="{realm}"'} if status is HTTPStatus.UNAUTHORIZED else {}
    return flask.Response(f"{message}\n", status, headers, content_type="text/plain")


def _environment(repository: Path, *, service: str, user: str) -> dict[str, str]:
    request = flask.request
    given = {
        "CONTENT_TYPE": request.content_type,
        "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding"),
        "GIT_PROTOCOL": request.headers.get("Git-Protocol"),
    }
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "GIT_PROJECT_ROOT": str(repository.parent),
        "GIT_HTTP_EXPORT_ALL": "1",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "PATH_INFO": f"/{repository.name}/{service}",
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


def _receive(body: IO[bytes], environment: Mapping[str, str]) -> flask.Response:
    with body:
        process = _start(body, environment)
        try:
            output, _ = process.communicate(timeout=_LONGEST_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return flask.Response(status=HTTPStatus.GATEWAY_TIMEOUT)
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
