"""Git without a forge, told of: whoever serves a repository says that something was pushed."""

from __future__ import annotations

import uuid

import pytest

from bot.sandbox.stage import Stage
from tests.functional.plain import plain

SECRET = uuid.uuid4().hex


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    """Return settings with which nobody asks, so that what comes is what was told of."""
    return {"FORESAIL_GIT_WEBHOOK_SECRET": SECRET, "FORESAIL_GIT_POLL": "0"}


def test_whoever_serves_a_repository_says_that_it_moved(stage: Stage, namespace: str) -> None:
    one = plain(stage, namespace, "told")
    one.push("green")
    assert one.tell("guessed") == 401
    assert one.tell(SECRET) == 202
    one.await_colour("green")
