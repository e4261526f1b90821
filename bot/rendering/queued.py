"""Renders that the processes of the queue `render` make, few at a time for each who asks; else they are made here.

Jobs of those who ask wait in one line. Each who asks has only a few in it, and adds one for each that is answered, so
that however many renders somebody needs, others wait for a few of them at most. Equal jobs that wait are one.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import structlog

from bot.errors import ForesailError, Temporary
from bot.model.jobs import JobRequest, render
from bot.rendering.wire import to_wire
from bot.repository.render import RenderFailed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from bot.rendering.port import Rendering
    from bot.rendering.shelf import Shelf
    from bot.repository.render import Rendered, RenderRequest
    from bot.store.queue import Queue

_log = structlog.get_logger()

WINDOW: Final = 8
"""Jobs of one who asks that wait or run at a time."""
_SHORTEST: Final = 0.005
_LONGEST: Final = 0.2
"""Seconds between two looks for answers, growing while there are none."""
_UNSERVED: Final = 60.0
"""Seconds for which the queue is left alone then."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long who asks waits."""

    begun: float
    """Seconds until a job is answered that somebody has begun."""
    untaken: float = 10.0
    """Seconds until somebody begins it; a process that starts anew is back within these."""


@dataclass(slots=True)
class _Job:
    request: JobRequest
    since: float = field(default_factory=time.monotonic)
    looked: float = field(default_factory=time.monotonic)
    """When it was seen last that it has begun."""


class Queued:
    """Has sources rendered by others; may be used from threads."""

    def __init__(self, shelf: Shelf, queue: Queue, *, here: Rendering, root: Path, patience: Patience) -> None:
        """Render `here` what nobody else does; others have the files below `root` too."""
        self._shelf = shelf
        self._queue = queue
        self._here = here
        self._root = root
        self._patience = patience
        self._unserved_until = 0.0

    def render(self, requests: Sequence[RenderRequest]) -> list[Rendered | RenderFailed]:
        """Return an answer to each request, in their order, each with its own failure.

        Raises Temporary when nothing can be rendered now, or a render that has begun does not end.
        """
        names = [self._shelf.name(request) for request in requests]
        named = {name: request for name, request in zip(names, requests, strict=True) if name is not None}
        answers = self._answers(named)
        left = [place for place, name in enumerate(names) if name is None or name not in answers]
        made = dict(zip(left, self._here.render([requests[place] for place in left]), strict=True))
        return [made[place] if place in made else answers[name or ""] for place, name in enumerate(names)]

    def close(self) -> None:
        """Let go what renders here."""
        self._here.close()

    def _answers(self, named: Mapping[str, RenderRequest]) -> dict[str, Rendered | RenderFailed]:
        """Return what is there already, and what others make when they are asked to; the rest is to be made here."""
        answers, left = self._look(list(named))
        waiting, jobs, pause = deque(left), dict[str, _Job](), _SHORTEST
        while waiting or jobs:
            self._fill(jobs, waiting, named)
            if not jobs:
                break
            found, left = self._look(list(jobs))
            answers |= found
            for name in jobs.keys() - set(left):
                del jobs[name]
            self._drop_untaken(jobs)
            pause = _SHORTEST if found else min(_LONGEST, pause * 1.5)
            if not found:
                threading.Event().wait(pause)
        return answers

    def _look(self, names: Sequence[str]) -> tuple[dict[str, Rendered | RenderFailed], list[str]]:
        """Return what there is, and what may yet come: all else is to be made here."""
        found, away = self._shelf.look(names)
        rest = [name for name in names if name not in found and name not in away]
        said = self._shelf.said(rest)
        failed = {name: RenderFailed(answer.words) for name, answer in said.items() if answer.failed}
        for words in {answer.words for answer in said.values() if not answer.failed}:
            _log.warning("a render comes back from the queue", reason=words)
        return {**found, **failed}, [name for name in rest if name not in said]

    def _fill(self, jobs: dict[str, _Job], waiting: deque[str], named: Mapping[str, RenderRequest]) -> None:
        while waiting and len(jobs) < WINDOW and time.monotonic() >= self._unserved_until:
            name = waiting.popleft()
            try:
                job = _Job(render(name, self._shelf.sealed(name, to_wire(named[name], self._root))))
                self._queue.enqueue(job.request)
            except ForesailError as error:
                _log.warning("a render cannot be queued", reason=str(error))
            else:
                jobs[name] = job

    def _drop_untaken(self, jobs: dict[str, _Job]) -> None:
        """Take back what nobody begins. Raises Temporary for what has begun and does not end."""
        now = time.monotonic()
        for name, job in list(jobs.items()):
            if now - job.since > self._patience.begun:
                raise Temporary(f"a render has not been answered within {self._patience.begun:.0f} s")
            if now - job.looked < self._patience.untaken:
                continue
            job.looked = now
            if self._withdrawn(job):
                _log.warning("nobody takes renders from the queue in time; they are made here")
                self._unserved_until = now + _UNSERVED
                del jobs[name]

    def _withdrawn(self, job: _Job) -> bool:
        try:
            return self._queue.withdraw(job.request)
        except Temporary:
            return False
