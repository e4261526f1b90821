from __future__ import annotations

import copy

import pytest

from bot.engine.tracking import TRACKING_ID, TrackingId, owner_of, stamp, tracking_id
from bot.errors import Rejected
from bot.model.resources import JsonObject, ResourceKey

DEPLOYMENT: JsonObject = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "namespace": "shop"},
}
CLUSTER_ROLE: JsonObject = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRole",
    "metadata": {"name": "system:shop:reader"},
}
CRD: JsonObject = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "ships.example.com"},
}


def marked(obj: JsonObject, value: object) -> JsonObject:
    return {**obj, "metadata": {**obj["metadata"], "annotations": {TRACKING_ID: value}}}


def id_of(obj: JsonObject) -> object:
    return obj["metadata"]["annotations"][TRACKING_ID]


def test_a_tracking_id_reads_as_argo_cds() -> None:
    assert tracking_id("shop", ResourceKey.of(DEPLOYMENT)) == "shop:apps/Deployment:shop/web"


def test_an_object_of_the_core_group_has_an_empty_group_in_its_id() -> None:
    assert tracking_id("shop", ResourceKey("", "Service", "shop", "web")) == "shop:/Service:shop/web"


def test_stamping_adds_to_the_annotations_and_leaves_the_manifest_as_it_was() -> None:
    manifest = {**DEPLOYMENT, "metadata": {**DEPLOYMENT["metadata"], "annotations": {"team": "a"}}}
    before = copy.deepcopy(manifest)
    stamped = stamp(manifest, "shop")
    assert stamped["metadata"]["annotations"] == {"team": "a", TRACKING_ID: "shop:apps/Deployment:shop/web"}
    assert manifest == before


def test_stamping_replaces_an_id_that_came_with_the_manifest() -> None:
    assert owner_of(stamp(marked(DEPLOYMENT, "thief:apps/Deployment:shop/web"), "shop")) == "shop"


def test_a_manifest_with_null_annotations_is_stamped() -> None:
    manifest = {**DEPLOYMENT, "metadata": {**DEPLOYMENT["metadata"], "annotations": None}}
    assert owner_of(stamp(manifest, "shop")) == "shop"


def test_annotations_that_are_not_a_mapping_are_refused_with_the_objects_name() -> None:
    manifest = {**DEPLOYMENT, "metadata": {**DEPLOYMENT["metadata"], "annotations": ["x"]}}
    with pytest.raises(Rejected, match="annotations of Deployment shop/web is not a mapping"):
        stamp(manifest, "shop")


def test_the_id_of_a_cluster_scoped_object_may_carry_the_destination_as_argo_cds_does() -> None:
    stamped = stamp(CLUSTER_ROLE, "shop", namespace="prod")
    assert id_of(stamped) == "shop:rbac.authorization.k8s.io/ClusterRole:prod/system:shop:reader"
    assert owner_of(stamped) == "shop"


def test_the_destination_does_not_override_an_objects_own_namespace() -> None:
    assert id_of(stamp(DEPLOYMENT, "shop", namespace="prod")) == "shop:apps/Deployment:shop/web"


def test_a_definition_is_not_stamped_so_that_no_prune_takes_all_its_objects() -> None:
    assert stamp(CRD, "shop") == CRD


@pytest.mark.parametrize("obj", [DEPLOYMENT, CLUSTER_ROLE])
def test_a_stamped_object_belongs_to_its_application(obj: JsonObject) -> None:
    assert owner_of(stamp(obj, "argocd_shop")) == "argocd_shop"


@pytest.mark.parametrize(
    "value",
    [
        "shop:apps/Deployment:shop/other",
        "shop:apps/Deployment:staging/web",
        "shop:apps/StatefulSet:shop/web",
        "shop:extensions/Deployment:shop/web",
        "shop:apps/Deployment:/web",
    ],
)
def test_an_id_copied_from_another_object_owns_nothing(value: str) -> None:
    assert owner_of(marked(DEPLOYMENT, value)) is None


HOSTILE: list[object] = [
    None,
    7,
    [],
    {},
    "",
    ":",
    "::",
    "shop",
    "shop:apps:shop/web",
    "shop:a/b/c:shop/web",
    "shop:apps/D:web",
]


@pytest.mark.parametrize(
    "value", [*HOSTILE, ":apps/Deployment:shop/web", "shop:apps/Deployment:a/b/web", ":" * 100_000]
)
def test_what_is_not_a_tracking_id_owns_nothing(value: object) -> None:
    assert TrackingId.parse(value) is None
    assert owner_of(marked(DEPLOYMENT, value)) is None


def test_an_object_without_an_id_belongs_to_nobody() -> None:
    assert owner_of(DEPLOYMENT) is None


def test_an_id_survives_being_read_and_written() -> None:
    text = "shop:rbac.authorization.k8s.io/ClusterRole:prod/system:shop:reader"
    assert str(TrackingId.parse(text)) == text
