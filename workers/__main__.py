"""`python -m workers run QUEUE…` takes jobs; `python -m workers run controller` watches the clusters."""

from __future__ import annotations

import argparse
import ctypes
import os
import sys
from typing import TYPE_CHECKING, Final

from bot.errors import ForesailError
from bot.logs import configure_logs
from bot.model.jobs import QUEUES, RENDER_QUEUE
from bot.settings import Settings
from bot.store.connection import connect
from bot.store.queue import Queue

if TYPE_CHECKING:
    from collections.abc import Sequence

CONTROLLER: Final = "controller"
_M_ARENA_MAX: Final = -8


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line names and return the process's exit code."""
    asked = _parser().parse_args(arguments)
    configure_logs()
    _share_heaps()
    try:
        return _run(asked)
    except ForesailError as error:
        remedy = getattr(error, "remedy", "")
        sys.stderr.write(f"{error} ({remedy})\n" if remedy else f"{error}\n")
        return 1


def _run(asked: argparse.Namespace) -> int:
    if len(asked.role) > 1:
        from workers import together

        settings = Settings.from_environment(os.environ)  # said once here, not once by each process
        more = together.Help(Queue(connect(settings.redis_url)).waiting, most=settings.workers_per_queue - 1)
        return together.run(asked.role, _work, burst=asked.burst, more=more)
    return _work(asked.role[0], burst=asked.burst)


def _work(role: str, *, burst: bool) -> int:
    if role == CONTROLLER:
        from workers.controller import run

        return run()
    if role == RENDER_QUEUE:
        from workers import render

        render.work(burst=burst)
        return 0
    from workers.runtime import work

    work(role, burst=burst)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m workers", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="take jobs, or decide when there are some: one process for each role named")
    run.add_argument(
        "role",
        nargs="+",
        choices=[*QUEUES, CONTROLLER],
        help="a queue whose jobs are taken, or what watches the clusters and queues what has become due",
    )
    run.add_argument("--burst", action="store_true", help="end when the queue is empty")
    return parser


def _share_heaps() -> None:
    """Keep the C library from giving each thread a heap of its own: what one has freed the others then never use."""
    if (mallopt := getattr(ctypes.CDLL(None), "mallopt", None)) is not None:  # musl has none, and no such heaps
        mallopt(_M_ARENA_MAX, 2)


if __name__ == "__main__":
    sys.exit(main())
