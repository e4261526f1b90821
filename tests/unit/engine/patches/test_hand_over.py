"""Field ownership handed over; what it brings about is seen on a real API server."""

from __future__ import annotations

from typing import Any

import pytest

from bot.engine.diff.normalise import LAST_APPLIED_ANNOTATION
from bot.engine.patches.hand_over import ARGO_CD, KUBECTL, hand_over, left_by, owned_part

LAST_APPLIED: dict[str, Any] = {"f:metadata": {"f:annotations": {f"f:{LAST_APPLIED_ANNOTATION}": {}}}}


def entry(manager: str, fields: dict[str, Any], **values: Any) -> dict[str, Any]:
    return {"manager": manager, "operation": "Update", "apiVersion": "v1", "fieldsV1": fields, **values}


def handed_over(*entries: dict[str, Any]) -> list[dict[str, Any]] | None:
    live = {"metadata": {"name": "a", "resourceVersion": "7", "managedFields": list(entries)}}
    patch = hand_over(live, to="us")
    if patch is None:
        return None
    assert patch["metadata"].pop("resourceVersion") == "7"
    return list(patch["metadata"]["managedFields"])


@pytest.mark.parametrize("manager", [KUBECTL, ARGO_CD, "somebody"])
def test_who_applied_on_the_clients_side_becomes_us(manager: str) -> None:
    fields: dict[str, Any] = {"f:data": {"f:a": {}}}

    assert handed_over(entry(manager, LAST_APPLIED | fields)) == [
        entry("us", fields, operation="Apply"),
        entry(manager, LAST_APPLIED),
    ]


def test_what_we_apply_already_is_united_with_it() -> None:
    ours = entry("us", {"f:data": {"f:a": {}, "f:b": {"f:c": {}}}}, operation="Apply")
    theirs = entry(KUBECTL, {"f:data": {".": {}, "f:b": {}, "f:d": {}}})
    union: dict[str, Any] = {"f:data": {".": {}, "f:a": {}, "f:b": {".": {}, "f:c": {}}, "f:d": {}}}

    assert handed_over(ours, theirs) == [{**ours, "fieldsV1": union}]


def test_both_may_have_applied() -> None:
    entries = (entry(KUBECTL, {"f:a": {}}), entry(ARGO_CD, {"f:b": {}}))

    (only,) = handed_over(*entries) or []
    assert (only["manager"], only["operation"], only["fieldsV1"]) == ("us", "Apply", {"f:a": {}, "f:b": {}})


def test_fields_of_another_version_are_dropped() -> None:
    ours = entry("us", {"f:a": {}}, operation="Apply")

    assert handed_over(ours, entry(KUBECTL, {"f:b": {}}, apiVersion="v2")) == [ours]


@pytest.mark.parametrize(
    "entries",
    [
        (),
        (entry("us", {"f:a": {}}, operation="Apply"),),
        (entry("kubectl-edit", {"f:a": {}}),),
        (entry(KUBECTL, {"f:a": {}}, subresource="status"),),
        (entry(KUBECTL, LAST_APPLIED | {"f:a": {}}, operation="Apply"),),
        (entry(KUBECTL, LAST_APPLIED),),
        ({}, {"manager": 1, "fieldsV1": []}),
    ],
)
def test_nothing_is_handed_over_by_anybody_else(entries: tuple[dict[str, Any], ...]) -> None:
    assert handed_over(*entries) is None


def test_an_object_without_managed_fields_is_no_matter() -> None:
    assert hand_over({"metadata": {"managedFields": None}}, to="us") is None
    assert hand_over({}, to="us") is None


