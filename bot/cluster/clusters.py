"""Which API server an Application's destination means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.cluster.writing import Writer
from bot.errors import Rejected

if TYPE_CHECKING:
    from bot.cluster.objects import Cluster
    from bot.model.applications import Destination

IN_CLUSTER_SERVER: Final = "https://kubernetes.default.svc"
IN_CLUSTER_NAME: Final = "in-cluster"


class UnknownCluster(Rejected):
    """A destination names a cluster that nobody has configured."""


class Clusters:
    """The clusters this instance may write to."""

    def __init__(self, control: Cluster) -> None:
        self._control = control
        self._by_name = {IN_CLUSTER_NAME: control, control.name: control}
        self._by_server = {IN_CLUSTER_SERVER: control, control.server.server: control}
        self._writers = {control: Writer(control)}

    def at(self, destination: Destination) -> Cluster:
        """Return the cluster a destination means; UnknownCluster when it is not one of ours."""
        if destination.name:
            found = self._by_name.get(destination.name)
        else:
            found = self._by_server.get((destination.server or "").rstrip("/"))
        if found is None:
            known = ", ".join(sorted(self._by_name))
            raise UnknownCluster(
                f"spec.destination names the cluster {destination.name or destination.server}, which is not configured",
                remedy=f"Use one of these by name: {known}; or {IN_CLUSTER_SERVER} for the cluster Foresail runs in.",
            )
        return found

    def writer(self, cluster: Cluster) -> Writer:
        """Return what writes to one of these clusters, the same each time: it keeps how kinds are merged."""
        return self._writers[cluster]

    def name_of(self, destination: Destination) -> str:
        """Return what people call the cluster a destination means; the destination's own words when it is unknown."""
        found = self._by_server.get((destination.server or "").rstrip("/"))
        return destination.name or (found.name if found else destination.server)

    def names_of(self, destination: Destination) -> tuple[str, ...]:
        """Return every name and URL of the cluster a destination means; Rejected when it is not one of ours."""
        cluster = self.at(destination)
        known = {**self._by_name, **self._by_server}
        return tuple(name for name, one in known.items() if one is cluster)

    def all(self) -> tuple[Cluster, ...]:
        """Return each cluster once."""
        return tuple(dict.fromkeys(self._by_name.values()))
