"""Sync windows at work: what starts no sync now, and which applications may be synced again."""

from __future__ import annotations

import math
import threading
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from bot.engine.projects import DEFAULT
from bot.engine.windows import next_boundary, why_closed, windows_of
from bot.errors import ForesailError, Rejected
from bot.model.holds import HELD, Hold
from bot.model.names import is_elsewhere, short_name_of
from bot.model.operations import timestamp
from bot.model.resources import metadata_of
from workers.operating.claims import CLAIM
from workers.operating.ending import make_rest_good, rest

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.engine.windows import Closed
    from bot.model.applications import Application, Destination
    from bot.model.operations import OperationState
    from bot.model.projects import AppProject, SyncWindow
    from bot.model.resources import JsonObject
    from bot.services import Services

_BLOCKED: Final = "Sync operation blocked by sync window"
"""Argo CD's words, which begin the message of an operation that waits for a window."""
_ROUND: Final = 10.0
"""Seconds after which an application is looked at again: a project was read some seconds ago when it changed."""
_LAG: Final = 8.0
"""Seconds after which an opening is told again: a worker may have had the project, or the time, of before it."""
_CLOSED: Final = -1.0


def closed(services: Services, application: Application, *, manual: bool) -> Closed | None:
    """Return why no sync of an application may start now, None when one may.

    A project that cannot be read does not count here: whoever carries out the sync refuses it in words.
    """
    try:
        project = services.sources.project_of(application.spec.project or DEFAULT)
    except Rejected:
        return None
    windows = windows_of(project, application.short_name, application.spec.destination)
    return why_closed(windows, manual=manual, now=datetime.fromtimestamp(services.clock.now(), UTC))


def why_not_now(services: Services, application: Application) -> str:
    """Return why syncs of an application do not start by themselves now, empty when they do."""
    if not application.automated:
        return ""
    hold = hold_of(services, application)
    found = closed(services, application, manual=False) if hold is None else None
    return hold.words if hold is not None else "" if found is None else found.words


def hold_of(services: Services, application: Application) -> Hold | None:
    """Return somebody's hold on an application, None where there is none or its time is over."""
    return Hold.at(application.annotation(HELD), now=services.clock.now())


def admitted(services: Services, application: Application, state: OperationState) -> OperationState | None:
    """Return an operation that may go on; None, and it is said, where it has to wait for a window.

    One that has begun to write goes on to its end. The time of one that has waited counts from now.
    """
    if state.results or state.operation.dry_run:
        return state
    waited = state.message.startswith(_BLOCKED)
    found = closed(services, application, manual=not state.operation.automated)
    if found is None:
        return replace(state, message="started", started_at=timestamp(services.clock.now())) if waited else state
    waiting = replace(state, message=f"{_BLOCKED}: {found.words}")
    if waiting.message != state.message or application.annotation(CLAIM):
        told = {"metadata": {"annotations": {CLAIM: None}}, "status": {"operationState": waiting.to_wire()}}
        rest(services, application, waiting, told)
    else:
        make_rest_good(services, application, waiting)
    return None


def why_shut(services: Services, application: Application, state: OperationState) -> str:
    """Return why an operation that says it has begun may not write now, empty where it may.

    In the control namespace that is believed. Whoever may write an Application elsewhere may have recorded it, and
    windows are the project's to say: there one that has begun waits for the next one.
    """
    if not is_elsewhere(application.name) or state.operation.dry_run:
        return ""
    found = closed(services, application, manual=not state.operation.automated)
    return "" if found is None else f"{_BLOCKED}: {found.words}"


class Openings:
    """Notices which applications may be synced again; safe to use from threads.

    Nothing needs to be kept: what has not been seen open is said to open. Each opening is told twice.
    """

    def __init__(self, project_of: Callable[[str], AppProject | None]) -> None:
        self._project_of = project_of
        self._lock = threading.Lock()
        self._subjects: dict[str, tuple[str, Destination]] = {}
        """By name: the project and the destination of an application whose syncs are automated."""
        self._told: dict[str, float] = {}
        """By name of those with windows: closed, or when the opening is told again; never once it was."""
        self._with_windows: set[str] = set()
        """Projects."""
        self._moved: set[str] = set()
        """Applications that may have been closed since the last look, whatever that saw."""
        self._next = 0.0

    def saw(self, application: Application) -> None:
        """Take note of an application as it is now."""
        name, subject = application.name, (application.spec.project or DEFAULT, application.spec.destination)
        with self._lock:
            if not application.automated:
                self._subjects.pop(name, None)
                return
            before, self._subjects[name] = self._subjects.get(name), subject
            if before != subject and subject[0] in self._with_windows:
                self._moved.add(name)

    def saw_project(self, event: str, obj: JsonObject) -> None:
        """Take note of a project that appeared, changed or went: its windows may be others."""
        project, spec = str(metadata_of(obj).get("name")), obj.get("spec")
        has_windows = event != "DELETED" and isinstance(spec, dict) and bool(spec.get("syncWindows"))
        with self._lock:
            had = project in self._with_windows
            (self._with_windows.add if has_windows else self._with_windows.discard)(project)
            if had or has_windows:
                self._moved |= {name for name, (of, _) in self._subjects.items() if of == project}

    def lost(self, name: str) -> None:
        """Take note that an application is gone."""
        with self._lock:
            self._subjects.pop(name, None)

    def due(self, now: float) -> list[str]:
        """Return the applications for which a window has opened since the last look; `now` in Unix seconds."""
        with self._lock:
            if now < self._next and not self._moved:
                return []
            subjects, moved, self._moved = dict(self._subjects), self._moved, set()
        self._next = now + _ROUND
        at = datetime.fromtimestamp(now, UTC)
        before, self._told = {**self._told, **dict.fromkeys(moved, _CLOSED)}, {}
        opened = [name for name, subject in subjects.items() if self._has_opened(name, subject, at, before)]
        return sorted(opened)

    def _has_opened(self, name: str, subject: tuple[str, Destination], at: datetime, before: dict[str, float]) -> bool:
        windows = self._windows(name, subject)
        told, now = before.get(name, _CLOSED), at.timestamp()
        if windows is None:  # nobody knows now: as it was
            self._told.update({name: told} if name in before else {})
            return False
        if not windows and (name not in before or told == math.inf):
            return False
        boundary = next_boundary(windows, now=at)
        if boundary is not None:
            self._next = min(self._next, boundary.timestamp())
        if why_closed(windows, manual=False, now=at) is not None:
            self._told[name] = _CLOSED
            return False
        due = told <= now
        self._told[name] = told if not due else now + _LAG if told == _CLOSED else math.inf
        return due

    def _windows(self, name: str, subject: tuple[str, Destination]) -> tuple[SyncWindow, ...] | None:
        project, destination = subject
        try:
            return windows_of(self._project_of(project), short_name_of(name), destination)
        except ForesailError:
            return None
