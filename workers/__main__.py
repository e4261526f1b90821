"""`python -m workers run QUEUE…` takes jobs; `python -m workers controller` watches the clusters."""

from __future__ import annotations

import argparse
import ctypes
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Final

from bot.errors import ForesailError
from bot.logs import configure_logs
from bot.model.jobs import QUEUES

if TYPE_CHECKING:
    from collections.abc import Sequence

_PR_SET_PDEATHSIG: Final = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line names and return the process's exit code."""
    asked = _parser().parse_args(arguments)
    configure_logs()
    try:
        if asked.command == "controller":
            from workers.controller import run

            return run()
        if len(asked.queue) > 1:
            return _one_process_each(asked.queue)
        from workers.runtime import work

        work(asked.queue[0], burst=asked.burst)
    except ForesailError as error:
        sys.stderr.write(f"{error}\n{getattr(error, 'remedy', '')}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m workers", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="take jobs, one process for each queue named")
    run.add_argument("queue", nargs="+", choices=QUEUES)
    run.add_argument("--burst", action="store_true", help="end when the queue is empty")
    commands.add_parser("controller", help="watch the clusters and queue what has become due; run one or more")
    return parser


def _one_process_each(queues: Sequence[str]) -> int:
    """Run a process for each queue; when one ends, ask the others to end too, so that a supervisor starts all anew."""
    children = [
        subprocess.Popen([sys.executable, "-m", "workers", "run", queue], preexec_fn=_end_with_parent)  # noqa: PLW1509 - one system call, before any thread exists
        for queue in queues
    ]

    def stop(_number: int, _frame: object) -> None:
        for child in children:
            child.terminate()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    _, status = os.wait()
    stop(0, None)
    for child in children:
        child.wait()
    return os.waitstatus_to_exitcode(status)


def _end_with_parent() -> None:
    """Have the kernel end this process when its parent does, however that ends (prctl(2))."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
