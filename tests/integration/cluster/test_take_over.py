"""Server-side syncs go on where client-side apply was: at first nothing changes, later what is gone goes."""

from __future__ import annotations

from typing import Any

import pytest

from bot.cluster.client_side import ClientSide, take_over
from bot.cluster.objects import FIELD_MANAGER, Apply, Cluster
from bot.engine.diff.normalise import LAST_APPLIED_ANNOTATION
from bot.engine.diff.ownership import applying_changes_nothing
from bot.engine.patches.hand_over import ARGO_CD, KUBECTL
from bot.sandbox.control_plane.cluster import ControlPlane
from tests.integration.cluster.conftest import config_map
from tests.integration.cluster.test_client_side import documents, live_of
from tests.integration.cluster.test_noop_proof import placed, put

BOTH = {"a": "1", "b": "2"}


def applied(cluster: Cluster, manifest: dict[str, Any], manager: str) -> dict[str, Any]:
    return ClientSide(cluster, manager=manager).apply(Apply(manifest), live_of(cluster, manifest))


def without_owners(obj: dict[str, Any]) -> dict[str, Any]:
    metadata = {k: v for k, v in obj["metadata"].items() if k not in {"managedFields", "resourceVersion", "generation"}}
    return {**obj, "metadata": metadata}


def fields_of(obj: dict[str, Any], manager: str) -> Any:
    return next(entry["fieldsV1"] for entry in obj["metadata"]["managedFields"] if entry["manager"] == manager)


@pytest.mark.parametrize("manager", [KUBECTL, ARGO_CD])
def test_what_leaves_the_manifest_leaves_the_object_only_after_the_take_over(
    cluster: Cluster, namespace: str, manager: str
) -> None:
    applied(cluster, config_map(namespace, data=BOTH), manager)
    less = Apply(config_map(namespace))
    assert cluster.apply(less)["data"] == BOTH

    take_over(cluster, live_of(cluster, less.manifest) or {})

    assert cluster.apply(less)["data"] == {"a": "1"}


@pytest.mark.parametrize(
    "name", ["StatefulSet/db", "Service/web", "Ingress/web", "ConfigMap/settings", "CronJob/nightly"]
)
def test_the_take_over_and_the_sync_after_it_change_nothing(cluster: Cluster, namespace: str, name: str) -> None:
    manifest = placed(name, namespace)
    once = applied(cluster, manifest, KUBECTL)

    taken = take_over(cluster, live_of(cluster, manifest) or {})
    assert without_owners(taken) | {"status": 0} == without_owners(once) | {"status": 0}
    synced = cluster.apply(Apply(manifest))
    assert without_owners(synced) | {"status": 0} == without_owners(once) | {"status": 0}
    assert LAST_APPLIED_ANNOTATION in synced["metadata"]["annotations"]


@pytest.mark.parametrize("annotations", [None, {"a": "1"}])
def test_the_annotation_stays_when_the_manifest_loses_its_own(
    cluster: Cluster, namespace: str, annotations: dict[str, str] | None
) -> None:
    metadata = {"name": "settings", "namespace": namespace}
    once = applied(cluster, config_map(namespace, metadata=metadata | {"annotations": annotations}), KUBECTL)
    take_over(cluster, once)

    left = cluster.apply(Apply(config_map(namespace)))["metadata"]["annotations"]
    assert list(left) == [LAST_APPLIED_ANNOTATION]


def test_kubectls_own_take_over_comes_to_the_same(
    control_plane: ControlPlane, cluster: Cluster, namespace: str
) -> None:
    before = [placed("Deployment/web", namespace, suffix) for suffix in ("-ours", "-theirs")]
    control_plane.kubectl("apply", "-f", "-", stdin=documents(before))
    ours, theirs = ({**obj, "spec": {**obj["spec"], "minReadySeconds": 3}} for obj in before)
    del ours["metadata"]["labels"], theirs["metadata"]["labels"]

    take_over(cluster, live_of(cluster, ours) or {})
    one = cluster.apply(Apply(ours))
    owner = f"--field-manager={FIELD_MANAGER}"
    control_plane.kubectl("apply", "--server-side", "--force-conflicts", owner, "-f", "-", stdin=documents([theirs]))
    other = live_of(cluster, theirs) or {}

    assert one["spec"] == other["spec"]
    assert one["metadata"].get("labels") is other["metadata"].get("labels") is None
    assert fields_of(one, FIELD_MANAGER) == fields_of(other, FIELD_MANAGER)


def test_after_a_take_over_and_a_sync_the_object_is_proven_in_sync(cluster: Cluster, namespace: str) -> None:
    manifest = placed("Deployment/web", namespace)
    take_over(cluster, applied(cluster, manifest, ARGO_CD))
    cluster.apply(Apply(manifest))

    assert applying_changes_nothing(manifest, live_of(cluster, manifest) or {}, manager=FIELD_MANAGER)


def test_an_object_that_has_changed_meanwhile_is_read_again(cluster: Cluster, namespace: str) -> None:
    seen = applied(cluster, config_map(namespace), KUBECTL)
    put(cluster, {**seen, "data": BOTH})

    taken = take_over(cluster, seen)
    assert taken["data"] == BOTH
    assert "kubectl-edit" in {entry["manager"] for entry in taken["metadata"]["managedFields"]}
    assert fields_of(taken, FIELD_MANAGER)["f:data"].keys() == {".", "f:a"}


def test_there_is_nothing_to_take_over_twice(cluster: Cluster, namespace: str) -> None:
    taken = take_over(cluster, applied(cluster, config_map(namespace), KUBECTL))

    assert take_over(cluster, taken) is taken
