"""Git goes where the guard lets it: attacks by whoever may write a URL into an Application or into `.gitmodules`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.errors import Rejected, Temporary
from bot.model.credentials import Credentials
from bot.repository.fetching import Client
from bot.repository.guard import Allowed
from bot.repository.mirrors import Mirrors
from tests.integration.loopback import LOOPBACK
from tests.integration.repository.charts.servers import WebServer, redirect
from tests.integration.repository.conftest import Fixed
from tests.integration.repository.servers import http_site, ssh_site

VOUCHED = Credentials(vouched=True)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a folder with the repository `shop.git`."""
    Fixed(tmp_path / "served" / "shop.git").commit("main", {"a": "1"})
    return tmp_path / "served"


def mirrors(tmp_path: Path, allowed: Allowed | None = None, names: Mapping[str, str] | None = None) -> Mirrors:
    """Return mirrors that know hosts by `names`, where these are given, and else as the system does."""
    allowed = allowed or Allowed()
    client = Client(allowed, timeout=20.0, proxies={})
    if names is not None:
        known = names
        client = Client(allowed, timeout=20.0, proxies={}, resolver=lambda host, _port: [known[host]])
    return Mirrors(tmp_path / "mirrors", client, timeout=20.0)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]"])
@pytest.mark.parametrize("scheme", ["https://", "http://", "ssh://git@", "git://"])
def test_this_machine_is_not_fetched_from(tmp_path: Path, scheme: str, host: str) -> None:
    with pytest.raises(Rejected, match="not a public address") as refused:
        mirrors(tmp_path).refresh(f"{scheme}{host}:9/shop.git")
    assert "FORESAIL_FETCH_ALLOW" in refused.value.remedy


def test_nor_is_it_by_the_short_way_to_write_ssh(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match=r"localhost is at .*, which is not a public address"):
        mirrors(tmp_path).refresh("git@localhost:shop.git")


@pytest.mark.parametrize("address", ["169.254.169.254", "10.0.0.1", "192.168.1.1", "168.63.129.16", "100.64.0.1"])
def test_a_name_for_a_private_address_is_none_for_git(tmp_path: Path, address: str) -> None:
    with pytest.raises(Rejected, match=rf"git\.example is at {address}, which is not a public address"):
        mirrors(tmp_path, names={"git.example": address}).refresh("https://git.example/shop.git")


@pytest.mark.parametrize(
    "host", ["2130706433", "0x7f.1", "127.1", "0177.0.0.1", "10.0.0.0x1", "127.0.0.1.", "git.example."]
)
def test_what_programs_read_differently_is_no_host(tmp_path: Path, host: str) -> None:
    with pytest.raises(Rejected, match="is not a host"):
        mirrors(tmp_path, LOOPBACK).refresh(f"http://{host}:9/shop.git")


