"""One push, and what is struck while it is carried out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tests.chaos.faults import Fault
from tests.chaos.world import World

SHORT: Final = (
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
"""Each fault once, in few rounds: those of one are struck one after the other, in what is left to be done of a push.

Who is to be stopped is not killed before.
"""


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
