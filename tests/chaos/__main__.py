"""`make chaos`: strike each fault once, or draw them for many rounds; show the events of what broke a rule."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from bot.sandbox.toolchain import programs
from tests.chaos.faults import FAULTS, Fault
from tests.chaos.rounds import SHORT, strike
from tests.chaos.world import created


def main() -> int:
    """Run the rounds; return 1 when a rule was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    parser.add_argument("--rounds", type=int, default=0, help="of faults that are drawn; else each is struck once")
    parser.add_argument("--applications", type=int, default=0, help="by default 4, and 12 where faults are drawn")
    parser.add_argument("--fault", default="", help="only faults whose name has this in it")
    asked = parser.parse_args()
    draw = random.Random(asked.seed)  # noqa: S311 - faults, not secrets
    rounds = list(_rounds(draw, asked.rounds, [fault for fault in FAULTS if asked.fault in fault.name]))
    count = asked.applications or (12 if asked.rounds else 4)
    say(f"seed {asked.seed}, {len(rounds)} rounds, {count} applications")
    with (
        tempfile.TemporaryDirectory(prefix="foresail-chaos-") as name,
        created(programs(), Path(name), count=count) as world,
    ):
        for number, struck in enumerate(rounds, 1):
            after = draw.randrange(0, 2 * count)
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


def _rounds(draw: random.Random, count: int, chosen: Sequence[Fault]) -> Iterator[list[Fault]]:
    """Yield what is struck in each round: so many that are drawn, or without a number all that is chosen, once."""
    if count:
        yield from ([draw.choice(chosen) for _ in range(draw.choice((1, 1, 2)))] for _ in range(count))
        return
    for names in draw.sample(SHORT, len(SHORT)):
        if struck := [fault for name in names for fault in chosen if fault.name == name]:
            yield struck


def say(words: str) -> None:
    """Tell whoever runs it."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
