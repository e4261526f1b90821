"""A GitHub with one repository and the App installed on it, Foresail's client, and a server that answers anything."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import TypeAlias

import pytest
from pydantic import SecretStr

from bot.forges.github import EVENTS, PERMISSIONS
from bot.forges.github.client import GitHub
from bot.model.changes import Repository
from bot.sandbox.github.people import HostedRepository
from bot.sandbox.github.server import GitHubStandIn
from bot.sandbox.github.state import App, Installation
from bot.settings import Settings
from tests.contract.schema import assert_exchanges_conform

Connect: TypeAlias = Callable[..., GitHub]


@pytest.fixture
def github(tmp_path: Path) -> Iterator[GitHubStandIn]:
    """Everything sent and answered is held against GitHub's published schema when the test is done."""
    with GitHubStandIn.start(tmp_path / "github") as stand_in:
        yield stand_in
        assert_exchanges_conform(stand_in.requests)


@pytest.fixture
def stand_in(github: GitHubStandIn) -> GitHubStandIn:
    return github


@pytest.fixture
def app(github: GitHubStandIn) -> App:
    return github.create_app("Foresail", permissions=PERMISSIONS, events=EVENTS)


@pytest.fixture
def shop(github: GitHubStandIn) -> HostedRepository:
    return github.create_repository("acme/shop", files={"app.yaml": "replicas: 1\n"})


@pytest.fixture
def number(shop: HostedRepository) -> int:
    shop.push("feature", {"app.yaml": "replicas: 2\n"})
    return shop.open_pull_request("feature", title="Scale", user="alice").number


@pytest.fixture
def installation(github: GitHubStandIn, app: App, shop: HostedRepository) -> Installation:
    return github.install(app, owner="acme", repositories=[shop.full_name])


@pytest.fixture
def settings(github: GitHubStandIn, app: App) -> Settings:
    key = SecretStr(app.private_key_pem)
    return Settings(github_url=github.url, github_app_id=app.id, github_app_private_key=key, forge_timeout=5)


@pytest.fixture
def connect(github: GitHubStandIn) -> Connect:
    def build(settings: Settings, **changed: object) -> GitHub:
        return GitHub.from_settings(settings.model_copy(update=changed), clock=github.clock.now)

    return build


@pytest.fixture
def forge(connect: Connect, settings: Settings) -> GitHub:
    return connect(settings)


@pytest.fixture
def repository(shop: HostedRepository, installation: Installation) -> Repository:
    return Repository(shop.full_name, shop.clone_url, installation.id)


@dataclass(frozen=True, slots=True)
class Said:
    """One answer of the server that answers anything."""

    status: int
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Parrot:
    """A server that says what it was told to, and remembers what it was asked."""

    url: str = ""
    answers: list[Said] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def say(self, status: int, body: str = "", **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers.append(Said(status, body, named))


@pytest.fixture
def parrot() -> Iterator[Parrot]:
    parrot = Parrot()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parrot.asked.append(f"{self.command} {self.path}")
            said = parrot.answers.pop(0)
            self.send_response(said.status)
            for name, value in {**said.headers, "Content-Length": str(len(said.body.encode()))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said.body.encode())

        def __getattr__(self, name: str) -> Callable[[], None]:
            if name.startswith("do_"):
                return self.handle_any
            raise AttributeError(name)

        def log_message(self, *_args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    parrot.url = f"http://127.0.0.1:{server.server_port}"
    yield parrot
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def stranger(parrot: Parrot) -> GitHub:
    """Foresail in front of the server that answers anything, as a person."""
    settings = Settings(github_url=parrot.url, github_token=SecretStr("ghp_stranger"), forge_timeout=5)
    return GitHub.from_settings(settings, clock=lambda: 1_000_000.0)


def writes_to(github: GitHubStandIn) -> list[str]:
    """Return the requests that changed a repository's conversation or statuses, oldest first."""
    return [
        f"{one.method} {one.path}"
        for one in github.requests
        if one.method != "GET" and one.path.startswith("/repos/") and one.status < HTTPStatus.BAD_REQUEST
    ]
