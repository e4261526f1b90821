"""A Redis server of our own, on loopback, with nothing on disk unless it is asked to keep it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, Self

from bot.errors import Temporary
from bot.sandbox.processes import Process, free_port, listens
from bot.store.connection import connect

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

_WRITTEN: Final = 30.0
_POLL: Final = 0.02


class RedisServer:
    """A running Redis; a context manager."""

    def __init__(self, program: Path, directory: Path) -> None:
        self._program = program
        self._directory = directory
        self._port = free_port()
        self._process: Process | None = None

    @classmethod
    def start(cls, program: Path, directory: Path) -> Self:
        """Start one that answers when this returns."""
        server = cls(program, directory)
        server.restart()
        return server

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"redis://127.0.0.1:{self._port}/0"

    @property
    def pid(self) -> int:
        """Its process id; 0 while it does not run."""
        return self._process.pid if self._process is not None else 0

    def restart(self) -> None:
        """Start again on the same port, empty."""
        self._start(appending=False)

    def keep(self) -> None:
        """Write down what it holds, from now on: it survives a kill of the process, and `resume` has it again."""
        connection = connect(self.url)
        connection.config_set("appendonly", "yes")
        end = time.monotonic() + _WRITTEN
        while connection.info("persistence")["aof_rewrite_in_progress"]:
            if time.monotonic() > end:
                raise Temporary(f"Redis did not write down what it holds within {_WRITTEN:.0f} s")
            time.sleep(_POLL)

    def resume(self) -> None:
        """Start again on the same port, with what `keep` has written down."""
        self._start(appending=True)

    def _start(self, *, appending: bool) -> None:
        self.stop()
        kept = ["--appendonly", "yes" if appending else "no"]
        options = ["--port", str(self._port), "--bind", "127.0.0.1", "--save", "", *kept]
        self._process = Process.start(
            [self._program, *options, "--dir", str(self._directory)], log=self._directory / "redis.log"
        )
        self._process.wait_until(lambda: listens(self._port), deadline=10.0)

    def keep_running(self) -> None:
        """Start it again if it has ended, empty."""
        if self._process is not None and not self._process.running:
            self.restart()

    def kill(self) -> None:
        """End it at once, with all it holds."""
        if self._process is not None:
            self._process.kill()

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.stop()
            self._process = None

    def __enter__(self) -> Self:
        """Return the server, which runs already."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        self.stop()