def test_what_is_handed_over_is_the_appliers_part_of_an_object() -> None:
    fields = {
        "f:metadata": {"f:labels": {".": {}, "f:app": {}}},
        "f:spec": {
            "f:replicas": {},
            "f:gone": {},
            "f:ports": {'k:{"name":"http"}': {".": {}, "f:name": {}, "f:port": {}}, 'k:{"name":"gone"}': {".": {}}},
            "f:finalizers": {'v:"kubernetes"': {}},
            "f:template": {},
        },
    }
    entry = {"manager": KUBECTL, "operation": "Update", "apiVersion": "v1", "fieldsV1": fields}
    live = {
        "apiVersion": "v1",
        "kind": "Example",
        "metadata": {"name": "one", "labels": {"app": "web", "theirs": "1"}, "managedFields": [entry]},
        "spec": {
            "replicas": 2,
            "theirs": True,
            "ports": [{"name": "admin", "port": 1}, {"name": "http", "port": 80, "protocol": "TCP"}],
            "finalizers": ["kubernetes", "theirs"],
            "template": {"a": {"b": 1}},
        },
    }
    assert owned_part(live, to="foresail") == {
        "metadata": {"labels": {"app": "web"}},
        "spec": {
            "replicas": 2,
            "ports": [{"name": "http", "port": 80}],
            "finalizers": ["kubernetes"],
            "template": {"a": {"b": 1}},
        },
    }


def test_what_is_ours_alone_is_what_we_applied_and_what_is_handed_over_less_what_others_have() -> None:
    by_kubectl: dict[str, Any] = {"f:spec": {"f:ports": {'k:{"port":80}': {"f:name": {}}}, "f:shared": {}}}
    by_us: dict[str, Any] = {"f:spec": {"f:ours": {}, "f:ports": {'k:{"port":80}': {".": {}, "f:port": {}}}}}
    entries = [
        {"manager": KUBECTL, "operation": "Update", "apiVersion": "v1", "fieldsV1": by_kubectl},
        {"manager": "foresail", "operation": "Apply", "apiVersion": "v1", "fieldsV1": by_us},
        {"manager": "other", "operation": "Apply", "apiVersion": "v1", "fieldsV1": {"f:spec": {"f:shared": {}}}},
    ]
    spec = {"ours": 1, "shared": 2, "nobodys": 3, "ports": [{"port": 80, "name": "http", "protocol": "TCP"}]}
    live = {"apiVersion": "v1", "metadata": {"managedFields": entries}, "spec": spec}

    assert owned_part(live, to="foresail") == {"spec": {"ours": 1, "ports": [{"port": 80, "name": "http"}]}}
    assert owned_part(live, to="somebody") == {"spec": {"ports": [{"port": 80, "name": "http"}]}}


def test_what_goes_with_a_hand_over_is_what_nobody_else_owns_and_the_manifest_lacks() -> None:
    port: dict[str, Any] = {".": {}, "f:name": {}, "f:port": {}}
    given: dict[str, Any] = {
        "f:data": {"f:kept": {}, "f:theirs": {}, "f:gone": {}},
        "f:spec": {"f:ports": {'k:{"port":80}': port, 'k:{"port":81}': port, 'k:{"port":82}': port}},
    }
    theirs: dict[str, Any] = {
        "f:data": {"f:theirs": {}},
        "f:spec": {"f:ports": {'k:{"port":81}': {".": {}, "f:port": {}}}},
    }
    live = {
        "apiVersion": "v1",
        "metadata": {
            "managedFields": [
                {"manager": KUBECTL, "operation": "Update", "apiVersion": "v1", "fieldsV1": given},
                {"manager": "them", "operation": "Update", "apiVersion": "v1", "fieldsV1": theirs},
            ]
        },
        "data": {"kept": "1", "theirs": "2", "gone": "3", "nobodys": "4"},
        "spec": {"ports": [{"name": f"p{port}", "port": port} for port in (80, 81, 82)]},
    }
    left = left_by(live, {"data": {"kept": "0"}, "spec": {"ports": [{"name": "p80", "port": 80}]}})
    assert left["data"] == {"kept": "1", "theirs": "2", "nobodys": "4"}
    assert left["spec"] == {"ports": [{"name": "p80", "port": 80}, {"port": 81}]}
