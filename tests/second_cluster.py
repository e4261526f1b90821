"""Argo CD's cluster Secrets, as an operator writes them."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

from bot.sandbox.control_plane.cluster import ControlPlane


def cluster_secret(name: str, server: str, config: object, *, namespace: str = "", **data: str) -> dict[str, Any]:
    """Return the Secret of a cluster; `config` is sent as JSON, unless it is text."""
    text = config if isinstance(config, str) else json.dumps(config)
    values = {"name": name, "server": server, "config": text, **data}
    labels = {"argocd.argoproj.io/secret-type": "cluster"}
    metadata = {"name": f"cluster-{name}", "labels": labels} | ({"namespace": namespace} if namespace else {})
    encoded = {key: b64encode(value.encode()).decode() for key, value in values.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": encoded}


def config_of(plane: ControlPlane, **more: object) -> dict[str, Any]:
    """Return what leads to a control plane, as its administrator."""
    return {"bearerToken": plane.token, "tlsClientConfig": {"caData": authority_of(plane)}, **more}


def authority_of(plane: ControlPlane) -> str:
    """Return who vouches for a control plane, as a Secret has it."""
    return b64encode(plane.authority.read_bytes()).decode()


def declare(control: ControlPlane, namespace: str, plane: ControlPlane, *, name: str, **data: str) -> None:
    """Write the Secret of a control plane into the control namespace of another."""
    secret = cluster_secret(name, plane.server, config_of(plane), namespace=namespace, **data)
    control.kubectl("apply", "-f", "-", stdin=json.dumps(secret))
