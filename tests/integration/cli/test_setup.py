"""`foresail setup github`: from the page on this machine to GitHub and back, as a browser goes."""

from __future__ import annotations

import json
import re
import stat
import subprocess
import sys
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import pytest
import requests
from github import Auth, GithubIntegration

from bot.forges.github import EVENTS, PERMISSIONS
from bot.sandbox.forge.faults import Fault
from bot.sandbox.github.server import GitHubStandIn
from bot.sandbox.installation import ROOT
from bot.sandbox.processes import Process
from bot.sandbox.toolchain import Programs
from bot.settings import Settings

Found = TypeVar("Found")

OWN = "https://foresail.example.com"
PATIENCE = 60.0


class Form(HTMLParser):
    """The first form of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action, self.fields = "", dict[str, str]()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action = found["action"]
        if tag == "input":
            self.fields[found["name"]] = found["value"]


@dataclass
class Desk:
    """The command while it waits for somebody."""

    process: Process
    folder: Path

    @property
    def url(self) -> str:
        """Where its page is, once it says so."""
        found = self.wait(lambda: re.search(r"http://127\.0\.0\.1:\d+/", self.process.tail()))
        return found.group(0)

    def click(self) -> str:
        """Press the button, confirm on GitHub, and return where that sends the browser."""
        form = Form(requests.get(self.url, timeout=PATIENCE).text)
        answer = requests.post(form.action, form.fields, timeout=PATIENCE, allow_redirects=False)
        return answer.headers["Location"]

    def wait(self, what: Callable[[], Found | None]) -> Found:
        """Return what there is in the end."""
        end = time.monotonic() + PATIENCE
        while not (found := what()):
            assert time.monotonic() < end, self.process.tail()
            time.sleep(0.02)
        return found

    @property
    def files(self) -> list[str]:
        """What has been written."""
        return sorted(path.name for path in self.folder.iterdir())


@pytest.fixture
def github(tmp_path: Path) -> Iterator[GitHubStandIn]:
    with GitHubStandIn.start(tmp_path / "github") as found:
        yield found


@pytest.fixture
def start(github: GitHubStandIn, tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    """Return what starts the command, with further options."""
    folder, started = tmp_path / "out", list[Process]()
    folder.mkdir()
    options = ["--url", OWN, "--github", github.site, "--organization", "acme", "--no-browser", "-o", str(folder)]

    def begin(*more: str) -> Desk:
        command = [sys.executable, "-m", "bot.cli.main", "setup", "github", *options, *more]
        log = tmp_path / "setup.log"
        started.append(Process.start(command, log=log, env={"PYTHONPATH": str(ROOT)}, cwd=tmp_path))
        return Desk(started[-1], folder)

    yield begin
    for one in started:
        one.stop()


def test_two_clicks_make_an_app_whose_credentials_work(start: Callable[..., Desk], github: GitHubStandIn) -> None:
    desk = start()

    told = requests.get(desk.click(), timeout=PATIENCE)

    desk.wait(lambda: not desk.process.running)
    assert desk.process.exit_status == 0
    assert "Install it" in told.text
    assert desk.files == ["foresail-github.env", "foresail-github.pem"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in desk.folder.iterdir()} == {0o600}
    lines = (desk.folder / "foresail-github.env").read_text().splitlines()
    settings = Settings.from_environment(dict(line.split("=", 1) for line in lines))
    app = GithubIntegration(auth=Auth.AppAuth(settings.github_app_id or 0, settings.private_key), base_url=github.url)
    made = app.get_app()
    assert (made.name, made.permissions, tuple(made.events)) == ("Foresail", dict(PERMISSIONS), EVENTS)
    assert f"{made.html_url}/installations/new" in desk.process.tail()
    assert settings.private_key not in desk.process.tail() + told.text
    assert all(secret not in desk.process.tail() + told.text for secret in settings.webhook_secrets)


def test_the_command_that_keeps_the_credentials_in_a_cluster_is_one(
    start: Callable[..., Desk], programs: Programs
) -> None:
    desk = start()
    requests.get(desk.click(), timeout=PATIENCE)
    desk.wait(lambda: not desk.process.running)

    command = desk.process.tail().partition("or keep them in the cluster:\n")[2].strip()
    environment = {"PATH": f"{programs.kubectl.parent}:/usr/bin:/bin"}
    made = subprocess.run(
        ["sh", "-c", f"{command} --dry-run=client -o json"],
        env=environment,
        capture_output=True,
        check=True,
        timeout=60,
    )
    data = json.loads(made.stdout)["data"]
    settings = Settings.from_environment({name: b64decode(value).decode() for name, value in data.items()})
    assert settings.github_app_id
    assert settings.private_key.startswith("-----BEGIN")
    assert settings.webhook_secrets


def test_only_who_asks_for_it_gets_an_app_that_may_write(start: Callable[..., Desk], github: GitHubStandIn) -> None:
    desk = start("--updates")
    requests.get(desk.click(), timeout=PATIENCE)
    desk.wait(lambda: not desk.process.running)
    lines = (desk.folder / "foresail-github.env").read_text().splitlines()
    settings = Settings.from_environment(dict(line.split("=", 1) for line in lines))
    app = GithubIntegration(auth=Auth.AppAuth(settings.github_app_id or 0, settings.private_key), base_url=github.url)
    assert app.get_app().permissions == {**PERMISSIONS, "contents": "write"}


def test_an_answer_to_another_question_is_refused(start: Callable[..., Desk]) -> None:
    desk = start()
    there = urlsplit(desk.click())

    answer = requests.get(f"{desk.url}registered?code=0123&state=mine", timeout=PATIENCE)

    assert (answer.status_code, desk.process.running) == (403, True)
    assert requests.get(there.geturl(), timeout=PATIENCE).status_code == 200


def test_a_page_that_goes_by_another_name_gets_nothing(start: Callable[..., Desk]) -> None:
    desk = start()
    answer = requests.get(desk.url, headers={"Host": "evil.example.com"}, timeout=PATIENCE)
    assert (answer.status_code, answer.text) == (421, "")


def test_while_github_is_away_the_page_can_be_loaded_again(start: Callable[..., Desk], github: GitHubStandIn) -> None:
    desk = start()
    back = desk.click()
    github.faults.add("POST /app-manifests/*", kind=Fault.DROP_CONNECTION)

    first = requests.get(back, timeout=PATIENCE)

    assert (first.status_code, "Reload this page" in first.text) == (502, True)
    assert requests.get(back, timeout=PATIENCE).status_code == 200
    desk.wait(lambda: not desk.process.running)
    assert desk.process.exit_status == 0


def test_what_is_in_the_way_is_neither_overwritten_nor_asked_about(start: Callable[..., Desk], tmp_path: Path) -> None:
    (tmp_path / "out" / "foresail-github.pem").write_text("the old key")
    desk = start()
    desk.wait(lambda: not desk.process.running)
    assert desk.process.exit_status == 1
    assert "foresail-github.pem is there already" in desk.process.tail()
    assert desk.files == ["foresail-github.pem"]
    assert (tmp_path / "out" / "foresail-github.pem").read_text() == "the old key"


def test_when_nobody_comes_back_nothing_is_left(start: Callable[..., Desk]) -> None:
    desk = start("--timeout", "1")
    desk.wait(lambda: not desk.process.running)
    assert desk.process.exit_status == 1
    assert "nobody came back from GitHub" in desk.process.tail()
    assert desk.files == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--url", "foresail.example.com"], "--url"),
        (["--github", "https://user:word@ghe.example.com"], "--github"),
        (["--name", "a" * 35], "--name has 35 characters"),
        (["--organization", "acme/shop"], "--organization"),
        (["--port", "70000"], "--port"),
    ],
)
def test_what_github_would_not_take_is_refused_at_once(
    start: Callable[..., Desk], options: list[str], words: str
) -> None:
    desk = start(*options)
    desk.wait(lambda: not desk.process.running)
    assert desk.process.exit_status == 1
    assert words in desk.process.tail()
    assert desk.files == []
