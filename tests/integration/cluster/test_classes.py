"""What the API server says of claims and bindings whose class or role decides about them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from bot.cluster.connection import ApiServer
from bot.cluster.objects import Apply, Cluster
from bot.engine.coming import Coming
from bot.model.predictions import Refusal
from bot.model.resources import JsonObject, ResourceKey
from bot.sandbox.control_plane.cluster import ControlPlane
from tests.integration.cluster.conftest import dry_run, wait_until

RBAC = "rbac.authorization.k8s.io"


def storage(name: str, *, expands: bool) -> JsonObject:
    kind = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": name}}
    return {**kind, "provisioner": "example.com/disk", "allowVolumeExpansion": expands}


def claim(namespace: str, size: str) -> JsonObject:
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": size}},
        "storageClassName": namespace,
        "volumeName": namespace,
    }
    metadata = {"name": "data", "namespace": namespace}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec}


def volume(namespace: str) -> JsonObject:
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "capacity": {"storage": "1Gi"},
        "storageClassName": namespace,
        "claimRef": {"name": "data", "namespace": namespace},
        "hostPath": {"path": "/data"},
    }
    return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": namespace}, "spec": spec}


def test_a_claim_may_grow_when_its_class_says_so(cluster: Cluster, control_plane: ControlPlane, namespace: str) -> None:
    fixed, grown = storage(namespace, expands=False), claim(namespace, "2Gi")
    for obj in (fixed, volume(namespace), claim(namespace, "1Gi")):
        cluster.apply(Apply(obj))
    bound = '{"status": {"phase": "Bound", "capacity": {"storage": "1Gi"}}}'
    control_plane.kubectl("patch", "pvc", "data", "-n", namespace, "--subresource=status", "--type=merge", "-p", bound)

    refusal = dry_run(cluster, grown)
    assert isinstance(refusal, Refusal)
    loosened = storage(namespace, expands=True)
    altered = frozenset({("shop", ResourceKey.of(loosened))})
    coming = Coming.of({"shop": [loosened, grown]}, altered, {ResourceKey.of(fixed): fixed})
    assert coming.overtaken(refusal, grown, "shop") is not None
    cluster.apply(Apply(loosened))
    wait_until(lambda: isinstance(dry_run(cluster, grown), dict))


def binding(namespace: str) -> JsonObject:
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "readers", "namespace": namespace},
        "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": "reader"},
        "subjects": [{"apiGroup": RBAC, "kind": "User", "name": "jane"}],
    }


@pytest.fixture
def deployer(control_plane: ControlPlane, namespace: str, tmp_path: Path) -> Iterator[Cluster]:
    """Return a cluster as somebody sees it who may write roles and bindings of a namespace, with no other right."""
    plane, place = control_plane, ["-n", namespace]
    plane.kubectl("create", "serviceaccount", "deployer", *place)
    resources = f"--resource=roles.{RBAC},rolebindings.{RBAC}"
    plane.kubectl("create", "role", "deployer", *place, "--verb=get,create,patch,update", resources)
    account = f"--serviceaccount={namespace}:deployer"
    plane.kubectl("create", "rolebinding", "deployer", *place, "--role=deployer", account)
    kubeconfig = yaml.safe_load(plane.kubeconfig.read_text())
    kubeconfig["users"][0]["user"] = {"token": plane.kubectl("create", "token", "deployer", *place).strip()}
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(kubeconfig))
    connected = Cluster(ApiServer.from_kubeconfig(str(tmp_path / "kubeconfig")))
    yield connected
    connected.close()


def test_a_role_is_missed_by_who_binds_it_without_all_rights(deployer: Cluster, namespace: str) -> None:
    rules: list[JsonObject] = [{"apiGroups": [RBAC], "resources": ["roles"], "verbs": ["get"]}]
    role = {"apiVersion": f"{RBAC}/v1", "kind": "Role", "metadata": {"name": "reader", "namespace": namespace}}
    wanted = [{**role, "rules": rules}, binding(namespace)]
    wait_until(lambda: isinstance(dry_run(deployer, wanted[0]), dict))  # as soon as its rights are known everywhere

    refusal = dry_run(deployer, wanted[1])
    assert isinstance(refusal, Refusal)
    found = Coming.of({"shop": wanted}, frozenset(), {}).instead_of(refusal, wanted[1], "shop")
    assert found is not None, refusal
    assert found.why.startswith(f"its Role {namespace}/reader does not exist yet")
    deployer.apply(Apply(wanted[0]))
    wait_until(lambda: isinstance(dry_run(deployer, wanted[1]), dict))
