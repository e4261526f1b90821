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
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

import bot
import workers
from bot.errors import Temporary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

_PR_SET_PDEATHSIG: Final = 1
_CHILDREN: Final = ("bot.repository.child", "bot.repository.health", "bot.repository.policies")
"""What mostly confined children use, in processes of their own."""
_ELSEWHERE: Final = ("bot.cli", "bot.sandbox", "bot.web", "workers.__main__", *_CHILDREN)
_LOOK: Final = 0.25
"""Seconds between two looks at how many jobs wait."""
_SOON: Final = 4
"""Looks in which whoever helps only begins: tokens, discovery and a renderer take half a second of a core."""
_MANY: Final = 20
"""Jobs of one queue that wait from which on another process takes some of them."""
_ENDING: Final = (signal.SIGTERM, signal.SIGINT)
"""Signals that ask all to end."""
_REST: Final = 5.0
"""Seconds after one that failed until the next: one that cannot work would be begun again and again."""


class Work(Protocol):
    """Does what a role is there for and returns the process's exit code; with `burst` until its queue is empty."""

    def __call__(self, role: str, *, burst: bool) -> int:
        """Do it, in a process of its own."""


@dataclass(frozen=True)
class Help:
    """When more processes than one take jobs of a queue: a sync mostly waits for API servers."""

    waiting: Callable[[Sequence[str]], Mapping[str, int]]
    """Says how many jobs wait, by role; roles without a queue are left out. Raises Temporary."""
    most: int
    """Processes of one role beside the one that is always there."""


def run(roles: Sequence[str], work: Work, *, burst: bool, more: Help) -> int:
    """Run a process for each role; when one ends, ask the others to end too, so that a supervisor starts all anew.

    Return 0 when they ended because somebody asked, or, with `burst`, because their queues are empty. In each of the
    new processes it returns what `work` does.
    """
    import_all()
    processes = _Processes(os.getpid(), work)
    for role in roles:
        if (code := processes.start(role, burst=burst)) is not None:
            return code
    return processes.wait() if burst else processes.supervise(roles, more)


@dataclass
class _Processes:
    """The forks of this process."""

    parent: int
    work: Work
    lasting: list[int] = field(default_factory=list)
    helping: dict[int, str] = field(default_factory=dict)
    """Processes that end once their queue is empty, with their roles."""
    rests: dict[str, float] = field(default_factory=dict)
    """Until when, on the monotonic clock, nobody more helps with a role."""
    waited: Mapping[str, int] = field(default_factory=dict)
    """How many jobs waited at the last look, by role."""
    asked: bool = False
    """Whether somebody has asked all to end."""

    def start(self, role: str, *, burst: bool, helps: bool = False) -> int | None:
        """Fork; return None in this process, and in the new one what its work comes to.

        Who is asked to end meanwhile is asked once the new process is known, or has taken leave of the others.
        """
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
        if self.asked:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            return None
        child = os.fork()
        if not child:
            for number in _ENDING:  # ours ends the others, which are not the new one's
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            _end_with(self.parent)
            return self.work(role, burst=burst)
        if helps:
            self.helping[child] = role
        else:
            self.lasting.append(child)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return None

    def supervise(self, roles: Sequence[str], more: Help) -> int:
        """Let others help where many jobs wait, until a lasting one ends or somebody asks."""
        self._heed_signals()
        while True:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT | os.WNOHANG)
            if ended is not None and ended.si_pid in self.lasting:
                break
            if ended is not None:
                self._part_with(ended.si_pid)
            elif not self.asked and (code := self._help(roles, more)) is not None:
                return code
            else:
                time.sleep(_LOOK)
        if not self.asked:
            self._terminate()
        code = self.wait()
        return code if self.asked else 1

    def wait(self) -> int:
        """Wait for the end of all, and return 0 when they ended well."""
        self._heed_signals()
        codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in (*self.lasting, *self.helping)]
        return int(any(codes))

    def _part_with(self, child: int) -> None:
        _, status = os.waitpid(child, 0)
        role = self.helping.pop(child, None)  # none: the first process of a container is given orphans
        if role is not None and os.waitstatus_to_exitcode(status):
            self.rests[role] = time.monotonic() + _REST

    def _help(self, roles: Sequence[str], more: Help) -> int | None:
        """Begin one more process for each role of which many jobs wait; return in it what its work comes to."""
        try:
            waiting = more.waiting(roles)
        except Temporary:  # nothing can be taken then
            return None
        before, self.waited = self.waited, waiting
        helping, now = Counter(self.helping.values()), time.monotonic()
        for role, count in waiting.items():
            if helping[role] >= more.most or now < self.rests.get(role, 0.0):
                continue
            if not takes_long(count, before.get(role), workers=1 + helping[role]):
                continue
            if (code := self.start(role, burst=True, helps=True)) is not None:
                return code
        return None

    def _heed_signals(self) -> None:
        def stop(_number: int, _frame: object) -> None:
            self.asked = True
            self._terminate()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)

    def _terminate(self) -> None:
        for child in (*self.lasting, *self.helping):
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGTERM)


def takes_long(waiting: int, before: int | None, *, workers: int) -> bool:
    """Whether so many jobs wait that others should help: not where all are begun soon, at the pace since the last look.

    `before`: how many waited then; None, when nobody has looked yet.
    """
    return before is not None and waiting >= _MANY * workers and waiting > _SOON * (before - waiting)


def import_all() -> None:
    """Import what any role may need, and have no search for garbage walk it again."""
    for package in (bot, workers):
        for name in _modules(package.__path__, f"{package.__name__}."):
            importlib.import_module(name)
    gc.collect()
    gc.freeze()


def _modules(folders: Iterable[str], prefix: str) -> Iterator[str]:
    """Yield the modules below a package but for those that no worker uses; walk_packages would import even these."""
    for module in pkgutil.iter_modules(folders, prefix):
        if not module.name.startswith(_ELSEWHERE):
            yield module.name
            if module.ispkg:
                yield from _modules(importlib.import_module(module.name).__path__, f"{module.name}.")


def _end_with(parent: int) -> None:
    """Have the kernel end this process when its parent does, however that ends (prctl(2))."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGTERM)
