"""Each fault once over a small workload: every operation ends once and right. `make chaos` draws them at random."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.sandbox.toolchain import Programs
from tests.chaos.faults import FAULTS
from tests.chaos.rounds import SHORT, strike
from tests.chaos.world import World, created


@pytest.fixture(scope="module")
def world(programs: Programs, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with created(programs, tmp_path_factory.mktemp("chaos"), count=4) as one:
        yield one


def test_every_fault_is_struck() -> None:
    assert sorted(name for struck in SHORT for name in struck) == sorted(fault.name for fault in FAULTS)


@pytest.mark.parametrize("names", SHORT, ids="; ".join)
def test_every_operation_ends_once_and_right(world: World, names: tuple[str, ...]) -> None:
    struck = [fault for name in names for fault in FAULTS if fault.name == name]
    strike(world, struck, after=len(world.chosen))
    assert "\n".join(map(str, world.violations())) == ""
