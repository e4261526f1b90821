"""Length-prefixed JSON between a renderer and its child."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, Final

import orjson

LARGEST: Final = 64 << 20
"""Bytes of one message; a child that wants to say more is at fault."""
_HEADER: Final = struct.Struct(">I")


def encode(message: dict[str, Any]) -> bytes:
    """Return a message with its length in front."""
    body = orjson.dumps(message)
    return _HEADER.pack(len(body)) + body


def receive(read: Callable[[int], bytes]) -> dict[str, Any] | None:
    """Read one message; None at the end of the stream. ValueError when it is too long or no JSON object."""
    header = _exactly(read, _HEADER.size)
    if header is None:
        return None
    (length,) = _HEADER.unpack(header)
    if length > LARGEST:
        raise ValueError(f"a message of {length:,} bytes")
    body = _exactly(read, length)
    message = orjson.loads(body) if body is not None else None
    if message is not None and not isinstance(message, dict):
        raise ValueError("a message that is no object")
    return message


def _exactly(read: Callable[[int], bytes], size: int) -> bytes | None:
    parts: list[bytes] = []
    while size:
        part = read(min(size, 1 << 20))
        if not part:
            return None
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
