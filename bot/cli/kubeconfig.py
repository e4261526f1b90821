"""The API server that a kubeconfig names, as kubectl would reach it."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from kubernetes import config

from bot.cluster.connection import ApiServer
from bot.errors import Rejected

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.settings import Settings


def server_of(settings: Settings, *, context: str = "") -> tuple[ApiServer, str]:
    """Return a connection and the namespace that kubectl would use; Rejected without a usable kubeconfig."""
    timeout, connections = settings.cluster_timeout, settings.concurrency * 2
    with _kubeconfig_errors(settings.kubeconfig):
        namespace = _context_namespace(settings.kubeconfig, context)
        server = ApiServer.from_kubeconfig(
            settings.kubeconfig, context=context, timeout=timeout, connections=connections
        )
        return server, namespace


def _context_namespace(kubeconfig: str, context: str) -> str:
    contexts, active = config.list_kube_config_contexts(kubeconfig or None)  # type: ignore[no-untyped-call] # the client leaves its loaders untyped
    chosen = next((entry for entry in contexts if entry["name"] == context), None)
    if context and chosen is None:
        known = ", ".join(sorted(str(entry["name"]) for entry in contexts))
        raise Rejected(f"the kubeconfig has no context {context!r}", remedy=f"Use one of these: {known}.")
    return str((chosen or active)["context"].get("namespace") or "default")


@contextmanager
def _kubeconfig_errors(path: str) -> Iterator[None]:
    """Turn what the client's loader raises for a missing or damaged file into words; ours pass through."""
    where = path or os.environ.get("KUBECONFIG") or "~/.kube/config"
    try:
        yield
    except (config.ConfigException, OSError, yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
        missing = not any(Path(one).expanduser().exists() for one in where.split(os.pathsep))
        raise Rejected(
            f"no cluster to ask: {where}: {'there is no such file' if missing else _first_line(error)}",
            remedy="Set KUBECONFIG or --kubeconfig to a file that kubectl can use.",
        ) from error


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "") or type(error).__name__
