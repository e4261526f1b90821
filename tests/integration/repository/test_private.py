"""Private repositories are fetched with their own credentials, which nobody else gets to see."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import asyncssh
import pytest

from bot.errors import Rejected, Temporary
from bot.model.credentials import Credentials
from bot.repository.locks import locked
from bot.repository.mirrors import Mirrors
from tests.integration.loopback import CLIENT
from tests.integration.repository.conftest import Fixed
from tests.integration.repository.servers import Authority, SshSite, basic, http_site, ssh_site

PASSWORD = "canary-of-a-password"
ALICE = Credentials(username="alice", password=PASSWORD)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a folder with the repository `shop.git`."""
    Fixed(tmp_path / "served" / "shop.git").commit("main", {"a": "1"})
    return tmp_path / "served"


@pytest.fixture
def mirrors(tmp_path: Path) -> Mirrors:
    return Mirrors(tmp_path / "mirrors", CLIENT, timeout=30.0)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority("ours")


@pytest.fixture
def ssh(root: Path) -> Iterator[SshSite]:
    with ssh_site(root) as site:
        yield site


def left_behind(folder: Path) -> list[str]:
    """Return every file that has something secret in it, and every folder for such files."""
    secret = (PASSWORD.encode(), b"PRIVATE KEY")
    files = [one for one in folder.rglob("*") if one.is_file() and any(word in one.read_bytes() for word in secret)]
    return [str(one) for one in (*files, *folder.rglob("*.secrets"))]


@pytest.mark.parametrize(
    ("credentials", "header"),
    [
        (ALICE, basic("alice", PASSWORD)),
        (Credentials(username="alice\n", password="a:b é"), basic("alice\n", "a:b é")),
        (Credentials(bearer_token="canary-token"), "Bearer canary-token"),
    ],
)
def test_a_password_or_token_lets_us_in(mirrors: Mirrors, root: Path, credentials: Credentials, header: str) -> None:
    with http_site(root, lambda told: told == header) as site:
        assert mirrors.refresh(f"{site.url}/shop.git", auth=credentials).resolve("main")
        assert site.secrets == {header}
        with pytest.raises(Rejected, match="does not accept its credentials"):
            mirrors.refresh(f"{site.url}/shop.git", auth=Credentials(username="alice", password="wrong"))


def test_a_redirect_to_another_place_gets_no_credentials(mirrors: Mirrors, root: Path) -> None:
    with http_site(root) as evil, http_site(root, moved={"team": evil.url}) as site:
        for auth in (Credentials(bearer_token=PASSWORD), Credentials(username=PASSWORD), ALICE):
            mirrors.refresh(f"{site.url}/team/shop.git", auth=auth)  # what is there is there for everybody
        assert evil.heard
        assert evil.secrets == set()
        assert site.secrets == {basic("alice", PASSWORD), f"Bearer {PASSWORD}", basic(PASSWORD, "")}


def test_another_place_that_asks_gets_no_credentials(mirrors: Mirrors, root: Path) -> None:
    with http_site(root, bool) as evil, http_site(root, moved={"team": evil.url}) as site:
        with pytest.raises(Rejected, match="cannot fetch"):
            mirrors.refresh(f"{site.url}/team/shop.git", auth=ALICE)
        assert evil.heard
        assert evil.secrets == set()


def test_a_repository_that_was_renamed_is_found_at_the_same_place(mirrors: Mirrors, root: Path) -> None:
    moved: dict[str, str] = {}
    with http_site(root, lambda told: told in {basic("alice", PASSWORD), "Bearer t"}, moved=moved) as site:
        moved["old"] = site.url
        for auth in (ALICE, Credentials(bearer_token="t")):
            assert mirrors.refresh(f"{site.url}/old/shop.git", auth=auth).resolve("main")


def test_a_redirect_is_followed_where_there_is_nothing_to_lose(mirrors: Mirrors, root: Path) -> None:
    with http_site(root) as other, http_site(root, moved={"team": other.url}) as site:
        assert mirrors.refresh(f"{site.url}/team/shop.git").resolve("main")


