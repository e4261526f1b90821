"""What is asked for at a check comes to the changes of its commit, from checks of this installation alone."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from bot.model import jobs
from bot.model.checks import Button
from bot.model.events import CheckPressed
from bot.sandbox.forge.people import SOMEBODY
from tests.integration.workers.desk import Desk
from workers import press


@pytest.mark.parametrize(
    ("check", "button", "asked"),
    [
        ("foresail/sync/shop", Button.HOLD, {"command"}),
        ("foresail/preview", Button.HOLD, {"command"}),
        ("foresail/preview", None, {"preview"}),
        ("foresail/sync", None, {"preview", "notify"}),
        ("", None, {"preview"}),
        ("foresail-test/sync/shop", Button.HOLD, set()),
        ("foresail-test/preview", None, set()),
    ],
)
def test_a_check_of_another_installation_asks_nothing_of_this_one(
    desk: Desk, check: str, button: Button | None, asked: set[str]
) -> None:
    services, hosted = desk.services, desk.repository
    repository = services.forge.repository(hosted.full_name)
    head = hosted.push("one", {"deploy/one.yaml": "# 1"})
    number = hosted.open_pull_request(head="one", title="One").number
    hosted.grant(SOMEBODY, "write")
    pressed = CheckPressed(repository, head, SOMEBODY, check, button=button, id=-5)

    desk.do(press.run, jobs.press(pressed))

    possible = {
        "command": jobs.command_at(asdict(pressed), number, ""),
        "preview": jobs.preview(repository, number),
        "notify": jobs.notify(repository.full_name, head),
    }
    assert {name for name, request in possible.items() if services.queue.has(request)} == asked
