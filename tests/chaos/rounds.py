"""One push, and what is struck while it is carried out."""

from __future__ import annotations

from collections.abc import Sequence

from tests.chaos.faults import Fault
from tests.chaos.world import World


def strike(world: World, struck: Sequence[Fault], *, after: int) -> None:
    """Push, strike once so many objects were written to, and wait until all has arrived."""
    before = world.acts
    commit = world.push()
    world.until(lambda: world.acts >= before + after, what=f"{after} applies")
    for fault in struck:
        fault.strike(world)
    world.until(lambda: world.has_arrived(commit), what=f"commit {commit[:7]}")
    world.until(lambda: not world.differences(), what="the cluster as Git has it")
    world.until(lambda: world.has_arrived(commit), what=f"the rest at {commit[:7]}")
    world.proxy.calm()
