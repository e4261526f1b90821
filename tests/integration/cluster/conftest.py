"""A connection to the control plane, and a second person who works on the same objects."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from bot.cluster.connection import ApiServer
from bot.cluster.objects import Apply, Cluster
from bot.sandbox.control_plane.cluster import ControlPlane


@pytest.fixture(scope="session")
def cluster(control_plane: ControlPlane) -> Iterator[Cluster]:
    connected = Cluster(ApiServer.from_kubeconfig(str(control_plane.kubeconfig)))
    yield connected
    connected.close()


@pytest.fixture(scope="module")
def place(control_plane: ControlPlane) -> str:
    """Return a namespace that the tests of one module share; their objects have names of their own."""
    name = f"shared-{uuid.uuid4().hex[:8]}"
    control_plane.kubectl("create", "namespace", name)
    return name


def config_map(namespace: str, name: str = "settings", **fields: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"a": "1"}, **fields}


def dry_run(cluster: Cluster, manifest: dict[str, Any], *, validate: bool = True) -> Any:
    (answer,) = cluster.try_apply([Apply(manifest, validate=validate)])
    return answer
