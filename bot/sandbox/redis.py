"""A Redis server of our own, on loopback, with nothing on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from bot.sandbox.processes import Process, free_port, listens

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType


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
        self.stop()
        options = ["--port", str(self._port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
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
