"""Proof that a process on this machine is dead: the kernel lets go of the lock on its file."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

import structlog

if TYPE_CHECKING:
    from pathlib import Path

_log = structlog.get_logger()

_FOLDER: Final = "controllers"


@dataclass(frozen=True, slots=True)
class Vital:
    """A file that this process keeps locked for as long as it lives; `handle` is -1 where there can be none."""

    path: Path
    handle: int

    @classmethod
    def sign(cls, directory: Path, name: str) -> Self:
        """Make the file; where that cannot be done, nobody will have a proof, and waits."""
        path = directory / _FOLDER / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            _log.info("a successor will have to wait for our Lease to run out", reason=str(error))
            return cls(path, -1)
        return cls(path, handle)

    def end(self) -> None:
        """Take the file away."""
        if self.handle >= 0:
            with suppress(OSError):
                self.path.unlink()
            os.close(self.handle)

    def is_proof_against(self, name: str) -> bool:
        """Whether another, of whom we have the file, is certainly dead; then its file is taken away."""
        path = self.path.with_name(name)
        try:
            handle = os.open(path, os.O_RDWR)
        except OSError:
            return False
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        finally:
            os.close(handle)
        with suppress(OSError):
            path.unlink()
        return True
