"""A rule that is loosened excuses what it refuses today; one that is tightened, or may be, does not."""

from __future__ import annotations

from typing import Any

import pytest

from bot.engine.loosening import lets_through
from bot.model.resources import JsonObject

WIDGET: JsonObject = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "size": 7}
EXCEEDED = 'pods "p" is forbidden: exceeded quota: small, requested: pods=2, used: pods=5, limited: pods=6'
VIOLATED = 'pods "p" is forbidden: violates PodSecurity "baseline:latest": privileged'
TOO_MUCH = "maximum storage usage per PersistentVolumeClaim is 1Gi, but limit is 2Gi"
UNLIMITED = "maximum cpu usage per Container is 1.  No limit is specified"
DENIED = "ValidatingAdmissionPolicy 'labels' with binding 'all' denied request: needs a team"
WEBHOOK = 'admission webhook "a.example.com" denied the request: no'
TOO_BIG = 'Widget.example.com "w" is invalid: size: Invalid value: 7: size in body should be less than or equal to 5'
MISSING = 'Widget.example.com "w" is invalid: colour: Required value'


def quota(**hard: str) -> JsonObject:
    return {"spec": {"hard": hard}}


def limits(kind: str, **bounds: JsonObject) -> JsonObject:
    return {"spec": {"limits": [{"type": kind, **bounds}]}}


def namespace(level: str) -> JsonObject:
    return {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": level} if level else {}}}


def policy(*messages: str) -> JsonObject:
    return {"spec": {"validations": [{"expression": f"x.{one}", "message": one} for one in messages]}}


def hooks(**policies: str) -> JsonObject:
    return {"webhooks": [{"name": f"{name}.example.com", "failurePolicy": one} for name, one in policies.items()]}


def definition(required: tuple[str, ...] = (), **size: Any) -> JsonObject:
    properties = {"size": {"type": "integer", **size}, "colour": {"type": "string"}}
    schema = {"type": "object", "properties": properties, "required": list(required)}
    version = {"name": "v1", "served": True, "schema": {"openAPIV3Schema": schema}}
    return {"spec": {"versions": [version]}}


CLAIM = "PersistentVolumeClaim"
FIXED = (
    'persistentvolumeclaims "d" is forbidden: only dynamically provisioned pvc can be resized and the storageclass '
    "that provisions the pvc must support resize"
)


def storage(*, expands: bool, name: str = "fast") -> JsonObject:
    return {"metadata": {"name": name}, "allowVolumeExpansion": expands}


@pytest.mark.parametrize(
    ("spec", "after", "expected"),
    [
        ({"storageClassName": "fast"}, storage(expands=True), True),
        ({"storageClassName": "fast"}, storage(expands=False), False),
        ({"storageClassName": "fast"}, storage(expands=True, name="slow"), False),
        ({}, storage(expands=True), None),
    ],
)
def test_a_class_whose_volumes_may_grow_lets_a_claim_of_it_grow(
    spec: JsonObject, after: JsonObject, *, expected: bool | None
) -> None:
    assert lets_through("StorageClass", FIXED, storage(expands=False), after, {"spec": spec}) is expected


CASES: list[tuple[str, str, JsonObject, JsonObject, bool | None]] = [
    ("ResourceQuota", EXCEEDED, quota(pods="6"), quota(pods="7"), True),
    ("ResourceQuota", EXCEEDED, quota(pods="6"), quota(cpu="1"), True),
    ("ResourceQuota", EXCEEDED, quota(pods="6"), quota(pods="5"), False),
    ("ResourceQuota", EXCEEDED, quota(pods="3"), quota(pods="4"), None),
    ("LimitRange", TOO_MUCH, limits(CLAIM, max={"storage": "1Gi"}), limits(CLAIM, max={"storage": "2Gi"}), True),
    ("LimitRange", TOO_MUCH, limits(CLAIM, max={"storage": "1Gi"}), limits(CLAIM), True),
    ("LimitRange", TOO_MUCH, limits(CLAIM, max={"storage": "1Gi"}), limits(CLAIM, max={"storage": "1M"}), None),
    ("LimitRange", TOO_MUCH, limits("Pod", max={"cpu": "1"}), limits("Pod", max={"cpu": "2"}), False),
    ("LimitRange", UNLIMITED, limits("Container", max={"cpu": "1"}), limits("Container"), True),
    ("Namespace", VIOLATED, namespace("baseline"), namespace("privileged"), True),
    ("Namespace", VIOLATED, namespace("baseline"), namespace("restricted"), False),
    ("Namespace", VIOLATED, namespace("baseline"), namespace(""), None),
    ("ValidatingAdmissionPolicy", DENIED, policy("needs a team", "b"), policy("b"), True),
    ("ValidatingAdmissionPolicy", DENIED, policy("needs a team"), policy("needs a team", "b"), None),
    ("ValidatingAdmissionPolicy", DENIED, policy("needs a team", "b"), policy("needs a team"), None),
    ("ValidatingAdmissionPolicyBinding", DENIED, {}, {"spec": {"validationActions": ["Audit"]}}, True),
    ("ValidatingWebhookConfiguration", WEBHOOK, hooks(a="Fail", b="Fail"), hooks(b="Fail"), True),
    ("ValidatingWebhookConfiguration", WEBHOOK, hooks(a="Fail"), hooks(a="Ignore"), None),
    ("ValidatingWebhookConfiguration", WEBHOOK, hooks(a="Fail"), hooks(a="Fail", b="Fail"), False),
    ("CustomResourceDefinition", TOO_BIG, definition(maximum=5), definition(maximum=9), True),
    ("CustomResourceDefinition", TOO_BIG, definition(maximum=5), definition(), True),
    ("CustomResourceDefinition", TOO_BIG, definition(maximum=5), definition(maximum=4), None),
    ("CustomResourceDefinition", TOO_BIG, definition(maximum=5), definition(("size",), maximum=5), False),
    ("CustomResourceDefinition", MISSING, definition(("colour",)), definition(), True),
    ("CustomResourceDefinition", MISSING, definition(("colour",)), definition(("colour", "size")), None),
]


@pytest.mark.parametrize(("kind", "refusal", "before", "after", "passes"), CASES)
def test_only_what_is_provably_looser_lets_an_object_through(
    kind: str, refusal: str, before: JsonObject, after: JsonObject, *, passes: bool | None
) -> None:
    assert lets_through(kind, refusal, before, after, WIDGET) is passes
