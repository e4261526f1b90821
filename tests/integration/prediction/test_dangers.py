"""Dangers of a change, judged with what a real cluster knows."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from bot.cluster.connection import ApiServer
from bot.cluster.objects import Apply, Cluster
from bot.cluster.writing import Write, Writer, Written
from bot.engine.tracking import stamp, tracking_id
from bot.engine.writes import How, Writes
from bot.model.predictions import Prediction, ResourceStates
from bot.model.reports import ApplicationReport
from bot.model.resources import JsonObject, ResourceKey, annotations_of
from bot.prediction.dangers import Foreseen, with_dangers
from bot.preview.attribution import Attribution
from bot.preview.redaction import Redactor
from bot.sandbox.control_plane.cluster import ControlPlane

OURS = Attribution(
    instance="shop", prunes=True, writes=Writes(("Force=true",)), redactor=Redactor(b"k" * 16), hidden=frozenset
)


@pytest.fixture(scope="module")
def cluster(control_plane: ControlPlane) -> Iterator[Cluster]:
    connected = Cluster(ApiServer.from_kubeconfig(str(control_plane.kubeconfig)))
    yield connected
    connected.close()


_REVISION = "deployment.kubernetes.io/revision"


@dataclass(frozen=True)
class Shop:
    """An application in a namespace of its own."""

    cluster: Cluster
    namespace: str

    def object(self, api_version: str, kind: str, name: str, **fields: Any) -> JsonObject:
        metadata = {"name": name, "namespace": self.namespace, **fields.pop("metadata", {})}
        return stamp({"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields}, "shop")

    def workload(self, **fields: Any) -> JsonObject:
        spec = {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "main", "image": "shop/web:1"}]},
            },
        }
        return self.object("apps/v1", "Deployment", "web", spec={**spec, **fields})

    def change(self, before: JsonObject | None, after: JsonObject | None) -> ResourceStates:
        """Apply `before`, and have the cluster predict what either side is."""
        live = self.settled(self.cluster.apply(Apply(before))) if before is not None else None
        base, head = (self.predict(side) for side in (before, after))
        return ResourceStates(ResourceKey.of(before or after or {}), live, base=base, head=head)

    def settled(self, applied: JsonObject) -> JsonObject:
        """Return an object once its controller has written to it: two dry runs around that would differ by it."""
        deadline = time.monotonic() + 30.0
        while applied["kind"] == "Deployment" and _REVISION not in annotations_of(applied):
            assert time.monotonic() < deadline, "nobody looks after Deployments"
            time.sleep(0.05)
            applied = self.cluster.live([applied])[ResourceKey.of(applied)]
        return applied

    def predict(self, manifest: JsonObject | None) -> Prediction | None:
        if manifest is None:
            return None
        (answer,) = Writer(self.cluster).trying([Write(manifest, None, How())])()
        assert isinstance(answer, Written), answer
        return Prediction(manifest, answer.obj)

    def judged(self, *changes: ResourceStates, hidden: frozenset[str] = frozenset()) -> ApplicationReport:
        reports = tuple(OURS.report(one) for one in changes)
        report = ApplicationReport("shop", "argocd", "prod", self.namespace, reports)
        foreseen = Foreseen(report, {one.key: one for one in changes}, self.cluster)
        (told,) = with_dangers([foreseen], percent=100, hidden=lambda: hidden)
        return told


@pytest.fixture
def shop(cluster: Cluster, namespace: str) -> Shop:
    return Shop(cluster, namespace)


def said(report: ApplicationReport) -> list[str]:
    return [f"{danger.id}: {danger.words}" for danger in report.all_dangers]


def settings(shop: Shop) -> JsonObject:
    return shop.object("v1", "ConfigMap", "settings")


def test_a_definition_goes_with_the_objects_that_live(control_plane: ControlPlane, shop: Shop) -> None:
    name = f"g{uuid.uuid4().hex[:8]}.example"
    key = ResourceKey("apiextensions.k8s.io", "CustomResourceDefinition", "", f"ships.{name}")
    mark = {"argocd.argoproj.io/tracking-id": tracking_id("shop", key)}
    schema = {"openAPIV3Schema": {"type": "object"}}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": key.name, "annotations": mark},
        "spec": {
            "group": name,
            "scope": "Namespaced",
            "names": {"kind": "Ship", "plural": "ships"},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
        },
    }
    gone = shop.change(definition, None)
    control_plane.await_established(f"crd/{key.name}")
    for number in range(2):
        shop.cluster.apply(Apply(shop.object(f"{name}/v1", "Ship", f"s-{number}")))

    found = said(shop.judged(gone, shop.change(settings(shop), settings(shop))))
    assert found == ["crd-deleted: is deleted, and 2 objects of kind Ship with it"]


def test_a_service_is_asked_about_the_pods_of_others(control_plane: ControlPlane, shop: Shop) -> None:
    port = {"port": 80}
    service = shop.object("v1", "Service", "web", spec={"selector": {"app": "web"}, "ports": [port]})
    same, gone = shop.change(service, service), shop.change(shop.workload(replicas=0), None)
    one = shop.change(shop.workload(replicas=1), None)
    lost = "service-without-endpoints: has no endpoints any more: nothing runs pods with app=web"

    assert lost not in said(shop.judged(same, gone))
    assert lost in said(shop.judged(same, one))
    theirs = shop.object("v1", "Pod", "theirs", metadata={"labels": {"app": "web"}})
    control_plane.kubectl("create", "serviceaccount", "runner", "--namespace", shop.namespace)
    containers = [{"name": "main", "image": "a:1"}]
    shop.cluster.apply(Apply({**theirs, "spec": {"serviceAccountName": "runner", "containers": containers}}))
    assert lost in said(shop.judged(same, one))  # it is as if the workload had made it


def test_an_autoscaler_in_the_cluster_is_found(shop: Shop) -> None:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    spec = {"scaleTargetRef": target, "maxReplicas": 3}
    shop.cluster.apply(Apply(shop.object("autoscaling/v2", "HorizontalPodAutoscaler", "auto", spec=spec)))
    (found,) = said(shop.judged(shop.change(shop.workload(), shop.workload(replicas=3))))

    assert found.startswith(
        f"hpa-fights-replicas: sets 3 replicas, which HorizontalPodAutoscaler {shop.namespace}/auto"
    )


def test_what_the_server_defaults_is_no_danger_and_no_obstacle_to_routine(shop: Shop) -> None:
    after = shop.workload(replicas=1)
    after["spec"]["template"]["spec"]["containers"] = [{"name": "main", "image": "shop/web:2"}]
    told = shop.judged(shop.change(shop.workload(replicas=1), after))

    assert (said(told), told.routine) == ([], True)
    assert [(image.old, image.new, image.workloads) for image in told.images] == [("shop/web:1", "shop/web:2", 1)]


def test_words_quote_no_secret(shop: Shop) -> None:
    after = shop.workload()
    after["spec"]["template"]["spec"]["containers"] = [{"name": "main", "image": "shop/hunter2hunter2:latest"}]
    told = shop.judged(shop.change(shop.workload(), after), hidden=frozenset({"hunter2hunter2"}))

    assert "hunter2hunter2" not in repr((told.all_dangers, told.images))
    assert said(told) == ["mutable-tag: runs shop/<redacted>:latest: what that is may change without a commit"]