def test_a_server_is_trusted_by_the_authority_that_is_named(
    mirrors: Mirrors, root: Path, tmp_path: Path, authority: Authority
) -> None:
    with http_site(root, tls=authority.server(tmp_path / "tls")) as site:
        url = f"{site.url}/shop.git"
        for auth in (None, Credentials(authorities=Authority("theirs").pem)):
            with pytest.raises(Rejected, match="certificate") as refused:
                mirrors.refresh(url, auth=auth)
            assert "argocd-tls-certs-cm" in refused.value.remedy
        assert mirrors.refresh(url, auth=Credentials(authorities=authority.pem)).resolve("main")
        assert mirrors.refresh(url, auth=Credentials(insecure=True)).resolve("main")


def test_a_client_certificate_lets_us_in(mirrors: Mirrors, root: Path, tmp_path: Path, authority: Authority) -> None:
    certificate, key = authority.issue("foresail")
    with http_site(root, tls=authority.server(tmp_path / "tls", asks_clients=True)) as site:
        url = f"{site.url}/shop.git"
        with pytest.raises(Exception, match="cannot fetch"):
            mirrors.refresh(url, auth=Credentials(authorities=authority.pem))
        auth = Credentials(client_certificate=certificate, client_key=key, authorities=authority.pem)
        assert mirrors.refresh(url, auth=auth).resolve("main")
    assert left_behind(tmp_path / "mirrors") == []


def test_a_proxy_is_asked_for_everything(mirrors: Mirrors, root: Path) -> None:
    with http_site(root) as proxy:
        with pytest.raises(Temporary):  # it is no proxy, and fails
            mirrors.refresh("http://git.example.invalid/shop.git", auth=Credentials(proxy=proxy.url, vouched=True))
        assert proxy.heard[0][0].startswith("http://git.example.invalid/shop.git/info/refs")
        auth = Credentials(proxy="http://127.0.0.1:9", no_proxy="127.0.0.1")
        assert mirrors.refresh(f"{proxy.url}/shop.git", auth=auth).resolve("main")


def test_a_key_lets_us_in_where_the_host_is_known(mirrors: Mirrors, ssh: SshSite, tmp_path: Path) -> None:
    auth = Credentials(ssh_private_key=ssh.private_key.replace("\n", "\r\n"), known_hosts=ssh.known_hosts)
    assert mirrors.refresh(f"{ssh.url}/shop.git", auth=auth).resolve("main")
    assert left_behind(tmp_path / "mirrors") == []


def test_another_key_does_not(mirrors: Mirrors, ssh: SshSite, tmp_path: Path) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()
    auth = Credentials(ssh_private_key=other, known_hosts=ssh.known_hosts)
    with pytest.raises(Rejected, match="Permission denied"):
        mirrors.refresh(f"{ssh.url}/shop.git", auth=auth)
    assert left_behind(tmp_path / "mirrors") == []


@pytest.mark.parametrize("hosts", ["", None, "another"])
def test_a_host_that_is_not_known_is_told_nothing(mirrors: Mirrors, ssh: SshSite, hosts: str | None) -> None:
    if hosts:
        key = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
        hosts = f"{ssh.known_hosts.split(' ', maxsplit=1)[0]} {key}"
    auth = Credentials(ssh_private_key=ssh.private_key, known_hosts=hosts)
    with pytest.raises(Rejected, match="Host key verification failed") as refused:
        mirrors.refresh(f"{ssh.url}/shop.git", auth=auth)
    assert "argocd-ssh-known-hosts-cm" in refused.value.remedy


def test_a_host_need_not_be_known_where_that_is_said(mirrors: Mirrors, ssh: SshSite) -> None:
    auth = Credentials(ssh_private_key=ssh.private_key, known_hosts="", insecure=True)
    assert mirrors.refresh(f"{ssh.url}/shop.git", auth=auth).resolve("main")


