"""Previews begin at a pace, and nobody takes turns whose change is not rendered."""

from __future__ import annotations

import inspect
from contextlib import suppress

import pytest

from bot.errors import Paced
from bot.model.jobs import preview
from bot.services import Services
from bot.settings import Settings
from tests.functional.conftest import config_map
from tests.integration.workers.desk import Desk
from workers import preview as previewing
from workers.telling.statuses import TURN, context
from workers.telling.turns import AGAIN, LONG, TELLS


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


def test_a_preview_that_waits_for_long_says_so_until_it_begins(desk: Desk) -> None:
    hosted = desk.repository
    for name in ("told", "not-yet"):
        hosted.push(name, {f"deploy/{name}.yaml": config_map(name, COLOUR="blue")})
    told, not_yet = (hosted.open_pull_request(head=name).number for name in ("told", "not-yet"))
    one_a_minute = {"FORESAIL_FORGE_PREVIEWS_PER_MINUTE": "1"}
    services = Services.build(Settings.from_environment({**desk.stage.settings(hosted), **one_a_minute}))
    repository = services.forge.repository("acme/shop")
    for before in range(101, 106):
        with suppress(Paced):
            services.forge.begin_preview(repository, before)

    def waits(number: int) -> float:
        with pytest.raises(Paced) as later:
            inspect.unwrap(previewing.run)(services, preview(repository, number).payload)
        return later.value.retry_after

    assert waits(told) > LONG
    said = hosted.statuses(hosted.head("told"))[context(services)]
    assert (said.state, TURN in str(said.description)) == ("pending", True)
    asked = len(desk.stage.github.requests)
    services.memory.first_within(TELLS, seconds=600.0)  # somebody has just been told
    assert waits(not_yet) == AGAIN, "it comes back to be told"
    assert len(desk.stage.github.requests) == asked

    desk.do(previewing.run, preview(repository, told))  # its turn has come
    assert hosted.statuses(hosted.head("told"))[context(services)].state == "success"
    services.close()
