"""Child processes that are ours: started with a log, awaited with a deadline, ended by pid, gone when we are."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bot.errors import Temporary

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_TAIL: Final = 2000
_POLL: Final = 0.02
_GRACE: Final = 10.0

_DIE_WITH_PARENT: Final = (
    "import ctypes, os, sys; ctypes.CDLL(None).prctl(1, 9); "  # PR_SET_PDEATHSIG, SIGKILL: prctl(2)
    "os.execvp(sys.argv[1], sys.argv[1:])"
)


class Process:
    """One child process. Start it from a thread that lives as long as it should: Linux ties the two together."""

    def __init__(self, child: subprocess.Popen[bytes], *, name: str, log: Path) -> None:
        self._child = child
        self.name = name
        self.log = log

    @classmethod
    def start(
        cls, argv: Sequence[str | Path], *, log: Path, env: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> Process:
        """Start a program in its own process group; its output goes to `log`."""
        command = [sys.executable, "-I", "-S", "-c", _DIE_WITH_PARENT, *map(str, argv)]
        with log.open("ab") as output:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(os.environ if env is None else env),
                cwd=cwd,
                start_new_session=True,
            )
        return cls(child, name=Path(str(argv[0])).name, log=log)

    @property
    def pid(self) -> int:
        """Its process id, and its group's."""
        return self._child.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._child.poll() is None

    @property
    def exit_status(self) -> int | None:
        """What it ended with, negative the signal that ended it; None while it runs."""
        return self._child.poll()

    def wait_until(self, ready: Callable[[], bool], *, deadline: float) -> None:
        """Return once `ready()` holds; Temporary, with the log's end, when it ends first or `deadline` passes."""
        end = time.monotonic() + deadline
        while not ready():
            if not self.running:
                raise Temporary(f"{self.name} ended with {self._child.returncode}: {self.tail()}")
            if time.monotonic() > end:
                raise Temporary(f"{self.name} was not ready within {deadline:.0f} s: {self.tail()}")
            time.sleep(_POLL)

    def tail(self) -> str:
        """Return the end of its log."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-_TAIL:]

    def stop(self) -> None:
        """Ask it to end, then insist."""
        if self.running:
            self._signal(signal.SIGTERM)
            try:
                self._child.wait(_GRACE)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """End it at once, children included."""
        if self.running:
            self._signal(signal.SIGKILL)
        self._child.wait()

    def _signal(self, number: signal.Signals) -> None:
        try:
            os.killpg(self._child.pid, number)
        except ProcessLookupError:
            return


def free_port() -> int:
    """Return a loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    """Whether somebody accepts connections on a loopback port."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0
