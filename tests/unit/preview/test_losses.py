"""What goes away together with an object."""

from __future__ import annotations

from typing import Any

import pytest

from bot.preview.losses import lost_with


@pytest.mark.parametrize(
    ("api_version", "kind", "fields", "words"),
    [
        ("apps/v1", "Deployment", {"status": {"replicas": 3}, "spec": {"replicas": 5}}, "3 pods go away at once"),
        ("apps/v1", "StatefulSet", {"spec": {"replicas": 1}}, "1 pod goes away at once"),
        ("apps/v1", "DaemonSet", {"status": {"currentNumberScheduled": 7}}, "7 pods go away at once"),
        ("apps/v1", "Deployment", {"status": {"replicas": 0}}, ""),
        ("apps/v1", "Deployment", {"status": [], "spec": "x"}, ""),
        ("v1", "Service", {"spec": {"clusterIP": "10.0.0.5"}}, "its cluster IP is given up"),
        ("v1", "Service", {"spec": {"clusterIP": "None"}}, ""),
        ("v1", "Service", {"spec": {"type": "LoadBalancer"}}, "its cluster IP and its external address are given up"),
        ("v1", "Namespace", {}, "everything in it is deleted with it"),
        ("v1", "PersistentVolumeClaim", {}, "the data on its volume may be deleted with it"),
        ("apiextensions.k8s.io/v1", "CustomResourceDefinition", {}, "every object of its kind is deleted with it"),
        ("example.com/v1", "Namespace", {}, ""),
        ("v1", "ConfigMap", {"data": {"a": "1"}}, ""),
    ],
)
def test_the_loss_is_told_in_words(api_version: str, kind: str, fields: dict[str, Any], words: str) -> None:
    assert lost_with({"apiVersion": api_version, "kind": kind, **fields}) == words
