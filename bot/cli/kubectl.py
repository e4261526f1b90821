"""A cluster asked as `kubectl apply --server-side --force-conflicts` would: under kubectl's name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.cluster.objects import Cluster

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.cluster.connection import ApiServer
    from bot.model.resources import JsonObject, ResourceKey


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
