"""Locks on files between the processes of one machine; they go with whoever holds them."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bot.errors import Temporary

_AGAIN: Final = 0.05
"""Seconds until a lock is tried again that somebody else holds."""


@contextmanager
def locked(path: Path, *, timeout: float, doing: str) -> Iterator[None]:
    """Hold a lock, made if need be; Temporary when another still is `doing` it after `timeout` seconds."""
    with path.open("w") as file:
        end = time.monotonic() + timeout
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise Temporary(f"another process has been {doing} for too long") from None
                time.sleep(_AGAIN)
        yield
