"""Each fault once over a small workload: every operation ends once and right. `make chaos` draws them at random."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.sandbox.toolchain import Programs
from tests.chaos.faults import FAULTS
from tests.chaos.rounds import strike
from tests.chaos.world import World, created

ROUNDS = (
    (
        "a worker is killed",
        "somebody edits what is healed",
        "Redis is killed and starts with its data",
        "watches are cut",
        "a controller is stopped for a while",
    ),
    ("the controllers are killed", "Applications change under every update", "answers are lost"),
    ("the API server is killed", "the other worker is killed", "the API server is too busy"),
    ("a clock is ahead", "the other clock is behind", "Redis is killed and starts empty"),
    ("every clock is ahead", "a worker is stopped for a while", "all workers are killed"),
    ("etcd is stopped for 20 s", "everything is killed"),
)
"""Faults that are struck one after the other during one push, each in the middle of what is left to be done."""


@pytest.fixture(scope="module")
def world(programs: Programs, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with created(programs, tmp_path_factory.mktemp("chaos"), count=4) as one:
        yield one


def test_every_fault_is_struck() -> None:
    assert sorted(name for struck in ROUNDS for name in struck) == sorted(fault.name for fault in FAULTS)


@pytest.mark.parametrize("names", ROUNDS, ids="; ".join)
def test_every_operation_ends_once_and_right(world: World, names: tuple[str, ...]) -> None:
    struck = [fault for name in names for fault in FAULTS if fault.name == name]
    strike(world, struck, after=len(world.chosen))
    assert "\n".join(map(str, world.violations())) == ""
