"""A cluster asked as `kubectl apply --server-side --force-conflicts` would: under kubectl's name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.cluster.connection import ApiServer
from bot.cluster.objects import FIELD_MANAGER, Cluster
from bot.model.reports import counted
from bot.model.resources import metadata_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.model.resources import JsonObject, ResourceKey

_CLIENT_SIDE: Final = "kubectl-client-side-apply"
"""Who owns what `kubectl apply` wrote without `--server-side` (kubectl `pkg/cmd/apply/apply.go`)."""


class KubectlServer(ApiServer):
    """A connection that applies under kubectl's name: fields that kubectl set and that left the files go."""

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: JsonObject | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> JsonObject:
        """Send one request as `ApiServer` does."""
        if query and query.get("fieldManager") == FIELD_MANAGER:
            query = {**query, "fieldManager": "kubectl"}
        return super().request(method, path, query=query, body=body, headers=headers)


class KubectlCluster(Cluster):
    """A cluster in which every object is asked about: what proves a dry run needless is about our own field manager."""

    def __init__(self, server: ApiServer, *, concurrency: int = 8) -> None:
        super().__init__(server, concurrency=concurrency)
        self.seen: dict[ResourceKey, JsonObject] = {}
        """Every object read so far, as it lives."""

    def admission_mutates(self) -> bool:
        """Return True: nothing may be taken as proven."""
        return True

    def live(self, wanted: Iterable[JsonObject]) -> dict[ResourceKey, JsonObject]:
        """Read as `Cluster` does, and remember it."""
        found = super().live(wanted)
        self.seen.update(found)
        return found

    @property
    def notes(self) -> tuple[str, ...]:
        """What a dry run cannot see: kubectl hands such fields over in a request of its own, when it really applies."""
        count = sum(map(_is_client_side, self.seen.values()))
        if not count:
            return ()
        objects = counted(count, "object")
        return (f"{objects} applied by kubectl without --server-side: fields that left the folder are not seen to go",)


def _is_client_side(obj: JsonObject) -> bool:
    return any(entry.get("manager") == _CLIENT_SIDE for entry in metadata_of(obj).get("managedFields") or [])
