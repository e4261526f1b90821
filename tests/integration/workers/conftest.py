"""A crew of workers for each test, on a Redis that is its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.store.connection import connect
from bot.store.queue import Queue
from tests.integration.workers.crew import Crew


@pytest.fixture
def crew(redis_url: str, tmp_path: Path) -> Iterator[Crew]:
    connection = connect(redis_url)
    crew = Crew(tmp_path, redis_url, connection, Queue(connection))
    yield crew
    crew.stop()
    connection.close()