def test_a_git_that_cannot_be_held_to_an_address_is_not_let_go(tmp_path: Path, root: Path) -> None:
    old = tmp_path / "bin" / "git"
    old.parent.mkdir()
    old.write_text("#!/bin/sh\necho git version 2.34.1\n")
    old.chmod(0o755)
    script = (
        "import sys; from pathlib import Path; from bot.repository.mirrors import Mirrors;"
        "from tests.integration.loopback import CLIENT; Mirrors(Path(sys.argv[1]), CLIENT).refresh(sys.argv[2])"
    )
    with http_site(root) as site:
        command = [sys.executable, "-c", script, str(tmp_path / "mirrors"), f"{site.url}/shop.git"]
        environment = {**os.environ, "PATH": f"{old.parent}:{os.environ['PATH']}"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert "Rejected: this is git version 2.34.1, which cannot be held to an address" in done.stderr
        assert site.heard == []


def test_a_server_is_not_asked_before_it_is_judged(tmp_path: Path, root: Path) -> None:
    with http_site(root) as site:
        with pytest.raises(Rejected):
            mirrors(tmp_path).refresh(f"{site.url}/shop.git")
        assert site.heard == []


def test_git_connects_to_the_address_that_was_judged(tmp_path: Path, root: Path) -> None:
    with http_site(root) as site:
        url = site.url.replace("127.0.0.1", "Git.Example")
        found = mirrors(tmp_path, LOOPBACK, names={"git.example": "127.0.0.1"}).refresh(f"{url}/shop.git")
        assert found.resolve("main")


def test_a_name_that_means_another_address_a_moment_later_leads_nowhere(tmp_path: Path, root: Path) -> None:
    """Whoever resolves `localhost` anew is led to the server of this test."""
    with http_site(root) as site:
        url = site.url.replace("127.0.0.1", "localhost")
        with pytest.raises(Temporary):
            mirrors(tmp_path, LOOPBACK, names={"localhost": "127.0.0.99"}).refresh(f"{url}/shop.git")
        assert site.heard == []


def test_ssh_connects_to_the_address_that_was_judged_and_knows_the_host_by_its_name(tmp_path: Path, root: Path) -> None:
    with ssh_site(root) as site:
        url = site.url.replace("127.0.0.1", "git.example")
        hosts = site.known_hosts.replace("127.0.0.1", "git.example")
        auth = Credentials(ssh_private_key=site.private_key, known_hosts=hosts)
        known = mirrors(tmp_path, LOOPBACK, names={"git.example": "127.0.0.1"})
        assert known.refresh(f"{url}/shop.git", auth=auth).resolve("main")
        rebound = mirrors(tmp_path / "other", LOOPBACK, names={"localhost": "127.0.0.99"})
        with pytest.raises(Temporary, match="refused"):
            rebound.refresh(f"{site.url.replace('127.0.0.1', 'localhost')}/shop.git", auth=auth)


def test_the_plain_git_protocol_needs_the_operators_word(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="over plain git"):
        mirrors(tmp_path, names={"git.example": "93.184.216.34"}).refresh("git://git.example/shop.git")


def test_what_the_operator_names_in_a_secret_may_be_at_home(tmp_path: Path, root: Path) -> None:
    with http_site(root) as site:
        assert mirrors(tmp_path).refresh(f"{site.url}/shop.git", auth=VOUCHED).resolve("main")
    with pytest.raises(Rejected, match=r"169\.254\.169\.254, which is not a public address"):
        mirrors(tmp_path).refresh("http://169.254.169.254/shop.git", auth=VOUCHED)


@pytest.mark.parametrize("target", ["http://169.254.169.254/latest", "http://10.0.0.1", "http://[::ffff:a00:1]"])
def test_a_redirect_to_a_private_address_is_not_followed(tmp_path: Path, root: Path, target: str) -> None:
    with http_site(root, moved={"team": target}) as site, pytest.raises(Rejected, match="not a public address"):
        mirrors(tmp_path, LOOPBACK).refresh(f"{site.url}/team/shop.git")


def test_what_one_server_may_do_the_one_that_it_redirects_to_may_not(tmp_path: Path, root: Path) -> None:
    with http_site(root) as inner, http_site(root, moved={"team": inner.url}) as site:
        with pytest.raises(Rejected, match="not a public address"):
            mirrors(tmp_path).refresh(f"{site.url}/team/shop.git", auth=VOUCHED)
        assert inner.heard == []


def test_a_redirect_in_the_middle_of_a_fetch_is_not_followed(tmp_path: Path, root: Path) -> None:
    moved: dict[str, str] = {}
    with http_site(root) as inner, http_site(root, moved=moved) as site:

        def allowed(_authorization: str) -> bool:
            moved["shop.git"] = f"{inner.url}/shop.git"  # from the next request on
            return True

        site.allowed = allowed
        with pytest.raises(Temporary, match="returned error: 301"):
            mirrors(tmp_path, LOOPBACK).refresh(f"{site.url}/shop.git")
        assert not any(path.endswith("/git-upload-pack") for path, _ in inner.heard)


def test_alternates_of_a_plain_web_server_are_not_fetched_from(tmp_path: Path, root: Path) -> None:
    """A server without Git may name others that have the objects (git `http-walker.c`)."""
    shop = root / "shop.git"
    subprocess.run(["git", "-c", "safe.directory=*", "-C", shop, "update-server-info"], check=True)
    with WebServer(tmp_path) as inner, WebServer(tmp_path) as site:
        for path in ("HEAD", "info/refs"):
            site.serve(f"/shop.git/{path}", (shop / path).read_bytes())
        site.serve("/shop.git/objects/info/http-alternates", f"{inner.url}/shop.git/objects\n".encode())
        with pytest.raises((Rejected, Temporary)):
            mirrors(tmp_path, LOOPBACK).refresh(f"{site.url}/shop.git")
        assert site.asked("/shop.git/info/refs")
        assert inner.seen == []


def test_a_server_that_redirects_in_circles_is_left(tmp_path: Path) -> None:
    with WebServer(tmp_path) as site:
        site.replies["/shop.git/info/refs"] = redirect(f"{site.url}/shop.git/info/refs?service=git-upload-pack")
        with pytest.raises(Rejected, match="redirects more than 5 times"):
            mirrors(tmp_path, LOOPBACK).refresh(f"{site.url}/shop.git")
