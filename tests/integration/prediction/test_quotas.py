"""What several applications together take of a quota."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.cluster.connection import ApiServer
from bot.cluster.objects import Cluster
from bot.model.predictions import Prediction, ResourceStates
from bot.model.resources import JsonObject, ResourceKey
from bot.prediction.estimates import within_quotas
from bot.sandbox.control_plane.cluster import ControlPlane

ORDER = "depends on which application is synced first"


@pytest.fixture(scope="module")
def cluster(control_plane: ControlPlane) -> Iterator[Cluster]:
    connected = Cluster(ApiServer.from_kubeconfig(str(control_plane.kubeconfig)))
    yield connected
    connected.close()


def created(*names: str) -> dict[ResourceKey, ResourceStates]:
    """Return what is known of ConfigMaps that an application creates."""
    found = {}
    for name in names:
        obj: JsonObject = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "shop"}}
        key = ResourceKey.of(obj)
        found[key] = ResourceStates(key, live=None, base=None, head=Prediction(obj, obj))
    return found


def refusals(cluster: Cluster, room: int, *applications: dict[ResourceKey, ResourceStates]) -> dict[str, str]:
    status = {"hard": {"configmaps": str(room)}, "used": {"configmaps": "0"}}
    metadata = {"name": "q", "namespace": "shop"}
    within_quotas(applications, [{"kind": "ResourceQuota", "metadata": metadata, "status": status}], cluster)
    heads = {key.name: one.head for states in applications for key, one in states.items()}
    return {name: head.refusal.message for name, head in heads.items() if head is not None and head.refusal is not None}


def test_what_two_applications_declare_counts_once(cluster: Cluster) -> None:
    assert refusals(cluster, 2, created("a", "b"), created("a", "b")) == {}


def test_what_only_together_is_too_much_fails_by_the_order_of_syncs(cluster: Cluster) -> None:
    found = refusals(cluster, 1, created("a"), created("b"))
    assert list(found) == ["b"]
    assert ORDER in found["b"]


def test_what_one_application_has_no_room_for_fails_in_any_order(cluster: Cluster) -> None:
    found = refusals(cluster, 1, created("a", "b"))
    assert list(found) == ["b"]
    assert ORDER not in found["b"]
