"""Watch one resource type: list once, then hear of every change; resumed where it broke, begun anew when it must be."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import structlog

from bot.cluster.errors import ApiRefused, Unreachable
from bot.cluster.objects import collection_path
from bot.errors import Rejected, Temporary
from bot.model.resources import metadata_of

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from bot.cluster.connection import ApiServer
    from bot.model.resources import JsonObject, ResourceType

_log = structlog.get_logger()

_METADATA: Final = "application/json;as=PartialObjectMetadata{list};g=meta.k8s.io;v=v1,application/json"
_PAGE: Final = "500"
_LONGEST: Final = 300
"""Seconds after which the server ends a watch and it is resumed: a connection through a dead proxy is noticed so."""
_IDLE: Final = 320.0
_LONGEST_PAUSE: Final = 30.0


@dataclass
class Watch:
    """A watch on one type in one cluster, in one namespace or in all.

    `on_event(type, object)` is called with `ADDED`, `MODIFIED` or `DELETED`, from the thread that runs the watch; after
    a break it may be called again for what it has heard already, and never misses what is there now.
    """

    server: ApiServer
    kind: ResourceType
    on_event: Callable[[str, JsonObject], None]
    namespace: str = ""
    name: str = ""
    """Of the only object that is watched; empty: all are."""
    selector: str = ""
    """Of labels; empty: whatever they are."""
    metadata_only: bool = False
    """Ask for names, labels, annotations and owners alone: a tenth of the bytes."""
    on_listed: Callable[[frozenset[str]], None] | None = None
    """Called after each list with the names that are there: what else was told of went during a break.

    Where all namespaces are watched these are `namespace/name`.
    """
    on_refused: Callable[[ApiRefused], None] | None = None
    """Called with why the server refuses us; it is asked again after a pause."""
    on_reach: Callable[[str], None] | None = None
    """Called with why the server cannot be reached, or does not accept us; with nothing when it has answered."""
    idle: float = _IDLE
    """Seconds without a word after which the server is asked anew: it may be away without having hung up."""
    heard_at: float = field(default=float("-inf"), init=False)
    """When the server last said anything about the changes that are followed, on the monotonic clock.

    It does so about once a minute even when nothing changes.
    """

    def run(self, stop: threading.Event) -> None:
        """Watch until `stop` is set; what goes wrong is logged and tried again after a pause."""
        version = ""
        pause = 0.0
        while not stop.wait(pause):
            try:
                version = version or self._list(stop)
                version = self._follow(version, stop)
                pause = 0.0
            except ApiRefused as error:
                # 410 Gone: what we saw last is too old to go on from (API concepts, "Resource versions").
                version = ""
                pause = 0.0 if error.code == 410 else _longer(pause)  # noqa: PLR2004 - the HTTP code above
                _log.info("watch begins anew", kind=self.kind.kind, cluster=self.server.name, reason=error.message)
                if self.on_refused is not None:
                    self.on_refused(error)
            except Temporary as error:
                pause = _longer(pause)
                if isinstance(error, Unreachable):
                    self._reached(error.message)
                _log.info("watch resumes", kind=self.kind.kind, cluster=self.server.name, reason=error.message)
            except Rejected as error:
                version, pause = "", _longer(pause)
                self._reached(error.message)
                _log.warning("watch is refused", kind=self.kind.kind, cluster=self.server.name, reason=error.message)
            except Exception:  # noqa: BLE001 - as the next line says
                # A watch that ends is an operation that waits for ever: whatever it was, go on from a new list.
                version, pause = "", _longer(pause)
                _log.exception("watch failed", kind=self.kind.kind, cluster=self.server.name)

    def _headers(self, *, listing: bool) -> dict[str, str]:
        return {"Accept": _METADATA.format(list="List" if listing else "")} if self.metadata_only else {}

    def _list(self, stop: threading.Event) -> str:
        """Tell of everything that is there and return the version from which changes follow."""
        path = collection_path(self.kind, namespace=self.namespace)
        query = {"limit": _PAGE, **self._selected}
        names: set[str] = set()
        while True:
            page = self.server.request("GET", path, query=query, headers=self._headers(listing=True))
            self._reached("")
            for item in page.get("items") or []:  # a list of metadata says null for none
                if stop.is_set():
                    return ""
                self._tell("ADDED", item)
                names.add(self._named(metadata_of(item)))
            token = metadata_of(page).get("continue")
            if not token:
                if self.on_listed is not None:
                    self.on_listed(frozenset(names))
                return str(metadata_of(page).get("resourceVersion") or "")
            query = {"limit": _PAGE, "continue": str(token), **self._selected}

    def _named(self, metadata: JsonObject) -> str:
        place, name = metadata.get("namespace"), str(metadata.get("name"))
        return f"{place}/{name}" if place and not self.namespace else name

    @property
    def _selected(self) -> dict[str, str]:
        by_name = {"fieldSelector": f"metadata.name={self.name}"} if self.name else {}
        return by_name | ({"labelSelector": self.selector} if self.selector else {})

    def _follow(self, version: str, stop: threading.Event) -> str:
        """Tell of every change after `version` until the server ends the watch; return the last version seen."""
        query = {
            **self._selected,
            "watch": "1",
            "allowWatchBookmarks": "true",
            "resourceVersion": version,
            "timeoutSeconds": str(random.randint(_LONGEST * 2 // 3, _LONGEST)),  # noqa: S311 - spreads load, nothing secret
        }
        path = collection_path(self.kind, namespace=self.namespace)
        headers = self._headers(listing=False)
        with self.server.stream(path, query=query, idle=self.idle, headers=headers) as events:
            self.heard_at = time.monotonic()
            self._reached("")
            for event in events:
                self.heard_at = time.monotonic()
                if stop.is_set():
                    break
                kind, obj = str(event.get("type")), event.get("object") or {}
                if kind == "ERROR":
                    raise ApiRefused(int(obj.get("code") or 500), obj)
                version = str(metadata_of(obj).get("resourceVersion") or version)
                if kind != "BOOKMARK":
                    self._tell(kind, obj)
        return version

    def _reached(self, words: str) -> None:
        if self.on_reach is not None:
            self.on_reach(words)

    def _tell(self, kind: str, obj: JsonObject) -> None:
        # Items of a list, and metadata alone, come without the type they are of.
        self.on_event(kind, {**obj, "apiVersion": self.kind.api_version, "kind": self.kind.kind})


def _longer(pause: float) -> float:
    return min(_LONGEST_PAUSE, max(0.2, pause * 2)) * random.uniform(0.8, 1.2)  # noqa: S311 - spreads load, nothing secret
