"""A cluster asked as `kubectl apply --server-side --force-conflicts` would: under kubectl's name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.cluster.objects import Cluster
from bot.model.reports import counted
from bot.model.resources import metadata_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.cluster.connection import ApiServer
    from bot.model.resources import JsonObject, ResourceKey

_CLIENT_SIDE: Final = "kubectl-client-side-apply"
"""Who owns what `kubectl apply` wrote without `--server-side` (kubectl `pkg/cmd/apply/apply.go`)."""


class KubectlCluster(Cluster):
    """A cluster that is applied to under kubectl's name: fields that kubectl set and that left the files go."""

    def __init__(self, server: ApiServer, *, concurrency: int = 8) -> None:
        super().__init__(server, concurrency=concurrency, manager="kubectl")
        self.seen: dict[ResourceKey, JsonObject] = {}
        """Every object read so far, as it lives."""

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
