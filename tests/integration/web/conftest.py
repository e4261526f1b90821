"""A web process in gunicorn, as the Procfile starts it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.sandbox.installation import Foresail
from bot.sandbox.redis import RedisServer
from tests.integration.web.wire import Wire
from tests.unit.forges.github.deliveries import SECRET

LIMIT = 50_000


@pytest.fixture(scope="module")
def foresail(redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Foresail]:
    settings = {
        "FORESAIL_REDIS_URL": redis_server.url,
        "FORESAIL_GITHUB_WEBHOOK_SECRET": SECRET,
        "FORESAIL_WEBHOOK_MAX_BYTES": str(LIMIT),
    }
    with Foresail.start(tmp_path_factory.mktemp("web"), settings, only=("web",)) as running:
        yield running


@pytest.fixture
def wire(foresail: Foresail) -> Wire:
    return Wire(foresail.port)
