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
from bot.model.jobs import QUEUES, RENDER_QUEUE
from bot.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

_PR_SET_PDEATHSIG: Final = 1
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
    if asked.command == "controller":
        from workers.controller import run

        return run()
    if len(asked.queue) > 1:
        Settings.from_environment(os.environ)  # said once here, not once by each process
        return _one_process_each(asked.queue, burst=asked.burst)
    if asked.queue == [RENDER_QUEUE]:
        from workers import render

        render.work(burst=asked.burst)
        return 0
    from workers.runtime import work

    work(asked.queue[0], burst=asked.burst)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m workers", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="take jobs, one process for each queue named")
    run.add_argument("queue", nargs="+", choices=QUEUES)
    run.add_argument("--burst", action="store_true", help="end when the queue is empty")
    commands.add_parser("controller", help="watch the clusters and queue what has become due; run one or more")
    return parser


def _one_process_each(queues: Sequence[str], *, burst: bool) -> int:
    """Run a process for each queue; when one ends, ask the others to end too, so that a supervisor starts all anew.

    Return 0 when they ended because somebody asked, or, with `burst`, because the queues are empty.
    """
    command, options = [sys.executable, "-m", "workers", "run"], ["--burst"] if burst else []
    children = [
        subprocess.Popen([*command, queue, *options], preexec_fn=_end_with_parent)  # noqa: PLW1509 - one system call, before any thread exists
        for queue in queues
    ]
    asked = False

    def stop(_number: int, _frame: object) -> None:
        nonlocal asked
        asked = True
        _terminate(children)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    if not burst:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
        if not asked:
            _terminate(children)
    codes = [child.wait() for child in children]
    return 0 if not any(codes) and (asked or burst) else 1


def _terminate(children: Sequence[subprocess.Popen[bytes]]) -> None:
    for child in children:
        child.terminate()


def _share_heaps() -> None:
    """Keep the C library from giving each thread a heap of its own: what one has freed the others then never use."""
    if (mallopt := getattr(ctypes.CDLL(None), "mallopt", None)) is not None:  # musl has none, and no such heaps
        mallopt(_M_ARENA_MAX, 2)


def _end_with_parent() -> None:
    """Have the kernel end this process when its parent does, however that ends (prctl(2))."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
