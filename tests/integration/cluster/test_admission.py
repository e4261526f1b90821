"""Admission: what it refuses is told in its own words, and where it acts nothing is taken for proven."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import pytest
import yaml

from bot.cluster.objects import Cluster
from bot.model.predictions import Refusal
from bot.sandbox.control_plane.cluster import ControlPlane
from tests.integration.cluster.conftest import MANIFESTS, config_map, dry_run, wait_until


@pytest.fixture
def guarded(control_plane: ControlPlane, namespace: str) -> Iterator[str]:
    """Return a namespace in which config maps need an owner."""
    text = (MANIFESTS / "policy.yaml").read_text(encoding="utf-8").replace("NAMESPACE", namespace)
    control_plane.kubectl("apply", "-f", "-", stdin=text)
    yield namespace
    control_plane.kubectl("delete", "--wait", "-f", "-", stdin=text)


def test_a_policy_refuses_in_its_own_words(cluster: Cluster, guarded: str) -> None:
    def refused() -> bool:
        return isinstance(dry_run(cluster, config_map(guarded)), Refusal)

    wait_until(refused)
    answer = dry_run(cluster, config_map(guarded))

    assert (answer.code, answer.reason, answer.immutable_fields) == (422, "Invalid", ())
    assert "every config map names its owner" in answer.message


def test_without_webhooks_and_policies_admission_is_known_to_do_nothing(cluster: Cluster) -> None:
    wait_until(lambda: not cluster.admission_mutates())


@pytest.mark.parametrize("kind", ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"])
def test_a_webhook_that_fails_is_a_refusal_at_the_object(
    cluster: Cluster, control_plane: ControlPlane, namespace: str, kind: str
) -> None:
    text = yaml.safe_dump(webhook(kind, namespace))
    control_plane.kubectl("apply", "-f", "-", stdin=text)
    try:
        wait_until(lambda: isinstance(dry_run(cluster, config_map(namespace)), Refusal))
        answer = dry_run(cluster, config_map(namespace))
        assert answer.code == HTTPStatus.INTERNAL_SERVER_ERROR
        wait_until(lambda: cluster.admission_mutates() is kind.startswith("Mutating"))  # what was seen holds a moment
        assert 'failed calling webhook "away.example.com"' in answer.message
    finally:
        control_plane.kubectl("delete", "-f", "-", stdin=text)


def webhook(kind: str, namespace: str) -> dict[str, Any]:
    """Return a webhook for one namespace at an address where nobody listens."""
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": kind,
        "metadata": {"name": "away"},
        "webhooks": [
            {
                "name": "away.example.com",
                "admissionReviewVersions": ["v1"],
                "sideEffects": "None",
                "timeoutSeconds": 1,
                "clientConfig": {"url": "https://127.0.0.1:1/"},
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
                "rules": [
                    {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["*"], "resources": ["configmaps"]},
                ],
            }
        ],
    }
