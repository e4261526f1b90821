"""Several processes as forks of one that has imported everything: what all of them need lies in memory once.

Imports are four fifths of what an idle process takes. A fork shares them with its parent for as long as neither writes
to them, and hardly anybody does: Python's reference counts move in what is used, garbage collection skips what is
frozen. Nothing else is shared: services, connections and threads come after the fork.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import os
import pkgutil
import signal
from typing import TYPE_CHECKING, Final

import bot
import workers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_PR_SET_PDEATHSIG: Final = 1
_CHILDREN: Final = ("bot.repository.child", "bot.repository.health", "bot.repository.policies")
"""What mostly confined children use, in processes of their own."""
_ELSEWHERE: Final = ("bot.cli", "bot.sandbox", "bot.web", "workers.__main__", *_CHILDREN)


def run(roles: Sequence[str], work: Callable[[str], int], *, burst: bool) -> int:
    """Run a process for each role; when one ends, ask the others to end too, so that a supervisor starts all anew.

    Return 0 when they ended because somebody asked, or, with `burst`, because their queues are empty. In each of the
    new processes it returns what `work` does.
    """
    _import_all()
    parent, children = os.getpid(), list[int]()
    for role in roles:
        child = os.fork()
        if not child:
            _end_with(parent)
            return work(role)
        children.append(child)
    return _supervise(children, burst=burst)


def _supervise(children: Sequence[int], *, burst: bool) -> int:
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
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    return 0 if not any(codes) and (asked or burst) else 1


def _terminate(children: Sequence[int]) -> None:
    for child in children:
        os.kill(child, signal.SIGTERM)


def _import_all() -> None:
    for package in (bot, workers):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.startswith(_ELSEWHERE):
                importlib.import_module(module.name)
    gc.collect()
    gc.freeze()


def _end_with(parent: int) -> None:
    """Have the kernel end this process when its parent does, however that ends (prctl(2))."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGTERM)