def test_secrets_are_in_no_command_line_and_in_our_own_files_only(mirrors: Mirrors, root: Path, ssh: SshSite) -> None:
    seen: list[str] = []
    modes: set[int] = set()
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            for process in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    seen.append(process.read_text(errors="replace"))
                except OSError:
                    continue
            for folder in mirrors.path_of(f"{ssh.url}/shop.git").parent.glob("*.secrets"):
                try:
                    modes.update(one.stat().st_mode & 0o777 for one in (folder, *folder.iterdir()))
                except OSError:
                    continue

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        for _ in range(5):
            mirrors.refresh(
                f"{ssh.url}/shop.git",
                auth=Credentials(ssh_private_key=ssh.private_key, known_hosts=ssh.known_hosts),
            )
        with http_site(root) as site:
            mirrors.refresh(f"{site.url}/shop.git", auth=ALICE)
    finally:
        done.set()
        watching.join()
    secret = (PASSWORD, ssh.private_key.splitlines()[1], basic("alice", PASSWORD))
    assert any("ssh" in words and "IdentityFile" in words for words in seen)
    assert not any(word in words for words in seen for word in secret)
    assert modes == {0o700, 0o600}


def test_what_a_killed_process_left_is_gone_after_the_next_fetch(mirrors: Mirrors, root: Path, tmp_path: Path) -> None:
    with http_site(root) as site:
        left = mirrors.path_of(f"{site.url}/shop.git").with_suffix(".secrets")
        left.mkdir(parents=True)
        (left / "ssh_private_key").write_text("PRIVATE KEY")
        mirrors.refresh(f"{site.url}/shop.git")
    assert left_behind(tmp_path / "mirrors") == []


def test_what_a_killed_process_left_elsewhere_is_gone_after_the_first_fetch(root: Path, tmp_path: Path) -> None:
    left = tmp_path / "mirrors" / "other.secrets"
    used = tmp_path / "mirrors" / "used.secrets"
    for folder in (left, used):
        folder.mkdir(parents=True)
    with locked(used.with_suffix(".lock"), timeout=1.0, doing="fetching"), http_site(root) as site:
        Mirrors(tmp_path / "mirrors", CLIENT).refresh(f"{site.url}/shop.git")
    assert (left.exists(), used.exists()) == (False, True)


def test_what_one_project_may_read_is_not_another_ones(mirrors: Mirrors, root: Path) -> None:
    with http_site(root, lambda told: told == basic("alice", PASSWORD)) as site:
        url, red = f"{site.url}/shop.git", Credentials(username="alice", password=PASSWORD, project="red")
        commit = mirrors.refresh(url, auth=red).resolve("main")
        assert mirrors.holding(url, commit, auth=red) is not None
        assert mirrors.holding(url, commit) is None
        assert mirrors.holding(url, commit, auth=Credentials(project="blue")) is None
        with pytest.raises(Rejected):
            mirrors.refresh(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://git.example.com\\@evil.example/shop",
        "https://a@b@evil.example/shop",
        "https://-oProxyCommand=x/shop",
        "ssh://-oProxyCommand=x/shop",
        "-oProxyCommand=x@host:shop",
        "ext::sh -c touch% /tmp/x",
        "file:///etc",
        "https://git.example.com:99999/shop",
        "https://git.example.com\n/shop",
        "https:///shop",
    ],
)
def test_a_url_that_parsers_read_differently_never_reaches_git(mirrors: Mirrors, url: str) -> None:
    with pytest.raises(Rejected, match="is not a repository URL"):
        mirrors.refresh(url, auth=ALICE)


def test_git_has_nothing_in_its_environment_that_is_for_somebody_else(mirrors: Mirrors, root: Path) -> None:
    os.environ["CANARY"] = "canary-of-ours"
    seen: list[bytes] = []
    with http_site(root, lambda _: _look(seen)) as site:
        mirrors.refresh(f"{site.url}/shop.git", auth=ALICE)
    del os.environ["CANARY"]
    assert seen
    assert not any(b"canary-of-ours" in words for words in seen)


def _look(seen: list[bytes]) -> bool:
    """Note the environments of the git processes that there are now."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if b"remote-http" in (process / "cmdline").read_bytes():
                seen.append((process / "environ").read_bytes())
        except OSError:
            continue
    return True
