"""A connection to the control plane, and a second person who works on the same objects."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.cluster.connection import ApiServer
from bot.cluster.objects import Cluster
from bot.cluster.writing import Write, Writer, Written
from bot.engine.writes import How
from bot.sandbox.control_plane.cluster import ControlPlane

MANIFESTS = Path(__file__).parent / "manifests"


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


@pytest.fixture(scope="module")
def harbour(control_plane: ControlPlane, cluster: Cluster, place: str) -> str:
    """Return a namespace in a cluster that knows ships."""
    control_plane.kubectl("apply", "-f", str(MANIFESTS / "definitions.yaml"))
    ship = {"apiVersion": "harbour.example/v1", "kind": "Ship", "metadata": {"name": "probe", "namespace": place}}
    wait_until(lambda: isinstance(dry_run(cluster, ship), dict))
    return place


def wait_until(happened: Callable[[], bool], *, seconds: float = 30) -> None:
    """Ask again and again until the answer is yes."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "waited in vain"


def config_map(namespace: str, name: str = "settings", **fields: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"a": "1"}, **fields}


def dry_run(cluster: Cluster, manifest: dict[str, Any], *, validate: bool = True) -> Any:
    (answer,) = dry_runs(cluster, manifest, validate=validate)
    return answer


def dry_runs(cluster: Cluster, *manifests: dict[str, Any], validate: bool = True) -> list[Any]:
    writes = [Write(manifest, None, How(validate=validate)) for manifest in manifests]
    answers = Writer(cluster).trying(writes)()
    return [answer.obj if isinstance(answer, Written) else answer for answer in answers]
