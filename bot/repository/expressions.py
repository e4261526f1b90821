"""Evaluate jq path expressions that others wrote, in a process of their own that is ended when it takes too long.

libjq can neither be interrupted nor lets other threads run, and a few characters can ask for more than any machine has.
Argo CD allows a second, so do we, of processor time: a busy machine is no reason to refuse an expression. Then the
kernel ends the process, and the next question starts another (40 ms; an answer of a warm one takes 0.05 ms).
"""

from __future__ import annotations

import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
import weakref
from contextlib import suppress
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from bot.errors import Rejected, Temporary
from bot.repository import confinement, frames

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.model.resources import JsonObject

TIMEOUT: Final = 1.0
"""Seconds of processor time for an expression on one object, as Argo CD's `ignore.normalizer.jq.timeout`; the kernel
counts whole seconds, so that it may become two."""
_PATIENCE: Final = 10.0
"""Times as long as that a busy machine may take to give it."""
_MEMORY: Final = 256 << 20
_CREDIT: Final = 30.0
"""Seconds that slow expressions may take altogether: many that just stay below their second are as bad as one."""
_MOST: Final = 10_000
"""Places in one object; more is no selection."""
_START_SECONDS: Final = 30.0
_ROOT: Final = str(Path(__file__).resolve().parents[2])
_START: Final = "import sys; sys.path.insert(0, sys.argv[1]); from bot.repository.expressions import main; main()"
_CHANNEL: Final = 0
_NOWHERE: Final = Path("/dev/null")


class Expressions:
    """Finds what jq path expressions select; safe to use from threads, one question at a time.

    The process is started with the first question, and ends with this object or with the process that has it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child: _Child | None = None
        self._debt = 0.0
        """Seconds that slow answers took lately."""
        self._charged_at = 0.0

    def __call__(self, expression: str, obj: JsonObject) -> Sequence[Sequence[Any]] | None:
        """Return the places that `expression` selects in `obj`; None when it fails on this object.

        Raises Rejected when it is no path expression or takes too long, Temporary when it cannot be evaluated now.
        """
        try:
            question = frames.encode({"expression": expression, "object": obj})
        except TypeError as error:
            raise Rejected("the object is nested too deep, or no JSON") from error
        with self._lock:
            began = time.monotonic()
            try:
                answer = self._answer(question)
            except TimeoutError as error:
                raise Rejected(f"takes longer than {TIMEOUT:g} s on {obj.get('kind', 'an object')}") from error
            except (OSError, ValueError) as error:
                raise Rejected("ends jq, which may use 256 MiB of memory") from error
            finally:
                self._charge(began, time.monotonic())
        if "refused" in answer:
            raise Rejected(answer["refused"])
        return answer["paths"]  # type: ignore[no-any-return] # written by `_answer` below

    def close(self) -> None:
        """End the process; the next question starts another."""
        with self._lock:
            self._let_go()

    def _answer(self, question: bytes) -> dict[str, Any]:
        """Ask once more when the process is gone: what ends it may have been something else than this question."""
        if self._debt > _CREDIT:
            raise Rejected(f"slow expressions have taken {_CREDIT:g} s altogether")
        for last in (False, True):
            try:
                return self._started().ask(question)
            except (OSError, ValueError) as error:
                self._let_go()
                if last or isinstance(error, TimeoutError):
                    raise
        raise AssertionError("the second question is answered or raises")

    def _charge(self, began: float, now: float) -> None:
        """Count what slow answers take, and forget a second of it every ten."""
        self._debt = max(0.0, self._debt - (now - self._charged_at) / 10)
        self._charged_at = now
        if now - began > TIMEOUT / 4:
            self._debt += now - began

    def _started(self) -> _Child:
        # A forked worker must not share its parent's: answers would go to the wrong one.
        if self._child is None or self._child.owner != os.getpid():
            try:
                self._child = _Child.start()
            except OSError as error:
                raise Temporary(f"jq cannot be started: {error}") from error
            weakref.finalize(self, self._child.end)
        return self._child

    def _let_go(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.end()


class _Child:
    """The process as its parent sees it."""

    def __init__(self, process: subprocess.Popen[bytes], channel: socket.socket) -> None:
        self.owner = os.getpid()
        self._process = process
        self._channel = channel

    @classmethod
    def start(cls) -> Self:
        """Start an interpreter without environment and wait until it is confined."""
        ours, theirs = socket.socketpair()
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-I", "-c", _START, _ROOT],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env={},
                start_new_session=True,
            )
        child = cls(process, ours)
        try:
            child._receive(time.monotonic() + _START_SECONDS)
        except (OSError, ValueError):
            child.end()
            raise
        return child

    def ask(self, question: bytes) -> dict[str, Any]:
        """Return the answer; TimeoutError when it takes too long, OSError or ValueError when there is none."""
        end = time.monotonic() + _PATIENCE * TIMEOUT
        self._channel.settimeout(_PATIENCE * TIMEOUT)
        self._channel.sendall(question)
        return self._receive(end)

    def end(self) -> None:
        """Kill it, unless this is a fork of its owner; nothing the second time."""
        if self.owner != os.getpid():
            return
        with suppress(ProcessLookupError):
            self._process.kill()
        self._process.wait()
        self._channel.close()

    def _receive(self, end: float) -> dict[str, Any]:
        def read(size: int) -> bytes:
            self._channel.settimeout(max(0.001, end - time.monotonic()))
            return self._channel.recv(size)

        answer = frames.receive(read)
        if answer is None:
            spent = -self._process.wait(_START_SECONDS) == signal.SIGXCPU
            raise TimeoutError if spent else ConnectionResetError("it has ended")
        return answer


def main() -> None:
    """Answer questions until the parent hangs up; what the kernel can take from this process it takes first."""
    compiled("path(.)")  # loads libjq while files can still be read
    confined = {"network": confinement.leave_network(), "files": confinement.touch_only(_NOWHERE, _NOWHERE)}
    confinement.limit_resources()
    resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY, _MEMORY))
    _send(frames.encode(confined))
    while (question := frames.receive(lambda size: os.read(_CHANNEL, size))) is not None:
        confinement.limit_processor(TIMEOUT)
        _send(frames.encode(_answer(question["expression"], question["object"])))


def _answer(expression: str, obj: JsonObject) -> JsonObject:
    try:
        program = compiled(expression)
    except ValueError as error:
        return {"refused": _reason(error)}
    try:
        paths = list(islice(program.input_value(obj), _MOST + 1))
    except ValueError as error:
        return {"refused": "it is no path"} if "Invalid path expression" in str(error) else {"paths": None}
    if len(paths) > _MOST:
        return {"refused": f"it selects more than {_MOST:,} places"}
    return {"paths": paths}


@lru_cache(maxsize=512)
def compiled(expression: str) -> Any:
    """Return the program that lists what an expression selects; ValueError in jq's words when it is none."""
    import jq  # only the child needs it

    return jq.compile(f"path({expression}\n)")


def _reason(error: ValueError) -> str:
    first = str(error).splitlines()[0] if str(error) else "no jq expression"
    return first.removeprefix("jq: error: ").partition(" at <top-level>")[0]


def _send(message: bytes) -> None:
    view = memoryview(message)
    while view:
        view = view[os.write(_CHANNEL, view) :]
