"""A crew of workers for each test, on a Redis that is its own; a desk for jobs that are done in this process."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.sandbox.control_plane.cluster import ControlPlane
from bot.sandbox.stage import Stage
from bot.sandbox.toolchain import Programs
from bot.services import Services
from bot.settings import Settings
from bot.store.connection import connect
from bot.store.queue import Queue
from tests.integration.workers.crew import Crew
from tests.integration.workers.desk import Desk, written_down


@pytest.fixture
def crew(redis_url: str, tmp_path: Path) -> Iterator[Crew]:
    connection = connect(redis_url)
    crew = Crew(tmp_path, redis_url, connection, Queue(connection))
    yield crew
    crew.stop()
    connection.close()


@pytest.fixture
def desk(
    programs: Programs, control_plane: ControlPlane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    log = tmp_path / "git.log"
    monkeypatch.setenv("PATH", f"{written_down(tmp_path / 'bin', log)}:{os.environ['PATH']}")
    name = f"desk-{uuid.uuid4().hex[:8]}"
    with Stage.set_up(programs, tmp_path / "stage", control_plane, control_namespace=name) as stage:
        files = {"deploy/settings.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n"}
        repository = stage.github.create_repository("acme/shop", files=files)
        stage.github.install(stage.app, owner="acme", repositories=["acme/shop"])
        services = Services.build(Settings.from_environment(stage.settings(repository)))
        yield Desk(stage, services, repository, log)
        services.close()
        control_plane.kubectl("delete", "applications", "--all", "-n", name)
