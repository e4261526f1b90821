"""Which API server an Application's destination means: the one place where it becomes a connection."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from urllib3.exceptions import LocationValueError

from bot.cluster.breaker import Breaker
from bot.cluster.connection import ApiServer
from bot.cluster.objects import Cluster
from bot.cluster.way import way_to
from bot.cluster.writing import Writer
from bot.engine.clusters import EVERYTHING
from bot.errors import Rejected

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from bot.cluster.secrets import ClusterSecrets
    from bot.engine.clusters import ClusterSecret
    from bot.model.applications import Destination

IN_CLUSTER_SERVER: Final = "https://kubernetes.default.svc"
IN_CLUSTER_NAME: Final = "in-cluster"
_ALIASES_KEPT: Final = 60.0
"""Seconds for which it stands what else the control cluster is called, and how much of it is managed."""
_UNKNOWN: Final = 1.0
"""Seconds for which a cluster is said to be unknown without another look, however many Applications name such ones."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one connection to an API server may take."""

    timeout: float = 30.0
    """Seconds of one request."""
    concurrency: int = 8
    """Requests at a time."""


@dataclass(frozen=True, slots=True)
class Others:
    """Clusters beside the one that keeps the Applications."""

    secrets: ClusterSecrets
    limits: Limits = Limits()
    programs: Collection[str] = ()
    """Those that may be run for a credential."""

    def connect(self, secret: ClusterSecret, *, manager: str) -> Cluster:
        """Return a connection, which asks for nothing yet; Rejected for a Secret that leads nowhere."""
        way = way_to(secret, connections=self.limits.concurrency * 2, programs=self.programs)
        try:
            server = ApiServer(way, name=secret.name, timeout=self.limits.timeout, breaker=Breaker())
        except LocationValueError:
            words = f"the Secret {secret.secret} has a server or proxyUrl that is no URL"
            raise Rejected(words, remedy="Mend the Secret.") from None
        return Cluster(server, concurrency=self.limits.concurrency, manager=manager, scope=secret.scope)


class UnknownCluster(Rejected):
    """A destination names a cluster that nobody has configured."""


