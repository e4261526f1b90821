"""A repository to render from, a shelf for each replica, and what is in Redis of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import redis

from bot.model.applications import Source
from bot.rendering.shelf import Shelf
from bot.rendering.versions import Versions
from bot.repository.render import Done, Rendered, Renderer, RenderFailed, RenderRequest, nobody
from bot.sandbox.toolchain import Programs
from bot.store.connection import connect
from bot.store.renders import Renders
from bot.store.seal import Seal
from tests.integration.repository.conftest import Fixed

SECRET = "a text that is long enough to be no guess"
ROOM = 8 << 20


def config(name: str, value: str = "1") -> str:
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{value: '{value}'}}\n"


class Watched(Renderer):
    """A renderer that notes what it is asked, and does nothing while its gate is closed."""

    def __init__(self, kustomize: str, timeout: float) -> None:
        super().__init__(kustomize, timeout)
        self.asked: list[str] = []
        self.began = threading.Event()
        self.gate = threading.Event()
        self.gate.set()

    def render(self, requests: Sequence[RenderRequest], done: Done = nobody) -> list[Rendered | RenderFailed]:
        self.asked += [request.source.path or "" for request in requests]
        if requests:
            self.began.set()
        assert self.gate.wait(60.0)
        return super().render(requests, done)


@pytest.fixture
def connection(redis_url: str) -> Iterator[redis.Redis]:
    found = connect(redis_url)
    yield found
    found.close()


@pytest.fixture
def files() -> dict[str, str]:
    return {f"{name}/a.yaml": config(name) for name in "abcdefgh"} | {"bad/a.yaml": "kind: A\n"}


@pytest.fixture
def tree(repository: Fixed, files: dict[str, str]) -> str:
    return repository.tree(files)


@pytest.fixture
def repository(tmp_path: Path) -> Fixed:
    return Fixed(tmp_path / "repository.git")


def renderer_of(programs: Programs) -> Renderer:
    """Return a renderer as a replica has it; it starts nothing before it is asked."""
    return Renderer(str(programs.kustomize), 30.0, helm=str(programs.helm))


def shelf_of(connection: redis.Redis, programs: Programs, *, secret: str = SECRET, room: int = ROOM) -> Shelf:
    """Return a replica's own shelf on a Redis."""
    return Shelf(Renders(connection, room=room), Seal(secret), Versions(renderer_of(programs).setup))


def request_for(repository: Fixed, tree: str, path: str, **source: Any) -> RenderRequest:
    """Ask for one folder."""
    wire = {"repoURL": "https://github.com/acme/shop", "path": path, **source}
    return RenderRequest(repository.mirror.path, tree, Source.model_validate(wire))


def names(answers: Sequence[Rendered | RenderFailed]) -> list[str]:
    """Return what each answer is of."""
    return [
        one.manifests[0]["metadata"]["name"] if isinstance(one, Rendered) else one.message.partition(":")[0]
        for one in answers
    ]
