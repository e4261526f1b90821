"""What of an object counts in a comparison."""

from __future__ import annotations

from typing import Any

from bot.engine.diff.normalise import comparable, without_assigned


def service(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": spec}


ANSWERED = service(
    clusterIP="10.0.0.0", clusterIPs=["10.0.0.0"], ports=[{"port": 80, "nodePort": 30001}], type="NodePort"
)


def test_bookkeeping_does_not_count() -> None:
    written = {
        "managedFields": [],
        "resourceVersion": "1",
        "generation": 2,
        "uid": "u",
        "creationTimestamp": "t",
        "annotations": {"argocd.argoproj.io/tracking-id": "a", "kubectl.kubernetes.io/last-applied-configuration": "b"},
    }
    obj = {"kind": "A", "metadata": {"name": "a", "labels": {}, **written}, "status": {"x": 1}, "spec": {}}

    assert comparable(obj) == {"kind": "A", "metadata": {"name": "a", "labels": {}}, "spec": {}}
    assert obj["status"] == {"x": 1}


def test_other_annotations_count() -> None:
    assert comparable({"metadata": {"annotations": {"a": "1"}}})["metadata"] == {"annotations": {"a": "1"}}


def test_an_object_without_metadata_is_compared_too() -> None:
    assert comparable({"kind": "A", "metadata": None}) == {"kind": "A", "metadata": {}}


def test_addresses_and_ports_that_the_server_picks_are_not_predicted() -> None:
    assert without_assigned(ANSWERED, service(ports=[{"port": 80}])) == service(ports=[{"port": 80}], type="NodePort")


def test_addresses_and_ports_that_the_manifest_picks_are_predicted() -> None:
    asked = service(clusterIP="10.0.0.0", ports=[{"port": 80, "nodePort": 30001}])

    assert without_assigned(ANSWERED, asked) == ANSWERED


def test_a_job_is_predicted_without_its_own_uid() -> None:
    uid, name = "batch.kubernetes.io/controller-uid", {"batch.kubernetes.io/job-name": "a"}
    labels = {uid: "x", "controller-uid": "x", **name}
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "a", "labels": labels},
        "spec": {"selector": {"matchLabels": {uid: "x"}}, "template": {"metadata": {"labels": labels}}},
    }
    cleaned = without_assigned(job, {**job, "spec": {}})

    assert cleaned["metadata"]["labels"] == name
    assert cleaned["spec"] == {"selector": {"matchLabels": {}}, "template": {"metadata": {"labels": name}}}
    assert without_assigned(job, {**job, "spec": {"manualSelector": True}}) == job


def test_other_kinds_are_predicted_whole() -> None:
    obj = {"apiVersion": "example.com/v1", "kind": "Service", "spec": {"clusterIP": "1"}}

    assert without_assigned(obj, {}) == obj
