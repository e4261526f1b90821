"""What a child has of its parent: standard input, which is a socket."""

from __future__ import annotations

import os
import select
from typing import Final

_CHANNEL: Final = 0


def hears_within(seconds: float) -> bool:
    """Whether the parent says something, or hangs up, before so many seconds are over."""
    return bool(select.select([_CHANNEL], [], [], seconds)[0])


def receive(size: int) -> bytes:
    """Read from the parent."""
    return os.read(_CHANNEL, size)


def send(message: bytes) -> None:
    """Write to the parent."""
    view = memoryview(message)
    while view:
        view = view[os.write(_CHANNEL, view) :]
