"""A plan that is made again is held against the preview: what is refused now, or was not in it, has moved."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from bot.cluster.connection import ApiServer
from bot.cluster.objects import Apply, Cluster
from bot.cluster.writing import Write, Writer, Written
from bot.engine.diff.ignored import Ignored
from bot.engine.order import order
from bot.engine.writes import How, Writes
from bot.model.operations import Operation, OperationState, Phase, TaskResult
from bot.model.predictions import Prediction, Refusal, ResourceStates
from bot.model.resources import JsonObject, ResourceKey
from bot.prediction.forecast import Forecast
from bot.preview.needs import Proof
from bot.sandbox.control_plane.cluster import ControlPlane
from workers.operating.acts import Actor, NotYet


@pytest.fixture(scope="module")
def cluster(control_plane: ControlPlane) -> Iterator[Cluster]:
    connected = Cluster(ApiServer.from_kubeconfig(str(control_plane.kubeconfig)))
    yield connected
    connected.close()


def config_map(namespace: str, colour: str = "blue", **fields: Any) -> JsonObject:
    metadata = {"name": "settings", "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"COLOUR": colour}, **fields}


def forecast(manifest: JsonObject, live: JsonObject | None = None, **head: Any) -> Forecast:
    key = ResourceKey.of(manifest)
    states = ResourceStates(key, live=live, base=None, head=Prediction(manifest, **head))
    return Forecast.from_json(Forecast.of({"shop": {key: states}}).to_json())


def actor(cluster: Cluster, said: Forecast) -> Actor:
    return Actor(
        writer=Writer(cluster),
        application="shop",
        instance="shop",
        state=OperationState(Operation("", prune=True), Phase.RUNNING, "started", started_at=""),
        writes=Writes(),
        forecast=said,
        proof=Proof(cluster.manager, admission_mutates=False),
        ignored=Ignored(),
        defined=frozenset(),
        unserved=frozenset(),
    )


def moved(cluster: Cluster, manifest: JsonObject, said: Forecast) -> list[str]:
    acting = actor(cluster, said)
    return [one for words in acting.moved(order([manifest]), cluster.live([manifest])).values() for one in words]


def test_what_is_refused_though_a_result_was_foretold_has_moved(cluster: Cluster, namespace: str) -> None:
    cluster.apply(Apply(config_map(namespace, immutable=True)))
    green = config_map(namespace, "green")

    assert moved(cluster, green, forecast(green, result=green)) == ["is refused now"]


@pytest.mark.parametrize(("options", "waits"), [("SkipDryRunOnMissingResource=true", True), ("", False)])
def test_a_kind_that_something_else_will_define_is_waited_for(
    cluster: Cluster, namespace: str, options: str, *, waits: bool
) -> None:
    metadata = {"name": "w", "namespace": namespace, "annotations": {"argocd.argoproj.io/sync-options": options}}
    (task,) = order([{"apiVersion": "nowhere.example/v1", "kind": "Widget", "metadata": metadata}])

    done = actor(cluster, Forecast({}, {})).act(task, {})

    assert isinstance(done, NotYet) is waits
    if isinstance(done, TaskResult):
        assert "serves no Widget in nowhere.example/v1" in done.message


def test_what_somebody_has_done_to_an_object_is_named_as_the_reason(cluster: Cluster, namespace: str) -> None:
    green = config_map(namespace, "green")
    before = cluster.apply(Apply(config_map(namespace)))
    (result,) = Writer(cluster).trying([Write(green, before, How())])()
    assert isinstance(result, Written)
    said = forecast(green, before, result=result.obj)
    assert moved(cluster, green, said) == []

    path = f"/api/v1/namespaces/{namespace}/configmaps/settings"
    headers = {"Content-Type": "application/merge-patch+json"}
    cluster.server.request("PATCH", path, body={"data": {"SIZE": "big"}}, headers=headers)
    assert moved(cluster, green, said) == ["data.SIZE", "as it was changed in the cluster since it was previewed"]

    red = config_map(namespace, "red")
    assert moved(cluster, red, said)[-1] == (
        "as Git or a chart says something else of it and it was changed in the cluster since it was previewed"
    )


def test_what_is_replaced_though_a_change_was_foretold_has_moved(cluster: Cluster, namespace: str) -> None:
    cluster.apply(Apply(config_map(namespace, immutable=True)))
    green = config_map(namespace, "green")
    green["metadata"]["annotations"] = {"argocd.argoproj.io/sync-options": "Force=true"}

    assert moved(cluster, green, forecast(green, result=green)) == ["is replaced"]


@pytest.mark.parametrize("head", [{"result": None, "refusal": Refusal("no", 403)}, {"estimated": "its kind is new"}])
def test_what_the_preview_left_open_has_not_moved(cluster: Cluster, namespace: str, head: dict[str, Any]) -> None:
    blue = config_map(namespace)

    assert moved(cluster, blue, forecast(blue, **{"result": blue, **head})) == []


def test_what_is_written_and_was_not_in_the_preview_has_moved(cluster: Cluster, namespace: str) -> None:
    blue, nothing = config_map(namespace), Forecast({}, {})

    assert moved(cluster, blue, nothing) == ["was not in the preview"]
    cluster.apply(Apply(blue))
    assert moved(cluster, blue, nothing) == []
    assert moved(cluster, config_map(namespace, "green"), nothing) == ["was not in the preview"]
