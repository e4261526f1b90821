"""Real parts that every kind of test may ask for; each is started once a run."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from bot.sandbox.control_plane.cluster import ControlPlane
from bot.sandbox.redis import RedisServer
from bot.sandbox.toolchain import Programs
from bot.sandbox.toolchain import programs as find_programs


@pytest.fixture(scope="session")
def programs() -> Programs:
    return find_programs()


@pytest.fixture(scope="session")
def control_plane(programs: Programs, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    with ControlPlane.start(programs, tmp_path_factory.mktemp("control-plane"), audit="Metadata") as plane:
        yield plane


@pytest.fixture(scope="session")
def second_plane(programs: Programs, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """Start another cluster, without nodes: whoever kills its API server starts it again."""
    with ControlPlane.start(programs, tmp_path_factory.mktemp("second-plane"), nodes=0) as plane:
        yield plane


@pytest.fixture(scope="session")
def redis_server(programs: Programs, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer.start(programs.redis_server, tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def redis_url(redis_server: RedisServer) -> Iterator[str]:
    yield redis_server.url
    redis_server.restart()


@pytest.fixture
def namespace(control_plane: ControlPlane) -> str:
    name = f"test-{uuid.uuid4().hex[:8]}"
    control_plane.kubectl("create", "namespace", name)
    return name
