"""Repositories on disk to render from, and one on the GitHub stand-in to copy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import pygit2
import pytest

from bot.model.credentials import Credentials
from bot.repository.mirrors import Mirror
from bot.repository.render import Renderer
from bot.sandbox.github.people import HostedRepository
from bot.sandbox.github.server import GitHubStandIn
from bot.sandbox.toolchain import Programs

AUTHOR = pygit2.Signature("alice", "alice@example.com", 1, 0)
FILE, LINK, SUBMODULE, FOLDER = 0o100644, 0o120000, 0o160000, 0o040000


@dataclass(frozen=True, slots=True)
class Link:
    """A symbolic link instead of a file."""

    target: str


@dataclass(frozen=True, slots=True)
class Submodule:
    """A submodule instead of a file."""

    commit: str = "1" * 40


Files: TypeAlias = Mapping[str, str | bytes | Link | Submodule]


class Fixed:
    """A bare repository that trees and commits are written into."""

    def __init__(self, path: Path) -> None:
        self.git = pygit2.init_repository(path, bare=True)
        self.mirror = Mirror(path)

    def tree(self, files: Files) -> str:
        """Write a tree and return its id."""
        return str(self._folder({tuple(path.split("/")): content for path, content in files.items()}))

    def commit(self, branch: str, files: Files, *parents: str) -> str:
        """Write a commit on a branch and return its id."""
        tree = pygit2.Oid(hex=self.tree(files))
        made = self.git.create_commit(None, AUTHOR, AUTHOR, "change", tree, [pygit2.Oid(hex=one) for one in parents])
        self.git.references.create(f"refs/heads/{branch}", made, force=True)
        return str(made)

    def _folder(self, files: Mapping[tuple[str, ...], str | bytes | Link | Submodule]) -> pygit2.Oid:
        builder = self.git.TreeBuilder()
        for name in {path[0] for path in files}:
            below = {path[1:]: content for path, content in files.items() if path[0] == name}
            if () not in below:
                builder.insert(name, self._folder(below), FOLDER)
                continue
            match below[()]:
                case Link(target):
                    builder.insert(name, self.git.create_blob(target.encode()), LINK)
                case Submodule(commit):
                    builder.insert(name, pygit2.Oid(hex=commit), SUBMODULE)
                case str() | bytes() as content:
                    data = content.encode() if isinstance(content, str) else content
                    builder.insert(name, self.git.create_blob(data), FILE)
        return builder.write()


@pytest.fixture
def repository(tmp_path: Path) -> Fixed:
    return Fixed(tmp_path / "repository.git")


@pytest.fixture(scope="module")
def renderer(programs: Programs) -> Iterator[Renderer]:
    found = Renderer(kustomize=str(programs.kustomize), helm=str(programs.helm), timeout=120.0)
    yield found
    found.close()


@pytest.fixture
def github(tmp_path: Path) -> Iterator[GitHubStandIn]:
    with GitHubStandIn.start(tmp_path / "github") as stand_in:
        yield stand_in


@pytest.fixture
def shop(github: GitHubStandIn) -> HostedRepository:
    return github.create_repository("acme/shop", files={"app.yaml": "replicas: 1\n", "docs/a.md": "text\n" * 9})


@pytest.fixture
def auth(github: GitHubStandIn, shop: HostedRepository) -> Credentials:
    app = github.create_app("Foresail", permissions={"metadata": "read", "contents": "read"}, events=())
    installation = github.install(app, owner="acme", repositories=[shop.full_name])
    from github import Auth, GithubIntegration

    integration = GithubIntegration(auth=Auth.AppAuth(app.id, app.private_key_pem), base_url=github.url)
    return Credentials(
        "x-access-token", integration.get_access_token(installation.id, permissions={"contents": "read"}).token
    )
