"""What is lost when objects are deleted, replaced or let go."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.model.reports import Action, ResourceReport
from bot.model.resources import ResourceKey
from bot.preview.dangers import Contents, Knowledge, Volume, of_deletion
from tests.unit.preview.dangers.scenes import change, dangers, ids, obj, owned, replaced, said, same, service, workload

CLAIM = obj(
    "PersistentVolumeClaim",
    "data",
    spec={"volumeName": "pv-1"},
    status={"phase": "Bound", "capacity": {"storage": "10Gi"}},
)
CRD = obj(
    "CustomResourceDefinition",
    "ships.harbour.example",
    spec={"group": "harbour.example", "names": {"kind": "Ship"}, "versions": [{"name": "v1", "served": True}]},
)


def gone(one: dict[str, Any]) -> Any:
    return change(one, None, live=owned(one))


def test_a_namespace_goes_with_what_is_in_it() -> None:
    space = obj("Namespace", "shop")

    assert said(gone(space)) == ["caution: is deleted, with everything in it"]
    assert said(gone(space), knowledge=Knowledge(namespaces={"shop": Contents(pods=3, claims=1)})) == [
        "caution: is deleted, with everything in it: now 3 pods and 1 PersistentVolumeClaim"
    ]
    assert said(same(space)) == []


@pytest.mark.parametrize(
    ("count", "words"),
    [
        ({}, "caution: is deleted, and every Ship in the cluster with it"),
        ({"ships.harbour.example": 14}, "caution: is deleted, and 14 objects of kind Ship with it"),
        ({"ships.harbour.example": 0}, "note: is deleted; there is no Ship in the cluster"),
        ({"other.harbour.example": 0}, "caution: is deleted, and every Ship in the cluster with it"),
    ],
)
def test_a_definition_goes_with_its_objects(count: dict[str, int], words: str) -> None:
    assert said(gone(CRD), knowledge=Knowledge(instances=count)) == [words]


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ("Delete", "caution: is deleted, and the data on its volume pv-1 of 10Gi with it (reclaim policy Delete)"),
        ("Retain", "warning: is deleted; its volume pv-1 of 10Gi is kept, bound to nothing (reclaim policy Retain)"),
        ("", "caution: is deleted; the data on its volume pv-1 of 10Gi may be deleted with it"),
    ],
)
def test_a_claim_goes_with_its_data_as_its_volume_says(policy: str, words: str) -> None:
    volumes = {"pv-1": Volume(policy, "10Gi")} if policy else {}

    assert said(gone(CLAIM), knowledge=Knowledge(volumes=volumes)) == [words]


def test_a_claim_without_a_volume_holds_no_data() -> None:
    assert said(gone({**CLAIM, "status": {"phase": "Pending"}})) == ["note: is deleted; it is not bound to a volume"]


@pytest.mark.parametrize(
    ("phase", "words"),
    [
        ("Bound", "caution: is deleted while PersistentVolumeClaim shop/data is bound to it"),
        ("Available", "note: is deleted; no claim is bound to it"),
    ],
)
def test_a_volume_may_be_in_use(phase: str, words: str) -> None:
    claim = {"namespace": "shop", "name": "data"}
    assert said(gone(obj("PersistentVolume", "pv-1", spec={"claimRef": claim}, status={"phase": phase}))) == [words]


@pytest.mark.parametrize(("policy", "fate"), [({}, "stay"), ({"whenDeleted": "Delete"}, "are deleted with it")])
def test_a_stateful_set_says_what_becomes_of_its_claims(policy: dict[str, str], fate: str) -> None:
    templates: dict[str, Any] = {"volumeClaimTemplates": [{"metadata": {"name": "data"}}]}
    db = workload("StatefulSet", "db", replicas=3, persistentVolumeClaimRetentionPolicy=policy, **templates)

    assert said(change(db)) == [
        f"caution: is deleted: 3 pods go away at once; the claims made from data {fate}",
    ]


def test_a_workload_without_pods_is_only_deleted() -> None:
    assert said(change(workload(replicas=2))) == ["warning: is deleted: 2 pods go away at once"]
    assert said(change(workload(replicas=0))) == ["note: is deleted"]


def test_a_deletion_is_judged_by_the_live_object_alone() -> None:
    told = ResourceReport(ResourceKey.of(CLAIM), Action.PRUNE, Action.NOTHING, "", "")

    assert [danger.id for danger in of_deletion(told, CLAIM)] == ["volume-deleted"]


def test_a_service_gives_up_its_address() -> None:
    assert ids(change(service(clusterIP="10.0.0.1"))) == ["service-deleted"]
    assert ids(change(service(clusterIP="None"))) == ["deleted"]


def test_a_replaced_workload_is_away_meanwhile() -> None:
    words = "is replaced: cannot be changed in place (spec.selector is immutable): deleted, then created again"

    assert said(replaced(workload(replicas=3), workload(replicas=3, app="other"))) == [
        f"caution: {words}; 3 pods go away at once"
    ]
    assert ids(replaced(workload(replicas=0), workload(replicas=0, app="other"))) == ["replaced"]
    assert ids(replaced(obj("ConfigMap", immutable=True), obj("ConfigMap", immutable=False))) == ["replaced"]


def test_what_a_sync_does_anyway_is_said_to_be_so() -> None:
    once = replaced(workload(replicas=1), workload(replicas=2))
    assert once.head is not None
    both = replace(once, base=once.head)
    (found,) = dangers(both)

    assert found.id == "replaced-with-downtime"
    assert found.words.startswith("is replaced by a sync even without this change: cannot be changed in place")
    assert found.words.endswith("; 1 pod goes away at once")


def test_what_left_git_earlier_is_told_too() -> None:
    assert said(change(None, None, live=owned(obj("Namespace", "shop")))) == [
        "caution: is deleted by a sync even without this change, with everything in it"
    ]


def test_an_orphan_is_no_deletion() -> None:
    kept = obj("ConfigMap", metadata={"annotations": {"argocd.argoproj.io/sync-options": "Prune=false"}})

    assert said(change(kept)) == ["warning: is orphaned: stays in the cluster, no longer managed"]


def test_taking_over_is_told_once_it_happens() -> None:
    mark = {"annotations": {"argocd.argoproj.io/tracking-id": "db:/ConfigMap:shop/web"}}
    theirs = obj("ConfigMap", metadata=mark)

    assert said(change(None, obj("ConfigMap"), live=theirs)) == [
        "warning: is taken over from application db, which manages it too"
    ]
    assert ids(change(obj("ConfigMap"), obj("ConfigMap", data={"a": "b"}), live=theirs)) == []
    assert ids(change(None, obj("ConfigMap"), live=obj("ConfigMap"))) == []


def test_a_finalizer_that_leaves_git_is_told() -> None:
    held, free = obj("ConfigMap", metadata={"finalizers": ["a/b"]}), obj("ConfigMap")

    assert said(change(held, free)) == ["note: loses a/b: what that cleans up is no longer waited for"]
    assert ids(change(free, held)) == []


def test_a_version_that_is_no_longer_served_is_told() -> None:
    def serving(*names: str) -> dict[str, Any]:
        return {**CRD, "spec": {**CRD["spec"], "versions": [{"name": name, "served": True} for name in names]}}

    assert said(change(serving("v1alpha1", "v1"), serving("v1"))) == [
        "warning: no longer serves v1alpha1: manifests and clients that use it fail"
    ]
    assert ids(change(serving("v1"), serving("v1", "v2"))) == []
