"""Render one source for whoever waits for it: the `repository` process, without any forge, cluster or credentials."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Final

import structlog
from rq import get_current_job

from bot.errors import ForesailError, Rejected
from bot.model.jobs import RENDER_QUEUE
from bot.rendering.shelf import Answer
from bot.rendering.wire import from_wire
from bot.repository.render import RenderFailed
from bot.services import RenderServices
from bot.settings import Settings
from bot.store.connection import connect
from bot.store.worker import take_jobs

if TYPE_CHECKING:
    from bot.model.resources import JsonObject

_log = structlog.get_logger()

_HEARD: Final = 5
"""Seconds an answer stands; who waits for it looks several times a second."""
_REFUSED: Final = 600
"""Seconds for which a source is refused that ended one renderer after another."""


@functools.cache
def services() -> RenderServices:
    """Return this process's services; raise Rejected when the settings cannot work."""
    return RenderServices.build(Settings.from_environment(os.environ))


def work(*, burst: bool = False) -> None:
    """Take jobs until asked to stop; with `burst` until there are none. Rejected when the settings cannot work."""
    try:
        take_jobs(RENDER_QUEUE, connect(services().settings.redis_url), burst=burst)
    finally:
        services().rendering.close()


def run(payload: JsonObject) -> None:
    """Render what the payload says and put it on the shelf, or say there why it is not."""
    name = str(payload["name"])
    with structlog.contextvars.bound_contextvars(job=__name__, render=name):
        if _is_deadly():
            words = "rendering it ended its renderer twice; it takes too much memory, or meets a fault of Foresail's"
            _log.error("render given up", reason=words)
            services().shelf.say(name, Answer(failed=True, words=words), seconds=_REFUSED)
            return
        try:
            answer = _rendered(name, str(payload["sealed"]))
        except ForesailError as error:
            answer = Answer(failed=False, words=str(error))
        except Exception:  # noqa: BLE001 - who waits has to hear of it, and meets it again where it is told
            _log.exception("render failed")
            answer = Answer(failed=False, words="a renderer met a fault of Foresail's own; its log says more")
        if answer is not None:
            services().shelf.say(name, answer, seconds=_HEARD)


def _is_deadly() -> bool:
    """Whether the workers that had this job before died, as often as they may."""
    current = get_current_job()
    return current is not None and current.retries_left == 0


def _rendered(name: str, sealed: str) -> Answer | None:
    """Render and return why it is not on the shelf; None when it is."""
    shelf, root = services().shelf, services().settings.data_directory
    request = from_wire(shelf.unsealed(name, sealed), root)
    if shelf.name(request) != name:
        raise Rejected("a renderer has another version or other settings of Foresail, kustomize or helm")
    (made,) = services().rendering.render([request])
    if isinstance(made, RenderFailed):
        return Answer(failed=True, words=made.message)
    found, _ = shelf.look([name])
    return None if found else Answer(failed=False, words="a render is too large to be shared")
