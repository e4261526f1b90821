"""How many generated changes were predicted, carried out and compared, and in how many something differed."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Final

import structlog
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from bot.sandbox.control_plane.cluster import ControlPlane
from bot.sandbox.redis import RedisServer
from tests.fidelity.changes import Change, changes
from tests.fidelity.fleet import Fleet
from tests.fidelity.smallest import smallest
from tests.fidelity.verdict import differences

if TYPE_CHECKING:
    from pathlib import Path

    from bot.sandbox.toolchain import Programs

_BATCHES: Final = 20
_BATCH: Final = 20
"""Changes that are previewed and synced together: applications of one commit."""


def measure(programs: Programs, directory: Path, *, start: int) -> dict[str, float]:
    """Carry out changes that no run before has had, and return how many they were and in how many something differed.

    `start` seeds what is generated; what differs is printed, so that it can become a case of the suite.
    """
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    directory.mkdir()
    counted = {"changes": 0, "differences": 0}
    with (
        ControlPlane.start(programs, directory / "plane", nodes=0) as plane,
        RedisServer.start(programs.redis_server, directory) as redis,
    ):
        fleet = Fleet(programs, plane, redis.url, directory)

        @seed(start)
        @settings(
            max_examples=_BATCHES,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(st.lists(changes(), min_size=_BATCH, max_size=_BATCH))
        def carry_out(several: list[Change]) -> None:
            for outcome in fleet.carry_out(several):
                found = differences(outcome)
                counted["changes"] += 1
                counted["differences"] += bool(found)
                if found:
                    words = "\n".join(found)
                    sys.stderr.write(
                        f"{words}\n    {outcome.change}\n    smallest: {smallest(fleet, outcome.change)}\n"
                    )

        carry_out()
        fleet.close()
    return {name: float(count) for name, count in counted.items()}
