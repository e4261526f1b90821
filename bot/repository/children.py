"""Child processes that render, as their parent sees them: started, asked with a time limit, ended, cleaned up after."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self

import orjson

from bot.repository import frames

_PREFIX: Final = "foresail-render-"
_LEFT_ALONE: Final = 60.0
"""Seconds in which a folder may not be locked yet."""
_ROOT: Final = str(Path(__file__).resolve().parents[2])
_START: Final = (
    "import importlib, sys; sys.path.insert(0, sys.argv[1]); importlib.import_module(sys.argv[2]).main(sys.argv[3])"
)
RENDERING: Final = "bot.repository.child"
_START_SECONDS: Final = 30.0
"""A busy machine may need a while to start an interpreter; usually it is 0.15 s."""


class ChildLostError(Exception):
    """The child gave no answer that can be used; it has to be replaced."""


class ChildSlowError(ChildLostError):
    """The child took longer than it may."""


class _Home:
    """A child's folder, locked as long as its parent lives, so that others can tell when it is left over."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=_PREFIX))
        self._lock = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def remove(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def sweep() -> None:
    """Remove the folders of children whose parent was killed before it could."""
    for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        try:
            if time.time() - path.stat().st_mtime < _LEFT_ALONE:
                continue
            opened = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError:
            continue  # gone, or somebody else's
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path, ignore_errors=True)
        except BlockingIOError:
            continue
        finally:
            os.close(opened)


class Child:
    """One warm child.

    Start it from a thread that lives as long as it should: the kernel ends it with that thread.
    """

    def __init__(self, process: subprocess.Popen[bytes], channel: socket.socket, home: _Home) -> None:
        self._process = process
        self._channel = channel
        self._home = home
        self.answered = 0
        """Requests it has answered."""
        self.confined: dict[str, Any] = {}
        """What it could give up: `network`, `files`."""

    @classmethod
    def start(cls, *, timeout: float, setup: Mapping[str, Any] | None = None, main: str = RENDERING) -> Self:
        """Start an interpreter with an empty environment, a home of its own and nothing but a socket to us.

        It runs `main` of the module of that name, which is told of `setup`. Raises ChildLostError when it does not
        come up.
        """
        home = _Home()
        ours, theirs = socket.socketpair()
        told = {**(setup or {}), "parent": os.getpid(), "timeout": timeout}
        try:
            process = subprocess.Popen(
                [sys.executable, "-I", "-c", _START, _ROOT, main, orjson.dumps(told).decode()],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd=home.path,
                env={"HOME": str(home.path), "TMPDIR": str(home.path)},
                start_new_session=True,
            )
        except OSError as error:
            home.remove()
            ours.close()
            raise ChildLostError(f"it cannot be started: {error}") from error
        finally:
            theirs.close()
        child = cls(process, ours, home)
        try:
            child.confined = child._receive(time.monotonic() + _START_SECONDS)
        except ChildLostError:
            child.kill()
            raise
        return child

    def ask(self, request: bytes, timeout: float) -> dict[str, Any]:
        """Send a framed request and return the answer; ChildLostError when there is none within `timeout` seconds."""
        end = time.monotonic() + timeout
        try:
            self._channel.settimeout(timeout)
            self._channel.sendall(request)
        except TimeoutError:
            raise ChildSlowError from None
        except OSError as error:
            raise ChildLostError(self._how_it_ended()) from error
        answer = self._receive(end)
        self.answered += 1
        return answer

    def kill(self) -> None:
        """End it and everything it started, and remove its files."""
        if self._process.returncode is None:
            # Not reaped yet, so that the number is still its own.
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._channel.close()
        self._home.remove()

    def _receive(self, end: float) -> dict[str, Any]:
        def read(size: int) -> bytes:
            self._channel.settimeout(max(0.001, end - time.monotonic()))
            return self._channel.recv(size)

        try:
            answer = frames.receive(read)
        except TimeoutError:
            raise ChildSlowError from None
        except (OSError, ValueError) as error:
            raise ChildLostError(str(error)) from error
        if answer is None:
            raise ChildLostError(self._how_it_ended())
        return answer

    def _how_it_ended(self) -> str:
        try:
            code = self._process.wait(1.0)
        except subprocess.TimeoutExpired:
            return "it stopped answering"
        if code >= 0:
            return f"it ended with {code}"
        # How Go, which jsonnet runs in, ends what cannot have more memory.
        why = ", which mostly means that it ran out of memory" if code == -signal.SIGABRT else ""
        return f"it was ended by {signal.Signals(-code).name}{why}"
