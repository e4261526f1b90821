"""Git itself, over HTTP: clone, fetch, push, and whom it refuses."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest
from github import Auth, GithubIntegration
from github.Repository import Repository

from bot.sandbox.forge.faults import Fault
from bot.sandbox.github.people import HostedRepository
from bot.sandbox.github.server import GitHubStandIn
from bot.sandbox.github.state import App, Installation
from tests.integration.sandbox.github.conftest import Inbox

Git: TypeAlias = Callable[..., "subprocess.CompletedProcess[str]"]
Remote: TypeAlias = Callable[..., str]


@pytest.fixture
def git(tmp_path: Path) -> Git:
    environment = {
        "HOME": str(tmp_path),
        "PATH": "/usr/bin:/bin",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        **{f"GIT_{who}_{what}": "alice" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }

    def run(*arguments: str, ok: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            ["git", *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode == 0) is ok, done.stderr
        return done

    return run


@pytest.fixture
def remote_url(github: GitHubStandIn, app: App, installation: Installation) -> Remote:
    """Return the repository's URL with a token that has the given permissions."""

    def with_token(**permissions: str) -> str:
        integration = GithubIntegration(auth=Auth.AppAuth(app.id, app.private_key_pem), base_url=github.url)
        token = integration.get_access_token(installation.id, permissions=permissions).token
        return f"{github.site}/acme/shop.git".replace("://", f"://x-access-token:{token}@")

    return with_token


def test_a_token_that_may_read_contents_clones(git: Git, remote_url: Remote, tmp_path: Path) -> None:
    git("clone", remote_url(contents="read"), "work")
    assert (tmp_path / "work" / "app.yaml").read_text() == "replicas: 1\n"


def test_the_second_protocol_is_spoken(git: Git, remote_url: Remote) -> None:
    traced = git("-c", "protocol.version=2", "ls-remote", remote_url(contents="read"))
    assert "refs/heads/main" in traced.stdout


def test_one_commit_is_fetched_without_its_history(git: Git, remote_url: Remote, shop: HostedRepository) -> None:
    wanted = shop.push("main", {"app.yaml": "replicas: 2\n"})
    shop.push("main", {"app.yaml": "replicas: 3\n"})
    git("init", "--bare", "mirror")
    git("-C", "mirror", "fetch", "--depth=1", "--filter=blob:none", remote_url(contents="read"), wanted)
    assert git("-C", "mirror", "rev-list", "--count", "FETCH_HEAD").stdout == "1\n"


def test_heads_and_test_merges_of_pull_requests_are_refs(
    git: Git, remote: Repository, remote_url: Remote, shop: HostedRepository
) -> None:
    shop.push("feature", {"app.yaml": "replicas: 2\n"})
    pull = shop.open_pull_request("feature")
    while remote.get_pull(1).mergeable is None:
        assert pull.unknown_reads < 3
    listed = git("ls-remote", remote_url(contents="read"), "refs/pull/*").stdout
    assert f"{pull.head_sha}\trefs/pull/1/head" in listed
    assert f"{pull.merge_commit_sha}\trefs/pull/1/merge" in listed


def test_a_large_pack_is_pushed_in_chunks(git: Git, remote_url: Remote, shop: HostedRepository, tmp_path: Path) -> None:
    git("clone", remote_url(contents="write"), "work")
    noise = b"".join(index.to_bytes(4, "big") * 3 for index in range(200_000))
    (tmp_path / "work" / "noise.bin").write_bytes(noise)
    git("-C", "work", "add", ".")
    git("-C", "work", "commit", "-m", "Add noise")
    git("-C", "work", "-c", "http.postBuffer=65536", "-c", "core.compression=0", "push", "origin", "main")
    assert shop.read("noise.bin") == noise


def test_a_push_moves_the_pull_request_and_tells(
    git: Git, github: GitHubStandIn, remote_url: Remote, shop: HostedRepository, inbox: Inbox
) -> None:
    shop.push("feature", {"app.yaml": "replicas: 2\n"})
    pull = shop.open_pull_request("feature")
    git("clone", "-b", "feature", remote_url(contents="write"), "work")
    git("-C", "work", "commit", "--allow-empty", "-m", "Try again")
    git("-C", "work", "push")
    github.wait_for_deliveries()
    assert pull.head_sha == git("-C", "work", "rev-parse", "HEAD").stdout.strip()
    assert inbox.events()[-2:] == ["push", "pull_request"]


def test_a_token_that_may_only_read_cannot_push(git: Git, remote_url: Remote, shop: HostedRepository) -> None:
    git("clone", remote_url(contents="read"), "work")
    git("-C", "work", "commit", "--allow-empty", "-m", "Try")
    before = shop.head()
    assert "403" in git("-C", "work", "push", ok=False).stderr
    assert shop.head() == before


def test_pull_request_refs_cannot_be_pushed(git: Git, remote_url: Remote) -> None:
    git("clone", remote_url(contents="write"), "work")
    assert "hidden ref" in git("-C", "work", "push", "origin", "HEAD:refs/pull/9/head", ok=False).stderr


def test_a_private_repository_asks_for_credentials(git: Git, github: GitHubStandIn, shop: HostedRepository) -> None:
    assert shop.clone_url == f"{github.site}/acme/shop.git"
    assert "terminal prompts disabled" in git("ls-remote", shop.clone_url, ok=False).stderr


def test_a_public_repository_is_read_by_anybody(git: Git, github: GitHubStandIn) -> None:
    site = github.create_repository("acme/site", files={"index.html": "hello\n"}, private=False)
    assert site.head() in git("ls-remote", site.clone_url).stdout


def test_a_fault_meets_git_too(git: Git, github: GitHubStandIn, remote_url: Remote) -> None:
    url = remote_url(contents="read")
    github.faults.add("GET /acme/shop.git/*", kind=Fault.ERROR)
    assert "500" in git("ls-remote", url, ok=False).stderr
    assert "refs/heads/main" in git("ls-remote", url).stdout
