"""What has become due of the Applications that are known: whoever asks takes it, and it is not due again at once."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from bot.model import jobs
from bot.model.resources import metadata_of
from workers.watching.known import NEVER, PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bot.model.jobs import JobRequest
    from bot.model.resources import JsonObject
    from workers.watching.following import Followed
    from workers.watching.known import Known

    May = Callable[[str], bool]

_AGAIN: Final = 10.0
"""Seconds more until an application is asked for again of which a worker finds that a cluster answers, or not."""


def next_steps(known: Mapping[str, Known], may: May, *, now: float) -> list[JobRequest]:
    """Return the next steps of what is under way and has to be looked at; `now` in Unix seconds, as below."""
    at = time.monotonic()
    due = [name for name, one in known.items() if _is_due(one, now, at) and may(name)]
    for name in due:
        known[name].looked_at, known[name].deadline = at, NEVER
    return [known[name].next_step(name) for name in due]


def differing(known: Mapping[str, Known], may: May, *, now: float) -> list[str]:
    """Return what is to be compared though nothing moves."""
    due = [name for name, one in known.items() if now >= one.compare_at and may(name)]
    for name in due:
        known[name].compare_at = NEVER
    return due


def released(known: Mapping[str, Known], may: May, *, now: float) -> list[str]:
    """Return what somebody held until now."""
    due = [name for name, one in known.items() if now >= one.released_at and may(name)]
    for name in due:
        known[name].released_at = NEVER
    return due


def contradicting(known: Mapping[str, Known], may: May, followed: Followed) -> list[str]:
    """Return what is at rest and said to be known although its cluster is away, or the other way round."""
    at = time.monotonic()
    due = [
        name
        for name, one in known.items()
        if not (one.works or one.left_alone)
        and at >= one.looked_at + PATIENCE
        and followed.contradict(one.cluster, unknown=one.unknown)
        and may(name)
    ]
    for name in due:
        known[name].looked_at = at + _AGAIN
    return due


def of_unusable(name: str, obj: JsonObject) -> list[JobRequest]:
    """Return what an Application calls for that nobody can use: each of these jobs says so, or ends what runs."""
    ended = [jobs.advance(name)] if obj.get("operation") else []
    return [*ended, jobs.delete(name) if metadata_of(obj).get("deletionTimestamp") else jobs.compare(name)]


def _is_due(one: Known, now: float, at: float) -> bool:
    return one.works and (now >= one.deadline or at >= one.looked_at + one.patience)
