"""A page on this machine that takes somebody to GitHub and back with an App, and the files for its credentials."""

from __future__ import annotations

import hmac
import html
import os
import secrets
import shlex
import sys
import threading
import webbrowser
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooLateError
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import parse_qs, urlsplit

import orjson

from bot.cli.outcome import ExitCode
from bot.errors import ForesailError, Rejected, Temporary
from bot.forges.github.registering import Registered, Registration
from bot.settings import PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any

ENVIRONMENT: Final = "foresail-github.env"
KEY: Final = "foresail-github.pem"
_BACK: Final = "/registered"
_TIMEOUT: Final = 30.0
"""Seconds for one answer of GitHub's, and for one request of a browser."""
_STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:42rem;margin:4rem auto;padding:0 1rem;color:#1f2328}"
    "h1{font-size:1.5rem}table{border-collapse:collapse;margin:1rem 0}"
    "td,th{text-align:left;padding:.25rem 1.5rem .25rem 0}"
    "code{background:#eff1f3;padding:.1rem .3rem;border-radius:4px}"
    "button,a.go{font:inherit;background:#1f883d;color:#fff;border:0;border-radius:6px;padding:.6rem 1.2rem;"
    "cursor:pointer;text-decoration:none;display:inline-block}.bad{color:#b42318}"
)
_HEADERS: Final = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def register(registration: Registration, *, folder: Path, port: int, browser: bool, patience: float) -> int:
    """Take somebody through the registration; Rejected when files are in the way or nobody clicks in time."""
    with _files(folder) as files, _Desk(registration, files, port) as desk:
        sys.stderr.write(f"Open {desk.url} in a browser on this machine, and follow it.\n")
        if browser:
            webbrowser.open(desk.url)
        try:
            made = desk.made.result(timeout=patience)
        except TooLateError:
            raise Rejected(
                f"nobody came back from GitHub within {patience:g} s; nothing was registered here",
                remedy="Start it again, and open the page that it names on this machine.",
            ) from None
    sys.stdout.write(_told(made, files))
    return ExitCode.NOTHING


def _told(made: Registered, files: _Files) -> str:
    settings, key = (shlex.quote(str(path.absolute())) for path in (files.environment, files.key))
    kept = "".join(
        f'       --from-literal={PREFIX}{name}="${PREFIX}{name}" \\\n'
        for name in ("GITHUB_APP_ID", "GITHUB_WEBHOOK_SECRET")
    )
    return (
        f"Registered the App {made.name}: {made.page}\n"
        f"Its credentials: {files.environment} and {files.key}\n"
        "Next\n"
        f"  1. install it on your repositories: {made.installing}\n"
        f"  2. start Foresail with these settings: set -a; . {settings}; set +a\n"
        f"     or keep them in the cluster:\n"
        f"     . {settings}; kubectl create secret generic foresail-github --namespace foresail \\\n"
        f"{kept}       --from-file={PREFIX}GITHUB_APP_PRIVATE_KEY={key}\n"
    )


@dataclass(frozen=True, slots=True)
class _Files:
    """Two new files, readable by their owner alone; there before anything is asked, so that nothing can be lost."""

    environment: Path
    key: Path

    def fill(self, made: Registered) -> None:
        lines = {
            "GITHUB_APP_ID": str(made.id),
            "GITHUB_APP_PRIVATE_KEY_FILE": str(self.key.absolute()),
            "GITHUB_WEBHOOK_SECRET": made.webhook_secret,
        }
        self.key.write_text(made.private_key, encoding="ascii")
        text = "".join(f"{PREFIX}{name}={shlex.quote(value)}\n" for name, value in lines.items())
        self.environment.write_text(text, encoding="utf-8")


@contextmanager
def _files(folder: Path) -> Iterator[_Files]:
    """Make the files; those that stay empty are removed."""
    made = _Files(folder / ENVIRONMENT, folder / KEY)
    with ExitStack() as stack:
        for path in (made.environment, made.key):
            try:
                os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            except FileExistsError:
                raise Rejected(f"{path} is there already: move it away, or name another folder with --output") from None
            except OSError as error:
                raise Rejected(f"{path} cannot be written: {error.strerror}") from error
            stack.callback(_remove_if_empty, path)
        yield made


def _remove_if_empty(path: Path) -> None:
    if path.exists() and not path.stat().st_size:
        path.unlink()


