"""What is asked of a real cluster before dangers are judged."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.cluster.connection import ApiServer
from bot.cluster.objects import Apply, Cluster
from bot.model.resources import JsonObject, ResourceKey
from bot.prediction.knowledge import gathered
from bot.preview.dangers import Contents, Inquiry, Volume
from bot.sandbox.control_plane.cluster import ControlPlane


@pytest.fixture(scope="module")
def cluster(control_plane: ControlPlane) -> Iterator[Cluster]:
    connected = Cluster(ApiServer.from_kubeconfig(str(control_plane.kubeconfig)))
    yield connected
    connected.close()


@pytest.fixture(scope="module")
def ships(control_plane: ControlPlane, cluster: Cluster) -> str:
    """Return a group of its own, in which the cluster knows ships."""
    group = f"g{uuid.uuid4().hex[:8]}.example"
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"ships.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": "Ship", "plural": "ships"},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
        },
    }
    cluster.apply(Apply(definition))
    control_plane.await_established(f"crd/ships.{group}")
    return group


def make(api_version: str, kind: str, name: str, namespace: str = "", **fields: Any) -> JsonObject:
    place = {"namespace": namespace} if namespace else {}
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, **place}, **fields}


def pod(name: str, namespace: str, **labels: str) -> JsonObject:
    spec = {"containers": [{"name": "main", "image": "a:1"}], "serviceAccountName": "runner"}
    made = make("v1", "Pod", name, namespace, spec=spec)
    return {**made, "metadata": {**made["metadata"], "labels": labels}}


def test_the_objects_of_a_definition_are_counted(cluster: Cluster, namespace: str, ships: str) -> None:
    for number in range(3):
        cluster.discovery.find(make(f"{ships}/v1", "Ship", "x"))
        cluster.apply(Apply(make(f"{ships}/v1", "Ship", f"s-{number}", namespace)))
    wanted = (f"ships.{ships}", ships, "Ship"), ("boats.harbour.example", "harbour.example", "Boat")

    assert gathered(cluster, Inquiry(definitions=frozenset(wanted))).instances == {f"ships.{ships}": 3}


def test_the_contents_of_a_namespace_are_counted(cluster: Cluster, namespace: str) -> None:
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    for number in range(2):
        cluster.apply(Apply(make("v1", "PersistentVolumeClaim", f"c-{number}", namespace, spec=claim)))
    found = gathered(cluster, Inquiry(namespaces=frozenset({namespace})))

    assert found.namespaces == {namespace: Contents(pods=0, claims=2)}
    assert found.version.startswith("v1.")


def test_a_volume_says_what_becomes_of_its_data(cluster: Cluster) -> None:
    name = f"pv-{uuid.uuid4().hex[:8]}"
    spec = {
        "capacity": {"storage": "5Gi"},
        "accessModes": ["ReadWriteOnce"],
        "persistentVolumeReclaimPolicy": "Retain",
        "hostPath": {"path": "/tmp/x"},  # noqa: S108 - a name in a manifest, nobody opens it
    }
    cluster.apply(Apply(make("v1", "PersistentVolume", name, spec=spec)))
    found = gathered(cluster, Inquiry(volumes=frozenset({name, "nowhere", ""})))

    assert found.volumes == {name: Volume("Retain", "5Gi")}


def test_autoscalers_of_a_namespace_are_read(cluster: Cluster, namespace: str) -> None:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    spec = {"scaleTargetRef": target, "maxReplicas": 3}
    cluster.apply(Apply(make("autoscaling/v2", "HorizontalPodAutoscaler", "auto", namespace, spec=spec)))
    found = gathered(cluster, Inquiry(autoscaled=frozenset({namespace}))).autoscalers[namespace]

    assert [(each["kind"], each["spec"]["scaleTargetRef"]) for each in found] == [("HorizontalPodAutoscaler", target)]


def test_the_pods_that_a_service_selects_are_known_by_their_labels(
    control_plane: ControlPlane, cluster: Cluster, namespace: str
) -> None:
    control_plane.kubectl("create", "serviceaccount", "runner", "--namespace", namespace)
    cluster.apply(Apply(pod("a", namespace, app="web", by="us")))
    cluster.apply(Apply(pod("b", namespace, app="api")))
    web, db = (ResourceKey("", "Service", namespace, name) for name in ("web", "db"))
    services = frozenset({(web, (("app", "web"),)), (db, (("app", "db"),))})

    assert gathered(cluster, Inquiry(services=services)).pods == {web: ({"app": "web", "by": "us"},), db: ()}


@pytest.fixture
def stranger(control_plane: ControlPlane, namespace: str, tmp_path: Path) -> Iterator[Cluster]:
    """Connect as an account without any permission."""
    control_plane.kubectl("create", "serviceaccount", "nobody", "--namespace", namespace)
    token = control_plane.kubectl("create", "token", "nobody", "--namespace", namespace).strip()
    document = yaml.safe_load(control_plane.kubeconfig.read_text())
    document["users"][0]["user"] = {"token": token}
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(document))
    connected = Cluster(ApiServer.from_kubeconfig(str(tmp_path / "kubeconfig")))
    yield connected
    connected.close()


def test_what_may_not_be_read_is_not_known(stranger: Cluster, namespace: str) -> None:
    place = frozenset({namespace})
    service = (ResourceKey("", "Service", namespace, "web"), (("app", "web"),))
    asked = Inquiry(namespaces=place, volumes=frozenset({"pv"}), autoscaled=place, services=frozenset({service}))
    found = gathered(stranger, asked)

    assert (found.namespaces, found.volumes, found.autoscalers, found.pods) == ({}, {}, {}, {})
