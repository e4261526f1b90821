"""What projects demand of their applications besides windows: those have to be compared once it has changed."""

from __future__ import annotations

import hashlib
import threading
from collections import defaultdict
from typing import TYPE_CHECKING, Final

import orjson

from bot.engine.projects import DEFAULT
from bot.model.resources import metadata_of

if TYPE_CHECKING:
    from bot.model.applications import Application
    from bot.model.resources import JsonObject

_FIELDS: Final = ("signatureKeys", "sourceIntegrity")
_NOTHING: Final = b""


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

    def saw(self, application: Application) -> None:
        """Take note of an application as it is now."""
        project = application.spec.project or DEFAULT
        with self._lock:
            if self._project.get(application.name) != project:
                self._forget(application.name)
                self._project[application.name] = project
                self._members[project].add(application.name)

    def lost(self, name: str) -> None:
        """Take note that an application is gone."""
        with self._lock:
            self._forget(name)

    def saw_project(self, event: str, obj: JsonObject) -> None:
        """Take note of a project that appeared, changed or went."""
        name, spec = str(metadata_of(obj).get("name")), obj.get("spec")
        demands = {field: spec.get(field) for field in _FIELDS} if isinstance(spec, dict) else {}
        gone = event == "DELETED" or not any(demands.values())
        now = _NOTHING if gone else hashlib.blake2b(orjson.dumps(demands), digest_size=12).digest()
        with self._lock:
            if self._demands.get(name, _NOTHING) == now:
                return
            if gone:
                del self._demands[name]
            else:
                self._demands[name] = now
            self._moved |= self._members.get(name, set())

    def due(self) -> frozenset[str]:
        """Return the applications of projects that have changed since this was last asked."""
        with self._lock:
            moved, self._moved = frozenset(self._moved), set()
        return moved

    def _forget(self, name: str) -> None:
        project = self._project.pop(name, None)
        if project is not None:
            self._members[project].discard(name)
            if not self._members[project]:
                del self._members[project]
