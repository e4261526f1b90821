"""Long steps shown to whoever waits: what is done, how long it has taken, how long it usually takes.

Standard library only: it is needed before any package is installed.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from bot.errors import Rejected
from bot.sandbox.processes import Process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

_POLL: Final = 0.1
_EVERY: Final = 20.0
"""Seconds between two lines where nothing can be redrawn: a log that stays silent for longer looks dead."""
_DETAIL: Final = 60
"""Characters of the program's own last line that are shown."""
_LINES: Final = 8
"""Lines of a failed program's output that are shown."""
_SPINNER: Final = "|/-\\"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that takes long."""

    words: str
    """What is done: `building etcd`."""
    usually: float
    """Seconds it takes on two cores."""
    limit: float
    """Seconds after which it is given up."""
    remedy: str
    """What to do when it fails, one sentence."""


class Display:
    """Tells of one step: a line redrawn in place on a terminal, elsewhere a line now and then."""

    def __init__(self, step: Step, stream: IO[str], *, terminal: bool) -> None:
        self._step = step
        self._stream = stream
        self._terminal = terminal
        self._told = 0.0
        self._ticks = 0

    def begin(self) -> None:
        """Say what is done and how long it usually takes."""
        if not self._terminal:
            self._line(f"{self._step.words}; usually {clock(self._step.usually)}")

    def tick(self, elapsed: float, detail: str = "") -> None:
        """Say how far it is; `elapsed` in seconds, `detail` the program's own last words."""
        self._ticks += 1
        words = f"{self._step.words}: {clock(elapsed)}, usually {clock(self._step.usually)}"
        tail = f"  {_printable(detail)}" if detail else ""
        if self._terminal:
            width = shutil.get_terminal_size().columns - 1
            line = f"{_SPINNER[self._ticks % len(_SPINNER)]} {words}{tail}"[:width]
            self._stream.write(f"\r\x1b[K{line}")
            self._stream.flush()
        elif elapsed - self._told >= _EVERY:
            self._told = elapsed
            self._line(f"  {words}{tail}")

    def end(self, elapsed: float, *, done: bool) -> None:
        """Say that it is over."""
        if self._terminal:
            self._stream.write("\r\x1b[K")
        self._line(f"{self._step.words}: {'done' if done else 'failed'} after {clock(elapsed)}")

    def _line(self, words: str) -> None:
        self._stream.write(f"{words}\n")
        self._stream.flush()


def clock(seconds: float) -> str:
    """Return a length of time as `0:07` or `12:34`."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"


def carry_out(
    step: Step,
    argv: Sequence[str | Path],
    *,
    log: Path,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> None:
    """Run one program to its end, shown on standard error; its output goes to `log`.

    Raises Rejected with the end of the log when it fails or takes longer than the step's limit.
    """
    try:
        process = Process.start(argv, log=log, env=env, cwd=cwd)
    except OSError as error:
        raise Rejected(f"{step.words}: {error}", remedy=step.remedy) from error
    try:
        ended = _shown(
            step,
            lambda: not process.running,
            detail=lambda: last_line(log),
            succeeded=lambda: process.exit_status == 0,
        )
    finally:
        process.kill()
    if not ended:
        raise Rejected(f"{step.words} took more than {clock(step.limit)}:\n{_end(process)}", remedy=step.remedy)
    if process.exit_status != 0:
        raise Rejected(f"{step.words} failed:\n{_end(process)}", remedy=step.remedy)


def _end(process: Process) -> str:
    return "\n".join(f"  {line}" for line in process.tail().strip().splitlines()[-_LINES:])


@contextmanager
def locked(path: Path, *, step: Step) -> Iterator[None]:
    """Hold a lock between processes; it ends with the process that holds it. Whoever waits is shown `step`.

    Raises Rejected after the step's limit.
    """
    handle = os.open(path, os.O_RDONLY | (0 if path.is_dir() else os.O_CREAT), 0o644)
    try:
        if not _taken(handle) and not _shown(step, lambda: _taken(handle)):
            raise Rejected(f"{step.words} took more than {clock(step.limit)} ({path})", remedy=step.remedy)
        yield
    finally:
        os.close(handle)


def _taken(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _shown(
    step: Step,
    over: Callable[[], bool],
    *,
    detail: Callable[[], str] = str,
    succeeded: Callable[[], bool] = lambda: True,
) -> bool:
    """Show a step until it is over; False when its limit came first."""
    display = Display(step, sys.stderr, terminal=sys.stderr.isatty())
    display.begin()
    started = time.monotonic()
    elapsed = 0.0
    done = False
    try:
        while not (done := over()) and elapsed < step.limit:
            elapsed = time.monotonic() - started
            display.tick(elapsed, detail())
            time.sleep(_POLL)
    finally:
        display.end(time.monotonic() - started, done=done and succeeded())
    return done


def last_line(log: Path) -> str:
    """Return the last line of a log that says something; empty when there is none."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 2048))
        lines = file.read().decode("utf-8", errors="replace").splitlines()
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def _printable(words: str) -> str:
    return "".join(character for character in words if character.isprintable())[:_DETAIL]
