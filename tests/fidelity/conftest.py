"""A control plane in which nothing moves by itself, and a fleet on it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.sandbox.control_plane.cluster import ControlPlane
from bot.sandbox.redis import RedisServer
from bot.sandbox.toolchain import Programs
from tests.fidelity.fleet import Fleet


@pytest.fixture(scope="session")
def fleet(programs: Programs, redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    directory = tmp_path_factory.mktemp("fidelity")
    with ControlPlane.start(programs, directory / "plane", nodes=0) as plane:
        fleet = Fleet(programs, plane, redis_server.url, directory)
        yield fleet
        fleet.close()
