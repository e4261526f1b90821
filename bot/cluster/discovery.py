"""What an API server serves: one document for all groups, kept until something asked for is not in it.

When the server has become another version, the document is read again as well.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Final

from bot.errors import Rejected
from bot.model.resources import ResourceType, group_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.cluster.connection import ApiServer
    from bot.model.resources import JsonObject

_AGGREGATED: Final = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
"""Two requests instead of one per group; stable since Kubernetes 1.30 (KEP-3352)."""
_FRESH: Final = 300.0
"""Seconds until a server is asked for its version again: servers are upgraded while we run."""


class UnknownKind(Rejected):
    """The API server serves no such kind; a CustomResourceDefinition may be missing."""


class Discovery:
    """The resource types of one API server; safe to use from threads."""

    def __init__(self, server: ApiServer, *, fresh: float = _FRESH) -> None:
        self._server = server
        self._fresh = fresh
        self._lock = threading.Lock()
        self._types: dict[tuple[str, str, str], ResourceType] = {}
        self._listable: tuple[ResourceType, ...] = ()
        self._version = ("", 0.0)

    def find(self, obj: JsonObject) -> ResourceType:
        """Return the type that serves `obj`; asks the server again once before raising UnknownKind."""
        api_version, kind = str(obj.get("apiVersion")), str(obj.get("kind"))
        group = group_of(api_version)
        version = api_version.rpartition("/")[2]
        known = self._types
        found = known.get((group, version, kind)) or self._refreshed(known).get((group, version, kind))
        if found is None:
            raise UnknownKind(
                f"{self._server.name} serves no {kind} in {api_version}",
                remedy="Install its CustomResourceDefinition, or correct apiVersion and kind.",
            )
        return found

    def preferred(self, group: str, kind: str) -> ResourceType | None:
        """Return the type of a kind in the group's preferred version, or None when it is not served."""
        types = self._types or self._refreshed(self._types)
        return next((t for (g, _, k), t in types.items() if g == group and k == kind), None)

    def listable(self) -> tuple[ResourceType, ...]:
        """Return every kind that can be listed, in its group's preferred version; asks the server anew."""
        self.renew()
        return self._listable

    def renew(self) -> None:
        """Ask the server anew what it serves."""
        self._refreshed(self._types)

    def knows(self, group: str, kind: str) -> bool:
        """Whether the kind is served in any version, by what is known now."""
        return self.preferred(group, kind) is not None

    @property
    def version(self) -> str:
        """The server's version, `v1.37.2`, as of some minutes ago at most."""
        known, read_at = self._version
        if known and time.monotonic() < read_at + self._fresh:
            return known
        found = str(self._server.get("/version").get("gitVersion", ""))
        if found != known:
            self._types = {}
        self._version = (found, time.monotonic())
        return found

    @property
    def api_versions(self) -> tuple[str, ...]:
        """What the server serves, sorted, as Helm asks for it: `apps/v1` and `apps/v1/Deployment`."""
        types = self._types or self._refreshed(self._types)
        served = {f"{group}/{version}" if group else version for group, version, _ in types}
        kinds = {f"{group}/{version}/{kind}" if group else f"{version}/{kind}" for group, version, kind in types}
        return tuple(sorted(served | kinds))

    def _refreshed(self, known: dict[tuple[str, str, str], ResourceType]) -> dict[tuple[str, str, str], ResourceType]:
        """Ask the server, unless another thread did since the caller found `known` wanting."""
        with self._lock:
            if self._types is not known:
                return self._types
            served = [
                found
                for root in ("/api", "/apis")
                for found in _types_in(self._server.request("GET", root, headers={"Accept": _AGGREGATED}))
            ]
            listable = {(kind.group, kind.kind): kind for kind, verbs in reversed(served) if "list" in verbs}
            self._listable = tuple(listable.values())
            self._types = {(kind.group, kind.version, kind.kind): kind for kind, _ in served}
            return self._types


def _types_in(document: JsonObject) -> Iterator[tuple[ResourceType, frozenset[str]]]:
    """Yield the types of an APIGroupDiscoveryList with their verbs, preferred versions first, no subresources."""
    for group in document.get("items", []):
        name = group.get("metadata", {}).get("name", "")
        for version in group.get("versions", []):
            for entry in version.get("resources", []):
                yield _type(name, version["version"], entry), frozenset(entry.get("verbs") or ())


def _type(group: str, version: str, entry: dict[str, Any]) -> ResourceType:
    kind = entry.get("responseKind", {})
    return ResourceType(
        group=group,
        version=version,
        kind=str(kind.get("kind", "")),
        plural=str(entry.get("resource", "")),
        namespaced=entry.get("scope") == "Namespaced",
    )
