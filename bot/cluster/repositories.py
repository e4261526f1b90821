"""Argo CD's repository Secrets, known hosts and certificates, as the control namespace has them."""

from __future__ import annotations

import threading
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import structlog

from bot.cluster.errors import ApiRefused
from bot.cluster.objects import collection_path
from bot.engine.repositories import REPOSITORY, TEMPLATE, KnownRepositories, known
from bot.engine.secrets import SECRET_TYPE
from bot.errors import Temporary
from bot.model.resources import ResourceType, metadata_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.cluster.objects import Cluster
    from bot.model.credentials import Credentials
    from bot.model.resources import JsonObject

SECRET: Final = ResourceType("", "v1", "Secret", "secrets", namespaced=True)
CONFIG_MAP: Final = ResourceType("", "v1", "ConfigMap", "configmaps", namespaced=True)
KNOWN_HOSTS: Final = "argocd-ssh-known-hosts-cm"
CERTIFICATES: Final = "argocd-tls-certs-cm"
_SELECTOR: Final = f"{SECRET_TYPE} in ({REPOSITORY}, {TEMPLATE})"
_KEPT_SECONDS: Final = 5.0
"""Whoever writes a Secret beside an Application expects it to work; three requests for each fetch are too many."""

_log = structlog.get_logger()


class Repositories:
    """How repositories are reached, read at most every few seconds; safe to use from threads."""

    def __init__(self, cluster: Cluster, *, namespace: str) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._lock = threading.Lock()
        self._known = KnownRepositories()
        self._until = 0.0
        self._told: set[str] = set()

    def find(self, url: str, project: str) -> Credentials | None:
        """Return how a project's applications reach a repository; None when nothing is said about that.

        Raises Rejected for a Secret that cannot be used, and Temporary while the API server is away: to go on without
        would be to say that there is no such repository.
        """
        with self._lock:
            if time.monotonic() >= self._until:
                self._known = self._read()
                self._until = time.monotonic() + _KEPT_SECONDS
            return self._known.find(url, project)

    def _read(self) -> KnownRepositories:
        secrets, problems = known(self._secrets())
        for problem in problems:
            self._tell("repository Secret left out", reason=problem)
        hosts, certificates = self._config_map(KNOWN_HOSTS), self._config_map(CERTIFICATES)
        return KnownRepositories(secrets, known_hosts=hosts.get("ssh_known_hosts"), authorities=certificates)

    def _secrets(self) -> Iterator[JsonObject]:
        path, query = collection_path(SECRET, namespace=self._namespace), {"labelSelector": _SELECTOR, "limit": "500"}
        while True:
            try:
                page = self._cluster.server.request("GET", path, query=query)
            except ApiRefused as error:
                if error.code != HTTPStatus.FORBIDDEN:
                    raise Temporary(f"repository Secrets cannot be read: {error.message}") from error
                self._tell("repository Secrets may not be read", reason=error.message)
                return
            yield from page.get("items") or []
            token = metadata_of(page).get("continue")
            if not token:
                return
            query = {**query, "continue": str(token)}

    def _config_map(self, name: str) -> Mapping[str, str]:
        try:
            found = self._cluster.get(CONFIG_MAP, namespace=self._namespace, name=name)
        except ApiRefused as error:
            if error.code != HTTPStatus.FORBIDDEN:
                raise
            self._tell("ConfigMap about repositories may not be read", reason=error.message)
            return {}
        return (found or {}).get("data") or {}

    def _tell(self, words: str, *, reason: str) -> None:
        """Log something once."""
        if reason not in self._told:
            self._told.add(reason)
            _log.warning(words, reason=reason)