class Clusters:
    """The clusters this instance may write to; safe to use from threads.

    A connection lasts as long as its Secret stays as it is. One that was let go still serves whoever holds it, and its
    threads end with the last who does.
    """

    def __init__(self, control: Cluster, others: Others | None = None) -> None:
        self.control = control
        """The one that keeps the Applications."""
        self._others = others
        self._by_name = dict.fromkeys((IN_CLUSTER_NAME, control.name))
        self._by_server = dict.fromkeys((IN_CLUSTER_SERVER, control.server.server))
        self._lock = threading.Lock()
        self._connected: dict[str, tuple[ClusterSecret, Cluster]] = {}
        """By the Secret's name."""
        self._acting: dict[tuple[Cluster, str], Cluster] = {}
        """By cluster and user."""
        self._writers = {control: Writer(control)}

    def at(self, destination: Destination, *, anew: bool = False) -> Cluster:
        """Return the cluster a destination means; UnknownCluster when it is not one of ours.

        A Secret that has come within the last second may not be seen yet; `anew` is for who would give something up
        over that, and takes a request each time that the cluster is unknown. Raises Rejected where its Secret is of no
        use, and Temporary while the control cluster, which has it, is away.
        """
        secret = self._secret(destination, unknown=0.0 if anew else _UNKNOWN)
        if secret is None or self._is_control(secret):
            return self.control
        return self._connection(secret)

    def writer(self, cluster: Cluster) -> Writer:
        """Return what writes to one of these clusters, the same each time: it keeps how kinds are merged."""
        with self._lock:
            return self._writers.get(cluster) or Writer(cluster)

    def acting(self, cluster: Cluster, user: str) -> Cluster:
        """Return one of these clusters as another user writes to it, the same each time."""
        with self._lock:
            key = (cluster, user)
            if key not in self._acting:
                other = self._acting[key] = cluster.acting_as(user)
                self._writers[other] = Writer(other)
            return self._acting[key]

    def name_of(self, destination: Destination) -> str:
        """Return what people call the cluster a destination means; the destination's own words when it is unknown."""
        if destination.name:
            return destination.name
        try:
            return self.at(destination).name
        except Rejected:
            return destination.server

    def names_of(self, destination: Destination) -> tuple[str, ...]:
        """Return every name and URL of the cluster a destination means; Rejected when it is not one of ours."""
        secret = self._secret(destination)
        if secret is not None and not self._is_control(secret):
            return (secret.name, secret.server)
        aliases = [one.name for one in self._known(within=_ALIASES_KEPT) if self._is_control(one)]
        return tuple(dict.fromkeys([*self._by_name, *self._by_server, *aliases]))

    def project_of(self, destination: Destination) -> str:
        """Return the only project that may use the cluster a destination means; empty: any may."""
        secret = self._secret(destination)
        if secret is not None:
            return secret.project
        return next((one.project for one in self._known(within=_ALIASES_KEPT) if self._is_control(one)), "")

    def all(self) -> tuple[Cluster, ...]:
        """Return each cluster that is connected, once."""
        with self._lock:
            return (self.control, *(cluster for _, cluster in self._connected.values()))

    def expire(self) -> None:
        """Take note that a Secret has moved."""
        if self._others is not None:
            self._others.secrets.expire()

    def _known(self, *, within: float | None = None) -> tuple[ClusterSecret, ...]:
        if self._others is None:
            return ()
        secrets = self._others.secrets
        known = secrets.all() if within is None else secrets.all(within=within)
        self.control.scope = next((one.scope for one in known if self._is_control(one)), EVERYTHING)
        return known

    def _secret(self, destination: Destination, *, unknown: float = _UNKNOWN) -> ClusterSecret | None:
        """Return the Secret of a destination's cluster; None for the control cluster by its own names.

        That there is none is said by what is known since `unknown` seconds at the most.
        """
        name, server = destination.name, destination.server.rstrip("/")
        if name in self._by_name if name else server in self._by_server:
            return None
        known = self._known()
        found = _meant(known, name, server)
        if not found:  # a Secret may have come since
            known = self._known(within=unknown)
            found = _meant(known, name, server)
        if not found and self._others is not None and self._others.secrets.problem:
            # Which is not to say that it has gone: what is deleted from a cluster that has gone is given up.
            words = f"the cluster {name or server} is not known: {self._others.secrets.problem}"
            raise Rejected(words, remedy="Let Foresail's account list the Secrets of the control namespace.")
        if not found:
            names = ", ".join(sorted({*self._by_name, *(one.name for one in known)}))
            raise UnknownCluster(
                f"spec.destination names the cluster {name or server}, which is not configured",
                remedy=f"Use one of these by name: {names}; or {IN_CLUSTER_SERVER} for the cluster Foresail runs in.",
            )
        self._refuse_ambiguous(found, known)
        return found[0]

    def _refuse_ambiguous(self, found: Sequence[ClusterSecret], known: Sequence[ClusterSecret]) -> None:
        """Raise Rejected where it is not clear which cluster is meant: what is known of one is kept under its name."""
        meant = found[0]
        namesakes = [one for one in known if one.name == meant.name]
        if len(found) > 1 or len(namesakes) > 1:
            which = ", ".join(sorted({one.secret for one in (*found, *namesakes)}))
            words = f"several Secrets describe the cluster {meant.name or meant.server}: {which}"
            raise Rejected(words, remedy="Give each cluster a name of its own, and name it by that.")
        if meant.name in self._by_name and not self._is_control(meant):
            words = f"the Secret {meant.secret} calls its cluster {meant.name}, which is the name of Foresail's own"
            raise Rejected(words, remedy="Give it another name.")

    def _is_control(self, secret: ClusterSecret) -> bool:
        """Whether a Secret only says more about the control cluster, and not as whom it is reached."""
        return secret.server == IN_CLUSTER_SERVER and not secret.problem and not secret.access.names_somebody

    def _connection(self, secret: ClusterSecret) -> Cluster:
        """Return the connection of a Secret, made anew when that has changed; let go those whose Secret is gone."""
        if self._others is None:
            raise Rejected("no other clusters are known")
        there = {one.secret for one in self._known()}
        with self._lock:
            kept, cluster = self._connected.get(secret.secret, (None, None))
            if cluster is None or kept != secret:
                self._let_go(secret.secret)
                cluster = self._others.connect(secret, manager=self.control.manager)
                self._connected[secret.secret] = (secret, cluster)
                self._writers[cluster] = Writer(cluster)
            for gone in self._connected.keys() - there:
                self._let_go(gone)
            return cluster

    def _let_go(self, secret: str) -> None:
        _, cluster = self._connected.pop(secret, (None, None))
        acting = [key for key in self._acting if key[0] is cluster]
        for gone in [cluster, *(self._acting.pop(key) for key in acting)]:
            if gone is not None:
                del self._writers[gone]


def _meant(known: Sequence[ClusterSecret], name: str, server: str) -> list[ClusterSecret]:
    return [one for one in known if (one.name == name if name else one.server == server)]
