"""An Application as a person looks at it: whatever can be read of it, also where the rest is unusable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from bot.model.applications import is_left_alone
from bot.model.names import name_in
from bot.model.operations import Phase
from bot.model.resources import JsonObject, annotations_of

if TYPE_CHECKING:
    from collections.abc import Iterator

PENDING: Final = "Pending"
"""What is said of an operation that nobody has begun."""
_UNDER_WAY: Final = frozenset({Phase.RUNNING, Phase.TERMINATING})


@dataclass(frozen=True, slots=True)
class Glance:
    """An Application as the API server has it; every text is empty where it does not say."""

    obj: JsonObject
    home: str
    """The control namespace."""

    @property
    def name(self) -> str:
        """Its qualified name."""
        return name_in(self.obj, home=self.home)

    @property
    def sync(self) -> str:
        """Synced, OutOfSync or Unknown."""
        return text_at(self.obj, "status", "sync", "status") or "Unknown"

    @property
    def health(self) -> str:
        """The code of its health."""
        return text_at(self.obj, "status", "health", "status") or "Unknown"

    @property
    def revision(self) -> str:
        """What it was last compared with; of several sources each, with a comma between."""
        return revisions_of(mapping_at(self.obj, "status", "sync"))

    @property
    def sources(self) -> tuple[JsonObject, ...]:
        """`sources` when there are any, else the one `source`."""
        return tuple(entries_at(self.obj, "spec", "sources")) or (mapping_at(self.obj, "spec", "source"),)

    @property
    def policy(self) -> str:
        """`Auto`, `Auto-Prune` or `Manual`, as Argo CD calls them."""
        automated = mapping_at(self.obj, "spec", "syncPolicy").get("automated")
        if not isinstance(automated, dict) or automated.get("enabled") is False:
            return "Manual"
        return "Auto-Prune" if automated.get("prune") else "Auto"

    @property
    def is_left_alone(self) -> bool:
        """Whether an annotation says that nothing is to be done about it."""
        return is_left_alone(annotations_of(self.obj))

    @property
    def conditions(self) -> tuple[JsonObject, ...]:
        """What is wrong with it, or worth a warning."""
        return tuple(entries_at(self.obj, "status", "conditions"))

    @property
    def resources(self) -> tuple[JsonObject, ...]:
        """Its objects as they were last compared."""
        return tuple(entries_at(self.obj, "status", "resources"))

    @property
    def history(self) -> tuple[JsonObject, ...]:
        """Its syncs, the oldest first."""
        return tuple(entries_at(self.obj, "status", "history"))

    @property
    def state(self) -> JsonObject:
        """Its last operation, or the one that runs."""
        return mapping_at(self.obj, "status", "operationState")

    @property
    def operates(self) -> bool:
        """Whether an operation is asked for, or runs."""
        return bool(mapping_at(self.obj, "operation")) or text_at(self.state, "phase") in _UNDER_WAY

    @property
    def phase(self) -> str:
        """The phase of its operation; `PENDING` for one that nobody has begun."""
        phase = text_at(self.state, "phase")
        return PENDING if mapping_at(self.obj, "operation") and phase not in _UNDER_WAY else phase


def mapping_at(obj: JsonObject, *path: str) -> JsonObject:
    """Return the mapping at a path, an empty one where there is none."""
    found: Any = obj
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def text_at(obj: JsonObject, *path: str) -> str:
    """Return the text or number at a path, empty where there is none."""
    found = mapping_at(obj, *path[:-1]).get(path[-1])
    return str(found) if isinstance(found, str | int) else ""


def entries_at(obj: JsonObject, *path: str) -> Iterator[JsonObject]:
    """Yield the mappings of the list at a path."""
    found = mapping_at(obj, *path[:-1]).get(path[-1])
    yield from (entry for entry in found if isinstance(entry, dict)) if isinstance(found, list) else ()


def revisions_of(entry: JsonObject) -> str:
    """Return the revision that something is about; of several sources each, with a comma between."""
    several = entry.get("revisions")
    return ",".join(map(str, several)) if isinstance(several, list) and several else text_at(entry, "revision")
