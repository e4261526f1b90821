"""Previews begin at a pace, and nobody takes turns whose change is not rendered."""

from __future__ import annotations

import inspect

from bot.model.jobs import preview
from bot.services import Services
from bot.settings import Settings
from tests.integration.workers.desk import Desk
from workers import preview as previewing


def test_pushing_to_a_fork_again_and_again_takes_one_turn(desk: Desk) -> None:
    fork = desk.stage.github.create_fork("acme/shop", "mallory")
    fork.push("patch", {"deploy/a.yaml": ""})
    number = desk.repository.open_pull_request(head="mallory:patch").number
    one_a_minute = {"FORESAIL_FORGE_PREVIEWS_PER_MINUTE": "1"}
    services = Services.build(Settings.from_environment({**desk.stage.settings(desk.repository), **one_a_minute}))
    repository = services.forge.repository("acme/shop")
    for turn in range(3):
        fork.push("patch", {"deploy/a.yaml": f"turn: {turn}\n"})
        inspect.unwrap(previewing.run)(services, preview(repository, number).payload)
    assert len(desk.repository.comments(number)) == 1
    services.close()