class _Desk:
    """The page, on the loopback interface only; a context manager."""

    def __init__(self, registration: Registration, files: _Files, port: int) -> None:
        self.registration = registration
        self.state = secrets.token_urlsafe(24)
        self.made: Future[Registered] = Future()
        self._files = files
        self._exchanging = threading.Lock()
        try:
            self._server = _Server(("127.0.0.1", port), _Handler)
        except OSError as error:
            raise Rejected(f"port {port} of this machine cannot be had: {error.strerror}") from error
        self._server.desk = self
        self.hosts = {f"{name}:{self._server.server_port}" for name in ("127.0.0.1", "localhost")}
        self.url = f"http://127.0.0.1:{self._server.server_port}/"

    def __enter__(self) -> Self:
        """Serve from a thread."""
        threading.Thread(target=self._server.serve_forever, name="setup", daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()

    def exchange(self, code: str) -> Registered:
        """Exchange a code for the App and keep its credentials, once, however often the browser asks."""
        with self._exchanging:
            if not self.made.done():
                made = self.registration.exchange(code, timeout=_TIMEOUT)
                self._files.fill(made)
                self.made.set_result(made)
            return self.made.result()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    desk: _Desk


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = _TIMEOUT
    server_version = "foresail"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer with the page that leads to GitHub, or with what came of it."""
        desk = self.server.desk
        if self.headers.get("Host") not in desk.hosts:  # a name that only leads here: somebody else's page asks
            self._answer(HTTPStatus.MISDIRECTED_REQUEST, "")
            return
        parts = urlsplit(self.path)
        match parts.path:
            case "/":
                self._answer(
                    HTTPStatus.OK, _start(desk.registration, desk.state, back=f"{desk.url.rstrip('/')}{_BACK}")
                )
            case "/registered":
                self._back(desk, parse_qs(parts.query))
            case _:
                self._answer(HTTPStatus.NOT_FOUND, "")

    def _back(self, desk: _Desk, query: dict[str, list[str]]) -> None:
        code, state = (query.get(name, [""])[0] for name in ("code", "state"))
        if not hmac.compare_digest(state.encode(), desk.state.encode()):
            self._answer(HTTPStatus.FORBIDDEN, _failed("This is not the answer to what was asked here.", again=True))
            return
        try:
            made = desk.exchange(code)
        except Temporary as error:
            self._answer(HTTPStatus.BAD_GATEWAY, _failed(f"{error.message}. Reload this page to try again."))
        except ForesailError as error:
            self._answer(HTTPStatus.BAD_REQUEST, _failed(str(error), again=True))
        except OSError as error:
            words = f"The App is registered, but its credentials could not be written: {error.strerror}."
            self._answer(HTTPStatus.INTERNAL_SERVER_ERROR, _failed(f"{words} Delete it on GitHub and begin anew."))
        else:
            self._answer(HTTPStatus.OK, _done(made))

    def _answer(self, status: HTTPStatus, body: str) -> None:
        content = body.encode()
        self.send_response(status)
        for name, value in {**_HEADERS, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_words: Any) -> None:
        """Say nothing: a request's line holds the code."""


def _page(title: str, body: str) -> str:
    head = f'<meta charset="utf-8"><title>{html.escape(title)}</title><style>{_STYLE}</style>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body><h1>{html.escape(title)}</h1>{body}</body></html>'


def _start(registration: Registration, state: str, *, back: str) -> str:
    manifest = registration.manifest(back=back)
    asked = manifest["default_permissions"].items()
    rows = "".join(f"<tr><td><code>{html.escape(name)}</code></td><td>{level}</td></tr>" for name, level in asked)
    events = ", ".join(f"<code>{html.escape(name)}</code>" for name in manifest["default_events"])
    owner = registration.organization or "your account"
    return _page(
        f"Register {registration.name} on GitHub",
        f"<p>It becomes an App of <b>{html.escape(owner)}</b> on {html.escape(registration.site)}, visible to nobody "
        f"else. GitHub shows you the same once more and asks you to confirm.</p>"
        f"<table><tr><th>permission</th><th>level</th></tr>{rows}</table>"
        f"<p>Events: {events}, to <code>{html.escape(manifest['hook_attributes']['url'])}</code></p>"
        f'<form method="post" action="{html.escape(registration.form(state))}">'
        f'<input type="hidden" name="manifest" value="{html.escape(orjson.dumps(manifest).decode())}">'
        f"<button>Create the App on GitHub</button></form>",
    )


def _done(made: Registered) -> str:
    return _page(
        f"{made.name} is registered",
        "<p>Its credentials are in the files that the terminal names. What is left is to choose the repositories that "
        f'it may see.</p><p><a class="go" href="{html.escape(made.installing)}">Install it</a></p>',
    )


def _failed(words: str, *, again: bool = False) -> str:
    link = '<p><a href="/">Begin anew</a></p>' if again else ""
    return _page("Nothing was registered", f'<p class="bad">{html.escape(words)}</p>{link}')
