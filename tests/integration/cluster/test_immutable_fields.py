"""What can never change on an existing object is told apart from every other refusal."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import yaml

from bot.cluster.objects import Apply, Cluster
from bot.model.predictions import Refusal
from tests.integration.cluster.conftest import MANIFESTS, dry_run

VARIED = list(yaml.safe_load_all((MANIFESTS / "varied.yaml").read_text(encoding="utf-8")))
SEALED = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "sealed"},
    "immutable": True,
    "data": {"password": "aHVudGVyMg=="},
}
LARGER = {
    "metadata": {"name": "data"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "2Gi"}}},
}
SELECTOR = {"selector": {"matchLabels": {"app": "x"}}, "template": {"metadata": {"labels": {"app": "x"}}}}


def example(kind: str, name: str, namespace: str) -> dict[str, Any]:
    found = next(
        obj for obj in [*VARIED, SEALED] if (obj["kind"], obj["metadata"]["name"]) == (kind, name.rpartition("/")[2])
    )
    return {**found, "metadata": {**found["metadata"], "namespace": namespace}}


def merged(obj: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    result = copy.deepcopy(obj)
    for name, value in change.items():
        nested = isinstance(value, dict) and isinstance(result.get(name), dict)
        result[name] = merged(result[name], value) if nested else value
    return result


@pytest.mark.parametrize(
    ("kind", "name", "change", "field"),
    [
        ("Deployment", "web", {"spec": SELECTOR}, "spec.selector"),
        ("DaemonSet", "agent", {"spec": SELECTOR}, "spec.selector"),
        ("StatefulSet", "db", {"spec": {"serviceName": "other"}}, "spec.serviceName"),
        ("StatefulSet", "db", {"spec": {"volumeClaimTemplates": [LARGER]}}, "spec.volumeClaimTemplates"),
        ("Service", "web", {"spec": {"clusterIP": "10.0.44.44"}}, "spec.clusterIPs[0]"),
        ("Service", "headless", {"spec": {"clusterIP": "10.0.44.45"}}, "spec.clusterIPs[0]"),
        ("Job", "once", {"spec": {"template": {"spec": {"serviceAccountName": "x"}}}}, "spec.template.spec"),
        ("PersistentVolumeClaim", "data", {"spec": {"accessModes": ["ReadWriteMany"]}}, "spec"),
        ("Secret", "sealed", {"data": {"password": "Yg=="}}, "data"),
        ("Secret", "encoded", {"type": "example.com/other"}, "type"),
        ("ConfigMap", "binary", {"binaryData": {"a": "AAED"}}, "binaryData"),
        ("RoleBinding", "reader", {"roleRef": {"name": "writer"}}, "roleRef"),
    ],
)
def test_an_immutable_field_is_named(
    cluster: Cluster, namespace: str, *, kind: str, name: str, change: dict[str, Any], field: str
) -> None:
    manifest = example(kind, name, namespace)
    cluster.apply(Apply(manifest))
    answer = dry_run(cluster, merged(manifest, change))

    assert isinstance(answer, Refusal)
    assert (answer.code, answer.reason, answer.immutable_fields) == (422, "Invalid", (field,))


def test_an_object_that_is_wrong_in_any_other_way_as_well_would_not_be_helped_by_replacing_it(
    cluster: Cluster, namespace: str
) -> None:
    manifest = example("Deployment", "web", namespace)
    cluster.apply(Apply(manifest))
    answer = dry_run(cluster, merged(manifest, {"spec": {**SELECTOR, "replicas": -1}}))

    assert isinstance(answer, Refusal)
    assert "field is immutable" in answer.message
    assert "greater than or equal to 0" in answer.message
    assert answer.immutable_fields == ()
