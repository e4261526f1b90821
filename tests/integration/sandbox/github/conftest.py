"""A stand-in with one repository, an App installed on it, and somebody who receives its webhooks."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import TypeAlias

import pytest
from github import Auth, Github
from github.Repository import Repository

from bot.sandbox.github.people import HostedRepository
from bot.sandbox.github.server import GitHubStandIn
from bot.sandbox.github.state import App, Installation

PERMISSIONS = {
    "metadata": "read",
    "contents": "write",
    "pull_requests": "write",
    "statuses": "write",
    "checks": "write",
    "deployments": "write",
}
EVENTS = ("pull_request", "push", "issue_comment", "check_run", "check_suite", "merge_group")

Client: TypeAlias = Callable[..., Github]


@dataclass(frozen=True, slots=True)
class Received:
    """A webhook as it arrived."""

    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Inbox:
    """Whoever receives webhooks."""

    url: str = ""
    answer: int = HTTPStatus.ACCEPTED
    received: list[Received] = field(default_factory=list)

    def events(self) -> list[str]:
        return [one.headers["x-github-event"] for one in self.received]


@pytest.fixture
def github(tmp_path: Path) -> Iterator[GitHubStandIn]:
    with GitHubStandIn.start(tmp_path / "github") as stand_in:
        yield stand_in


@pytest.fixture
def shop(github: GitHubStandIn) -> HostedRepository:
    return github.create_repository("acme/shop", files={"app.yaml": "replicas: 1\n", "docs/a.md": "text\n" * 9})


@pytest.fixture
def app(github: GitHubStandIn) -> App:
    return github.create_app("Foresail", permissions=PERMISSIONS, events=EVENTS)


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    box = Inbox()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            box.received.append(Received({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(box.answer)
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    box.url = f"http://127.0.0.1:{server.server_port}/webhooks/github"
    yield box
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def installation(github: GitHubStandIn, app: App, shop: HostedRepository, inbox: Inbox) -> Installation:
    return github.install(app, owner="acme", repositories=[shop.full_name], webhook_url=inbox.url)


@pytest.fixture
def client(github: GitHubStandIn) -> Client:
    def connect(auth: Auth.Auth | None) -> Github:
        return Github(auth=auth, base_url=github.url, seconds_between_requests=0, seconds_between_writes=0, retry=None)

    return connect


@pytest.fixture
def bot(client: Client, app: App, installation: Installation) -> Github:
    auth = Auth.AppAuth(app.id, app.private_key_pem)
    return client(auth.get_installation_auth(installation.id, token_permissions=PERMISSIONS))


@pytest.fixture
def remote(bot: Github) -> Repository:
    return bot.get_repo("acme/shop")
