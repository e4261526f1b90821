"""The child that evaluates health rules: engines loaded, then confined, before it sees the first of them.

A request is an `object` with `lua` or `cel`; the answer is `health` and `message`, `health` null where a rule finds
none, or `refused` with words.
"""

from __future__ import annotations

import resource
import traceback
from pathlib import Path
from typing import Any, Final

import orjson

from bot.errors import ForesailError
from bot.repository import confinement, frames
from bot.repository.channel import receive, send
from bot.repository.health import cel, lua

_MEMORY: Final = 256 << 20
"""Bytes of memory; a state of Lua stays within a quarter of that."""
_LONGEST: Final = 1_000
"""Characters of a message."""
_NOWHERE: Final = Path("/dev/null")


def main(arguments: str) -> None:
    """Confine this process and answer requests until the parent hangs up, each within its time (`arguments`, JSON)."""
    setup = orjson.loads(arguments)
    confined = {"network": confinement.leave_network(), "files": confinement.touch_only(_NOWHERE, _NOWHERE)}
    confinement.limit_resources()
    resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY, _MEMORY))
    send(frames.encode(confined))
    while (request := frames.receive(receive)) is not None:
        confinement.limit_processor(setup["timeout"])
        send(_answer(request))


def _answer(request: dict[str, Any]) -> bytes:
    try:
        found = (
            lua.judge(request["lua"], request["object"])
            if "lua" in request
            else cel.judge(request["cel"], request["object"])
        )
        health, message = found or (None, "")
        return frames.encode({"health": health, "message": message[:_LONGEST]})
    except ForesailError as error:
        return frames.encode({"refused": str(error)[:_LONGEST]})
    except MemoryError:
        return frames.encode({"refused": "it needs too much memory"})
    except Exception:  # noqa: BLE001 - the parent logs what is our fault
        return frames.encode({"fault": traceback.format_exc(limit=-6)})
