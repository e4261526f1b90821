"""A whole Foresail of its own processes, as the Procfile starts them: web, one worker a queue, controller."""

from __future__ import annotations

import os
import sys
import urllib.error
import urllib.request
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from bot.model.jobs import QUEUES, RENDER_QUEUE
from bot.sandbox.processes import Process, free_port
from bot.settings import RenderMode

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

ROOT: Final = Path(__file__).resolve().parents[2]
_READY: Final = 30.0


class Foresail:
    """A running Foresail; a context manager. Each process can be killed and started again by its name.

    With `together` all but the web process are forks of one, `worker`: the smallest installation there is.
    """

    def __init__(self, directory: Path, settings: Mapping[str, str], *, together: bool = False) -> None:
        self._directory = directory
        self._together = together
        self._settings = dict(settings)
        self._processes: dict[str, Process] = {}
        self.port = free_port()

    @classmethod
    def start(
        cls, directory: Path, settings: Mapping[str, str], *, only: tuple[str, ...] = (), together: bool = False
    ) -> Self:
        """Start it with `FORESAIL_` settings; it takes webhooks when this returns. `only` names processes."""
        directory.mkdir(parents=True, exist_ok=True)
        foresail = cls(directory, settings, together=together)
        try:
            for name in only or foresail.names:
                foresail.restart(name)
        except BaseException:
            foresail.stop()
            raise
        return foresail

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its processes: `web`, one for each queue that its settings have jobs for, `controller`."""
        return ("web", "worker") if self._together else ("web", *self._roles)

    @property
    def _roles(self) -> tuple[str, ...]:
        renders = self._settings.get("FORESAIL_RENDER") == RenderMode.QUEUE
        return (*(queue for queue in QUEUES if renders or queue != RENDER_QUEUE), "controller")

    @property
    def url(self) -> str:
        """Where the web process answers."""
        return f"http://127.0.0.1:{self.port}"

    def restart(self, name: str) -> None:
        """Start a process, anew if it runs; the web process answers when this returns."""
        if name in self._processes:
            self._processes[name].stop()
        log = self._directory / f"{name}.log"
        self._processes[name] = Process.start(self._command(name), log=log, env=self._environment(), cwd=ROOT)
        if name == "web":
            self._processes[name].wait_until(self._answers, deadline=_READY)

    def kill(self, name: str) -> None:
        """End a process at once (SIGKILL)."""
        self._processes[name].kill()

    def keep_running(self) -> None:
        """Start what has ended, as the supervisor of a real installation does."""
        for name, process in self._processes.items():
            if not process.running:
                self.restart(name)

    def pid(self, name: str) -> int:
        """Return the process id of one of its processes."""
        return self._processes[name].pid

    def log(self, name: str) -> str:
        """Return all that a process has written."""
        return (self._directory / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def stop(self) -> None:
        """End every process."""
        for process in self._processes.values():
            process.stop()
        self._processes.clear()

    def __enter__(self) -> Self:
        """Return it, as it runs already."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        self.stop()

    def _command(self, name: str) -> list[str]:
        if name == "web":
            listen = ["--bind", f"127.0.0.1:{self.port}", "--workers", "1", "--threads", "8", "--keep-alive", "75"]
            return [sys.executable, "-m", "gunicorn", *listen, "--log-level", "warning", "app:create_app()"]
        return [sys.executable, "-m", "workers", "run", *(self._roles if self._together else (name,))]

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        return kept | self._settings

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=1.0) as answer:  # noqa: S310 - an http address of our own
                return bool(answer.status == HTTPStatus.OK)
        except (urllib.error.URLError, OSError):
            return False
