"""The child that evaluates rules: engines loaded, then confined as a renderer is, before it sees the first of them."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any

import orjson
import regopy  # noqa: F401 - takes its address space while there is no limit on that yet

from bot.errors import ForesailError
from bot.repository import confinement, frames
from bot.repository.channel import receive, send
from bot.repository.policies.evaluation import Evaluation


def main(arguments: str) -> None:
    """Confine this process as `arguments` (JSON) say and answer requests until the parent hangs up."""
    setup = orjson.loads(arguments)
    confinement.die_with_parent(setup["parent"])
    confined = {"network": confinement.leave_network(), "files": confinement.write_only_below(Path.cwd())}
    confinement.limit_resources(reserved=confinement.address_space())
    send(frames.encode(confined))
    evaluation = Evaluation()
    while (request := frames.receive(receive)) is not None:
        confinement.limit_processor(setup["timeout"])
        send(_answer(evaluation, request))


def _answer(evaluation: Evaluation, request: dict[str, Any]) -> bytes:
    try:
        return frames.encode(evaluation.answer(request))
    except ForesailError as error:
        return frames.encode({"refused": str(error)})
    except MemoryError:
        return frames.encode({"refused": "evaluating policies needs too much memory"})
    except Exception:  # noqa: BLE001 - the parent logs what is our fault
        return frames.encode({"fault": traceback.format_exc(limit=-6)})
