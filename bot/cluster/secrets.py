"""Argo CD's cluster Secrets, as the control namespace has them."""

from __future__ import annotations

import threading
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import structlog

from bot.cluster.errors import ApiRefused
from bot.cluster.repositories import SECRET
from bot.engine.clusters import CLUSTER, ClusterSecret
from bot.engine.secrets import SECRET_TYPE
from bot.errors import Temporary

if TYPE_CHECKING:
    from bot.cluster.objects import Cluster

CLUSTERS: Final = f"{SECRET_TYPE}={CLUSTER}"
"""Selects the Secrets by label."""
KEPT_SECONDS: Final = 5.0
"""Whoever writes a Secret beside an Application expects it to work."""

_log = structlog.get_logger()


class ClusterSecrets:
    """Which clusters there are, read at most every few seconds; safe to use from threads."""

    def __init__(self, control: Cluster, *, namespace: str) -> None:
        self._control = control
        self.namespace = namespace
        self._lock = threading.Lock()
        self._known: tuple[ClusterSecret, ...] = ()
        self._read_at = float("-inf")
        self._told: set[str] = set()
        self.problem = ""
        """Why they may not be read, in the server's words; empty: they may."""

    def all(self, *, within: float = KEPT_SECONDS) -> tuple[ClusterSecret, ...]:
        """Return what the Secrets said `within` so many seconds, by the name of the Secret.

        Nothing where they may not be read. Raises Temporary while the control cluster is away: to go on without would
        be to say that there are no other clusters.
        """
        with self._lock:
            if time.monotonic() >= self._read_at + within:
                self._known = self._read()
                self._read_at = time.monotonic()
            return self._known

    def expire(self) -> None:
        """Read them anew when they are asked for next: something has moved."""
        with self._lock:
            self._read_at = float("-inf")

    def _read(self) -> tuple[ClusterSecret, ...]:
        self.problem = ""
        try:
            found = list(self._control.listed(SECRET, namespace=self.namespace, selector=CLUSTERS))
        except ApiRefused as error:
            if error.code != HTTPStatus.FORBIDDEN:
                raise Temporary(f"cluster Secrets cannot be read: {error.message}") from error
            self.problem = error.message  # told to whoever asks for one of them
            return ()
        parsed = sorted(map(ClusterSecret.parse, found), key=lambda one: one.secret)
        for one in parsed:
            if one.problem:
                self._tell("cluster Secret cannot be used", one.problem)
        return tuple(parsed)

    def _tell(self, words: str, reason: str) -> None:
        """Log something once."""
        if reason not in self._told:
            self._told.add(reason)
            _log.warning(words, reason=reason)
