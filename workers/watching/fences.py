"""What projects demand of their applications besides windows, and which want to be told of orphans."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

import orjson

from bot.engine.conditions import conditions_of
from bot.engine.family import ORPHANED
from bot.engine.projects import DEFAULT
from bot.engine.roles import why_not_understood
from bot.errors import Rejected
from bot.model.jobs import orphans
from bot.model.projects import AppProject
from bot.model.resources import metadata_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.model.applications import Application
    from bot.model.jobs import JobRequest
    from bot.model.resources import JsonObject
    from bot.store.memory import Memory

_FIELDS: Final = ("signatureKeys", "sourceIntegrity")
_WHERE: Final = "sourceNamespaces"
_NOTHING: Final = b""
_ROUND: Final = 180.0
"""Seconds between two looks for orphans; each lists every kind."""
_EACH: Final = 0.2
"""Seconds more for each application: with thousands of them a look takes longer, and comes less often."""
_AT_ONCE: Final = 1_000
"""Applications that one job looks at: it has to end in time."""
_LAG: Final = 10.0
"""Seconds in which every worker knows what a project says now."""


class Fences:
    """Notices which applications' projects demand something else now; safe to use from threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._project: dict[str, str] = {}
        """By application."""
        self._members: defaultdict[str, set[str]] = defaultdict(set)
        """By project."""
        self._demands: dict[str, bytes] = {}
        """By project, of those that demand anything: a digest."""
        self._moved: set[str] = set()
        self._asking: dict[str, bytes] = {}
        """By project, of those that want to be told of orphans: a digest of what they say about that."""
        self._saying: set[str] = set()
        """Applications that say of orphans, whose projects may not want that any more."""
        self._is_early = False
        """Whether a look for orphans need not wait for its turn."""
        self._look_at = float("-inf")
        self._welcoming: dict[str, bytes] = {}
        """By project, of those that Applications elsewhere may use: a digest of where."""
        self._again_at = float("inf")
        """When every worker knows what projects have last said of that."""

    def saw(self, application: Application) -> None:
        """Take note of an application as it is now."""
        project = application.spec.project or DEFAULT
        says = any(one.get("type") == ORPHANED for one in conditions_of(application.status))
        with self._lock:
            (self._saying.add if says else self._saying.discard)(application.name)
            before = self._project.get(application.name)
            if before == project:
                return
            self._forget(application.name)
            self._project[application.name] = project
            self._members[project].add(application.name)
            if before in self._asking and project not in self._asking:
                self._is_early = True

    def lost(self, name: str) -> None:
        """Take note that an application is gone."""
        with self._lock:
            self._forget(name)
            self._saying.discard(name)

    def saw_project(self, event: str, obj: JsonObject) -> None:
        """Take note of a project that appeared, changed or went."""
        name, spec = str(metadata_of(obj).get("name")), obj.get("spec")
        spec = spec if event != "DELETED" and isinstance(spec, dict) else {}
        orphaned = spec.get("orphanedResources")
        wants = isinstance(orphaned, dict) and orphaned.get("warn") is True
        with self._lock:
            members = self._members.get(name, set())
            demands = {field: spec.get(field) for field in _FIELDS if spec.get(field)}
            if _changes(self._demands, name, demands | _misunderstood(obj, spec)):
                self._moved |= members
            if _changes(self._welcoming, name, {_WHERE: spec[_WHERE]} if spec.get(_WHERE) else {}):
                self._again_at = time.monotonic() + _LAG
            if _changes(self._asking, name, {"orphaned": orphaned} if wants else {}):
                self._is_early = True

    def due(self) -> frozenset[str]:
        """Return the applications of projects that have changed since this was last asked."""
        with self._lock:
            moved, self._moved = frozenset(self._moved), set()
        return moved

    def welcomes(self, now: float) -> bool:
        """Whether projects have changed from where they may be used, since this was last asked, by the monotonic clock.

        Which Applications that makes usable nobody knows: all are to be looked at.
        """
        with self._lock:
            if now < self._again_at:
                return False
            self._again_at = float("inf")
        return True

    def orphans(self, memory: Memory, now: float) -> Iterator[JobRequest]:
        """Yield what asks for orphans to be looked for, by a clock in seconds; of several controllers one does."""
        names = self.due_for_orphans(now)
        with self._lock:
            said = hashlib.blake2b(b"".join(digest for _, digest in sorted(self._asking.items()))).hexdigest()[:16]
        for first in range(0, len(names), _AT_ONCE):
            request = orphans(names[first : first + _AT_ONCE])
            if memory.first_within(f"{request.job_id} {said}", seconds=_ROUND / 2):
                yield request

    def due_for_orphans(self, now: float) -> tuple[str, ...]:
        """Return the applications whose orphans are to be looked for, by a clock in seconds; mostly none."""
        with self._lock:
            if self._is_early:
                self._is_early, self._look_at = False, now + _LAG
            if now < self._look_at or not (self._asking or self._saying):
                return ()
            asking = self._saying.union(*(self._members.get(project, ()) for project in self._asking))
            self._look_at = now + max(_ROUND, _EACH * len(asking))
        return tuple(sorted(asking))

    def _forget(self, name: str) -> None:
        project = self._project.pop(name, None)
        if project is not None:
            self._members[project].discard(name)
            if not self._members[project]:
                del self._members[project]


def _misunderstood(obj: JsonObject, spec: JsonObject) -> JsonObject:
    """Return what is wrong with a project's roles, which its applications say; nothing for roles that are right."""
    try:
        words = why_not_understood(AppProject.parse(obj)) if spec.get("roles") else ""
    except Rejected as error:
        words = error.message
    return {"roles": words} if words else {}


def _changes(kept: dict[str, bytes], name: str, said: dict[str, Any]) -> bool:
    """Keep a digest of what is said, nothing where that is nothing; return whether it is another."""
    before = kept.pop(name, _NOTHING)
    now = hashlib.blake2b(orjson.dumps(said), digest_size=12).digest() if said else _NOTHING
    if said:
        kept[name] = now
    return before != now
