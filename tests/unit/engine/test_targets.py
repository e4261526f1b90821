"""From rendered manifests to an application's targets."""

from __future__ import annotations

from typing import Any

import pytest

from bot.engine.targets import Targets, targets_of
from bot.engine.tracking import TRACKING_ID
from bot.errors import Rejected
from bot.model.resources import ResourceKey


def make(kind: str, name: str, **more: Any) -> dict[str, Any]:
    metadata = {"name": name, **more.pop("metadata", {})}
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, **more}


def targets(*manifests: dict[str, Any], **scopes: bool) -> Targets:
    return targets_of(
        manifests, namespace="shop", instance="web", namespaced=lambda manifest: scopes.get(manifest["kind"])
    )


def key(kind: str, name: str, namespace: str = "") -> ResourceKey:
    return ResourceKey("", kind, namespace, name)


def test_a_namespaced_object_without_a_namespace_gets_the_destinations() -> None:
    assert list(targets(make("Pod", "a"), Pod=True).objects) == [key("Pod", "a", "shop")]


def test_a_namespace_that_the_manifest_names_stays() -> None:
    manifest = make("Pod", "a", metadata={"namespace": "other"})

    assert list(targets(manifest, Pod=True).objects) == [key("Pod", "a", "other")]


def test_a_cluster_scoped_object_loses_a_namespace() -> None:
    manifest = make("Node", "a", metadata={"namespace": "other"}, spec={"x": 1})
    (found,) = targets(manifest, Node=False).objects.values()

    assert "namespace" not in found["metadata"]
    assert found["spec"] == {"x": 1}


def test_an_object_of_unknown_scope_stays_where_it_says() -> None:
    there = make("Ship", "b", metadata={"namespace": "sea"})

    assert list(targets(make("Ship", "a"), there).objects) == [key("Ship", "a"), key("Ship", "b", "sea")]


def test_every_object_says_whose_it_is() -> None:
    found = targets(make("Pod", "a"), make("Node", "b"), Pod=True, Node=False).objects
    ids = [obj["metadata"]["annotations"][TRACKING_ID] for obj in found.values()]

    assert ids == ["web:/Pod:shop/a", "web:/Node:shop/b"]


def test_of_the_same_object_twice_the_last_one_wins_with_a_warning() -> None:
    first, second = make("Pod", "a", spec={"x": 1}), make("Pod", "a", metadata={"namespace": "shop"}, spec={"x": 2})
    found = targets(first, make("Pod", "b"), second, Pod=True)

    assert [each.name for each in found.objects] == ["b", "a"]
    assert found.objects[key("Pod", "a", "shop")]["spec"] == {"x": 2}
    assert found.warnings == ("Pod shop/a appears more than once; the last one wins",)


def test_the_manifests_are_left_as_they_are() -> None:
    manifest = make("Pod", "a")
    targets(manifest, Pod=True)

    assert manifest == make("Pod", "a")


@pytest.mark.parametrize(
    "manifest",
    [
        {},
        {"kind": "Pod"},
        make("Pod", ""),
        make("Pod", "a", metadata={"namespace": ["x"]}),
        {**make("Pod", "a"), "metadata": 5},
    ],
)
def test_what_is_no_object_is_refused(manifest: dict[str, Any]) -> None:
    with pytest.raises(Rejected):
        targets_of([manifest], namespace="shop", instance="web", namespaced=lambda _: None)


def test_a_hook_that_does_not_exist_is_named() -> None:
    odd = make("Job", "migrate", metadata={"annotations": {"argocd.argoproj.io/hook": "PreSnyc"}})
    (words,) = targets(odd, Job=True).warnings
    assert words.startswith("Job shop/migrate is never applied")
    assert words.endswith("'PreSnyc'")


@pytest.mark.parametrize(
    ("annotations", "targeted"),
    [
        ({"helm.sh/hook": "test"}, False),
        ({"helm.sh/hook": "test-success, pre-rollback"}, False),
        ({"helm.sh/hook": "test,post-install"}, True),
        ({"helm.sh/hook": "tset"}, True),
        ({"helm.sh/hook": ""}, True),
        ({"helm.sh/hook": "test", "argocd.argoproj.io/hook": "PostSync"}, True),
    ],
)
def test_helms_tests_and_rollbacks_are_no_targets_and_not_worth_a_word(
    annotations: dict[str, str],
    targeted: bool,  # noqa: FBT001
) -> None:
    found = targets(make("Pod", "a", metadata={"annotations": annotations}), Pod=True)

    assert bool(found.objects) is targeted
    assert targeted or not found.warnings
