"""The keys whose signatures can be verified, as the control namespace has them in two ConfigMaps."""

from __future__ import annotations

import threading
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from bot.cluster.errors import ApiRefused
from bot.cluster.repositories import CONFIG_MAP
from bot.engine.signatures import GNUPG_KEYS, REQUIRED, SSH_SIGNERS
from bot.errors import Rejected
from bot.model.signatures import Keyring

if TYPE_CHECKING:
    from bot.cluster.objects import Cluster

_KEPT_SECONDS: Final = 5.0
"""Whoever adds a key expects it to be known."""


class Keyrings:
    """The ring of one control namespace, read at most every few seconds and only when asked for; safe in threads."""

    def __init__(self, cluster: Cluster, *, namespace: str) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._lock = threading.Lock()
        self._until = 0.0
        self._ring = Keyring()

    def current(self) -> Keyring:
        """Return the keys that are known; Rejected where the ConfigMaps may not be read, Temporary as any request."""
        with self._lock:
            if time.monotonic() >= self._until:
                gnupg, ssh = self._texts(GNUPG_KEYS), self._texts(SSH_SIGNERS)
                self._ring = Keyring(gnupg, "".join(f"{text}\n" for text in ssh))
                self._until = time.monotonic() + _KEPT_SECONDS
            return self._ring

    def _texts(self, name: str) -> tuple[str, ...]:
        try:
            found = self._cluster.get(CONFIG_MAP, namespace=self._namespace, name=name)
        except ApiRefused as error:
            if error.code != HTTPStatus.FORBIDDEN:
                raise
            raise Rejected(f"{REQUIRED}the ConfigMap {name} may not be read: {error.message}") from error
        data = (found or {}).get("data")
        return (
            tuple(text for _, text in sorted(data.items()) if isinstance(text, str)) if isinstance(data, dict) else ()
        )
