"""`make chaos`: strike faults, drawn by a seed, for as many rounds as asked; show the events of what broke a rule."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from bot.sandbox.toolchain import programs
from tests.chaos.faults import FAULTS
from tests.chaos.rounds import strike
from tests.chaos.world import created


def main() -> int:
    """Run the rounds; return 1 when a rule was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--applications", type=int, default=12)
    parser.add_argument("--fault", default="", help="only faults whose name has this in it")
    asked = parser.parse_args()
    say(f"seed {asked.seed}, {asked.rounds} rounds, {asked.applications} applications")
    draw = random.Random(asked.seed)  # noqa: S311 - faults, not secrets
    chosen = [fault for fault in FAULTS if asked.fault in fault.name]
    with (
        tempfile.TemporaryDirectory(prefix="foresail-chaos-") as name,
        created(programs(), Path(name), count=asked.applications) as world,
    ):
        for number in range(1, asked.rounds + 1):
            struck = [draw.choice(chosen) for _ in range(draw.choice((1, 1, 2)))]
            after = draw.randrange(0, 2 * asked.applications)
            began = time.monotonic()
            strike(world, struck, after=after)
            took = time.monotonic() - began
            say(f"round {number}: {' and '.join(map(str, struck))}, after {after} applies: {took:.1f} s")
            if broken := list(map(str, world.violations())):
                say("\n".join([f"seed {asked.seed}, round {number}:", *broken, world.told()]))
                return 1
        story = world.story()
        operations = [one for several in story.operations.values() for one in several]
        acts = sum(len(one.acts) for one in operations)
        say(f"every rule holds for {len(story.writes)} writes: {len(operations)} operations, {acts} acts of theirs")
    return 0


def say(words: str) -> None:
    """Tell whoever runs it."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
