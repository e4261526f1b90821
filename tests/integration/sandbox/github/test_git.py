"""Git itself, over HTTP: clone, fetch, push, and whom it refuses."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest
from github import Auth

from bot.sandbox.github.people import HostedRepository
from bot.sandbox.github.server import GitHubStandIn
from bot.sandbox.github.state import App, Installation

Git: TypeAlias = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def git(tmp_path: Path) -> Git:
    home = {"HOME": str(tmp_path), "GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_NOSYSTEM": "1", "PATH": "/usr/bin:/bin"}
    name = {f"GIT_{who}_{what}": "alice" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}

    def run(*arguments: str, ok: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            ["git", *arguments],
            cwd=tmp_path,
            env=home | name,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode == 0) is ok, done.stderr
        return done

    return run


@pytest.fixture
def url(github: GitHubStandIn, app: App, installation: Installation) -> Callable[..., str]:
    def signed(**permissions: str) -> str:
        auth = Auth.AppAuth(app.id, app.private_key_pem)
        token = auth.get_installation_auth(installation.id, token_permissions=permissions)
        with_url = token.withRequester(_requester(github, auth))
        return f"{github.site}/acme/shop.git".replace("://", f"://x-access-token:{with_url.token}@")

    return signed


def _requester(github: GitHubStandIn, auth: Auth.Auth) -> object:
    from github import Github

    return Github(auth=auth, base_url=github.url).requester
