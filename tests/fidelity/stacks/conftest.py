"""A control plane for stacks, which share it with nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.sandbox.control_plane.cluster import ControlPlane
from bot.sandbox.redis import RedisServer
from bot.sandbox.toolchain import Programs
from tests.fidelity.stacks.estate import Estate


@pytest.fixture(scope="session")
def estate(programs: Programs, redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    directory = tmp_path_factory.mktemp("stacks")
    with ControlPlane.start(programs, directory / "plane", nodes=0) as plane:
        estate = Estate(programs, plane, redis_server.url, directory)
        yield estate
        estate.close()
