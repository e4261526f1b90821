"""Sync windows: when a project lets its applications be synced.

Source: https://argo-cd.readthedocs.io/en/stable/user-guide/sync_windows/ and argo-cd `types.go` (`Matches`, `CanSync`).
Schedules are read by the library cronsim, on the clock of the window's time zone; Argo CD moves the clock by the zone's
offset of today, which differs in the hours around a change to or from summer time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from bot.engine.diff.quantities import duration
from bot.engine.globs import fits

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.model.applications import Destination
    from bot.model.projects import AppProject, SyncWindow

_FIELDS: Final = 5
"""Minute, hour, day of the month, month, day of the week; Argo CD knows neither seconds nor `@daily`."""
_MOST_BOUNDARIES: Final = 200
"""Openings and closings that are looked at for the next moment when a sync may start."""
_SHOWN: Final = 60
"""Characters of a field that are shown where it is wrong."""


class WindowError(Exception):
    """A window whose schedule or duration cannot be understood: nobody knows when it is open."""


@dataclass(frozen=True, slots=True)
class Closed:
    """Why no sync may start now."""

    words: str
    until: datetime | None
    """When one may; None: not in the time that was looked at, or nobody knows."""


def windows_of(project: AppProject | None, name: str, destination: Destination) -> tuple[SyncWindow, ...]:
    """Return the windows of a project that an application of a name and a destination is subject to."""
    if project is None:
        return ()
    return tuple(window for window in project.spec.sync_windows if _is_subject(name, destination, window))


def why_closed(windows: Iterable[SyncWindow], *, manual: bool, now: datetime) -> Closed | None:
    """Return why a sync may not start, None when it may; `manual`: a person starts it."""
    windows, now = tuple(windows), now.replace(microsecond=0)
    try:
        closing = _closing(windows, manual=manual, at=now)
        until = _opens(windows, manual=manual, after=now) if closing else None
    except WindowError as error:
        return Closed(f"no sync starts: invalid sync windows: {error}", None)
    if not closing:
        return None
    when = f"until {until:%Y-%m-%d %H:%M} UTC" if until is not None else "with no end in sight"
    return Closed(f"waits for {_named(closing)}, {when}", until)


def next_boundary(windows: Iterable[SyncWindow], *, now: datetime) -> datetime | None:
    """Return when a window opens or closes next; None when none ever does, or nobody knows."""
    now = now.replace(microsecond=0)
    try:
        return min((at for window in windows for at in _boundaries(window, now)), default=None)
    except WindowError:
        return None


def _is_subject(name: str, destination: Destination, window: SyncWindow) -> bool:
    """Whether one of a window's lists has a glob for the application; with `andOperator` each list that it has."""
    clusters = [one for one in (destination.name, destination.server) if one]
    names = ((window.applications, [name]), (window.clusters, clusters))
    lists = (*names, (window.namespaces, [destination.namespace]))
    found = [any(fits(glob, one) for glob in globs for one in own) for globs, own in lists if globs]
    return bool(found) and (all(found) if window.and_operator else any(found))


def _closing(windows: tuple[SyncWindow, ...], *, manual: bool, at: datetime) -> tuple[SyncWindow, ...]:
    """Return the windows that keep a sync from starting at a moment; none: it may start.

    An open deny window wins over every allow window; where there are allow windows, one has to be open.
    """
    is_open = {index: _is_open(window, at) for index, window in enumerate(windows)}
    denying = tuple(one for index, one in enumerate(windows) if one.kind == "deny" and is_open[index])
    allowing = [index for index, one in enumerate(windows) if one.kind == "allow"]
    if not denying and (not allowing or any(is_open[index] for index in allowing)):
        return ()
    closing = denying or tuple(windows[index] for index in allowing)
    return () if manual and all(one.manual_sync for one in closing) else closing


def _opens(windows: tuple[SyncWindow, ...], *, manual: bool, after: datetime) -> datetime | None:
    at: datetime | None = after
    for _ in range(_MOST_BOUNDARIES):
        at = next_boundary(windows, now=at) if at is not None else None
        if at is None or not _closing(windows, manual=manual, at=at):
            return at
    return None


def _is_open(window: SyncWindow, now: datetime) -> bool:
    start = _last_start(window.schedule, window.time_zone, now)
    return start is not None and now < start + _length(window)


def _boundaries(window: SyncWindow, now: datetime) -> list[datetime]:
    """Return when a window opens next and, if it is open, when it closes."""
    starts = (_next_start(window.schedule, window.time_zone, now),)
    last = _last_start(window.schedule, window.time_zone, now)
    ends = (last + _length(window),) if last is not None else ()
    return [at for at in (*starts, *ends) if at is not None and at > now]


def _last_start(schedule: str, zone: str, now: datetime) -> datetime | None:
    """Return when a schedule began last, the moment itself included."""
    return _start(schedule, zone, now + timedelta(seconds=1), reverse=True)


def _next_start(schedule: str, zone: str, now: datetime) -> datetime | None:
    return _start(schedule, zone, now, reverse=False)


@lru_cache(maxsize=1024)
def _start(schedule: str, zone: str, at: datetime, *, reverse: bool) -> datetime | None:
    try:
        found = next(CronSim(_as_cronsim(schedule), at.astimezone(_zone(zone)), reverse=reverse), None)
    except CronSimError as error:
        raise WindowError(f"cannot parse schedule {schedule[:_SHOWN]!r}: {error}") from error
    return None if found is None else found.astimezone(UTC)


def _as_cronsim(schedule: str) -> str:
    """Say a schedule of Argo CD's (github.com/robfig/cron) in the words of cronsim, which reads cron of Debian.

    There `?` is no star, and a day with a step still counts as one that says nothing.
    """
    fields = schedule.replace("?", "*").split()
    if len(fields) != _FIELDS:
        raise WindowError(f"cannot parse schedule {schedule[:_SHOWN]!r}: expected {_FIELDS} fields")
    for index, every in ((2, "1-31"), (4, "0-6")):
        if fields[index].startswith("*/") and fields[index] != "*/1":
            fields[index] = f"{every}{fields[index].removeprefix('*')}"
    return " ".join(fields)


@lru_cache(maxsize=256)
def _zone(name: str) -> tzinfo:
    """Return a time zone; one that does not exist is UTC, as for Argo CD."""
    try:
        return ZoneInfo(name) if name else UTC
    except (ValueError, OSError, KeyError):
        return UTC


def _length(window: SyncWindow) -> timedelta:
    nanoseconds = duration(window.duration)
    if nanoseconds is None:
        raise WindowError(f"cannot parse duration {window.duration[:_SHOWN]!r}")
    try:
        return timedelta(microseconds=float(nanoseconds / 1000))
    except OverflowError as error:
        raise WindowError(f"cannot parse duration {window.duration[:_SHOWN]!r}") from error


def _named(windows: tuple[SyncWindow, ...]) -> str:
    first = windows[0]
    zone = f" {first.time_zone}" if first.time_zone else ""
    said = f" ({first.description[:_SHOWN]})" if first.description else ""
    more = f" and {len(windows) - 1} more" if len(windows) > 1 else ""
    return f"the sync window {first.kind} {first.schedule!r}{zone} for {first.duration}{said}{more}"
