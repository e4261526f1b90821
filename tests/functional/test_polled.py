"""Git without a forge, asked: nobody tells of a push, and it is noticed all the same."""

from __future__ import annotations

import pytest

from bot.sandbox.stage import Stage
from tests.functional.plain import plain


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {"FORESAIL_GIT_POLL": "2"}


def test_a_repository_of_which_nobody_tells_is_asked(stage: Stage, namespace: str) -> None:
    one = plain(stage, namespace, "polled")
    assert one.tell("guessed") == 501
    one.push("green")
    one.await_colour("green")
