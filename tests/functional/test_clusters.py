"""Applications in another cluster than the one that keeps them."""

from __future__ import annotations

import json

import pytest

from bot.model.resources import JsonObject
from bot.sandbox.control_plane.cluster import ControlPlane
from bot.sandbox.processes import free_port
from bot.sandbox.stage import Stage
from tests.functional.conftest import Opener, Shop, application, config_map
from tests.second_cluster import cluster_secret, config_of, declare

APART = True
FILES = {"deploy/settings.yaml": config_map(COLOUR="blue")}
AWAY = "https://127.0.0.1:{port}"


@pytest.fixture(scope="module", autouse=True)
def second(stage: Stage, second_plane: ControlPlane) -> ControlPlane:
    """Return a cluster that the stage's Foresail knows as `second`; `away` is one that nobody reaches."""
    declare(stage.plane, stage.control_namespace, second_plane, name="second")
    away = cluster_secret("away", AWAY.format(port=free_port()), {}, namespace=stage.control_namespace)
    stage.plane.kubectl("apply", "-f", "-", stdin=json.dumps(away))
    return second_plane


@pytest.fixture
def shop(open_shop: Opener, second: ControlPlane, namespace: str) -> Shop:
    """Return a shop whose application lives in the second cluster."""
    second.kubectl("create", "namespace", namespace)
    return open_shop(FILES, cluster="second")


def data(plane: ControlPlane, shop: Shop) -> str:
    names = plane.kubectl(
        "get", "configmap", "-n", shop.namespace, "--field-selector=metadata.name=settings", "-o=name"
    )
    if not names:
        return ""
    return plane.kubectl("get", "configmap", "settings", "-n", shop.namespace, "-o=jsonpath={.data.COLOUR}")


def test_a_change_is_predicted_by_the_cluster_it_goes_to_and_synced_there(shop: Shop, second: ControlPlane) -> None:
    assert data(second, shop) == "blue"
    number = shop.propose({"deploy/settings.yaml": config_map(COLOUR="green")})
    assert shop.await_preview(number) == "success"
    assert "predicted by second (" in shop.body(number)
    assert data(second, shop) == "blue"

    shop.await_sync(shop.repository.merge(number))

    assert data(second, shop) == "green"
    assert data(shop.stage.plane, shop) == ""
    shop.stage.until(lambda: "as predicted" in shop.body(number), what="the epilogue")


def test_what_only_that_cluster_refuses_is_predicted(shop: Shop, second: ControlPlane) -> None:
    second.kubectl("create", "quota", "few", "-n", shop.namespace, "--hard=configmaps=1")
    shop.stage.until(lambda: used(second, shop) == "1", what="the count")

    number = shop.propose({"deploy/more.yaml": config_map("more", A="1")})

    assert shop.await_preview(number) == "failure"
    assert "exceeded quota: few" in shop.body(number)


@pytest.fixture
def narrow(stage: Stage, second: ControlPlane, open_shop: Opener, namespace: str) -> Shop:
    """Return a shop in the second cluster, where we may do nothing outside of its namespace."""
    second.kubectl("create", "namespace", namespace)
    second.kubectl("create", "role", "all", "-n", namespace, "--verb=*", "--resource=*.*,*")
    second.kubectl("create", "serviceaccount", "narrow", "-n", namespace)
    second.kubectl(
        "create", "rolebinding", "all", "-n", namespace, "--role=all", f"--serviceaccount={namespace}:narrow"
    )
    token = second.kubectl("create", "token", "narrow", "-n", namespace).strip()
    config = {**config_of(second), "bearerToken": token}
    secret = cluster_secret("narrow", second.server, config, namespace=stage.control_namespace, namespaces=namespace)
    stage.plane.kubectl("apply", "-f", "-", stdin=json.dumps(secret))
    return open_shop(FILES, cluster="narrow", heal=True, options="CreateNamespace=true")


def test_in_namespaced_mode_nothing_is_asked_for_outside_of_the_namespaces(narrow: Shop, second: ControlPlane) -> None:
    number = narrow.propose({"deploy/settings.yaml": config_map(COLOUR="green")})
    assert narrow.await_preview(number) == "success"
    narrow.await_sync(narrow.repository.merge(number))
    assert data(second, narrow) == "green"

    second.kubectl("delete", "configmap", "settings", "-n", narrow.namespace)
    narrow.stage.until(lambda: data(second, narrow) == "green", what="that it is there again")

    role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: wide}\n"
    number = narrow.propose({"deploy/role.yaml": role}, branch="wide")
    assert narrow.await_preview(number) == "failure"
    assert "objects without a namespace are not managed, as the cluster's Secret lists namespaces" in narrow.body(
        number
    )


def test_what_lies_outside_of_the_namespaces_does_not_go_with_an_application(
    stage: Stage, second: ControlPlane, open_shop: Opener, namespace: str
) -> None:
    other = f"{namespace}-other"
    for place in (namespace, other):
        second.kubectl("create", "namespace", place)
    secret = cluster_secret("wide", second.server, config_of(second), namespace=stage.control_namespace)
    stage.plane.kubectl("apply", "-f", "-", stdin=json.dumps(secret))
    elsewhere = config_map("elsewhere", A="1").replace("name: elsewhere", f"name: elsewhere\n  namespace: {other}")
    shop = open_shop({**FILES, "deploy/elsewhere.yaml": elsewhere}, cluster="wide")
    secret = cluster_secret(
        "wide", second.server, config_of(second), namespace=stage.control_namespace, namespaces=namespace
    )
    stage.plane.kubectl("apply", "-f", "-", stdin=json.dumps(secret))
    assert stage.foresail is not None
    stage.foresail.kill("sync")  # what it knew of the Secret may be a few seconds old

    where = f"--namespace={stage.control_namespace}"
    cascade = '{"metadata": {"finalizers": ["resources-finalizer.argocd.argoproj.io"]}}'
    stage.plane.kubectl("patch", "application", shop.name, where, "--type=merge", f"--patch={cascade}")
    stage.plane.kubectl("delete", "application", shop.name, where, "--wait=false")

    stage.until(lambda: record(shop, shop.name) is None, what="the end of the application")
    assert data(second, shop) == ""
    assert second.kubectl("get", "configmap", "elsewhere", "-n", other, "-o=name").strip() == "configmap/elsewhere"


def record(shop: Shop, name: str) -> JsonObject | None:
    return shop.stage.get("application", name, namespace=shop.stage.control_namespace)


def used(plane: ControlPlane, shop: Shop) -> str:
    return plane.kubectl("get", "quota", "few", "-n", shop.namespace, "-o=jsonpath={.status.used.configmaps}")


def test_a_cluster_that_is_away_hides_only_its_own_applications(shop: Shop) -> None:
    there = application(shop).replace(f"name: {shop.name}\n", f"name: {shop.name}-away\n")
    there = there.replace("in-cluster", "away").replace("automated: {prune: true}", "automated: {enabled: false}")
    shop.repository.push("main", {f".foresail/{shop.name}-away.yaml": there})
    shop.stage.until(lambda: record(shop, f"{shop.name}-away") is not None, what="the other application")

    number = shop.propose({"deploy/settings.yaml": config_map(COLOUR="green")})

    assert shop.await_preview(number) == "failure"
    body = shop.body(number)
    assert "what changes there is not known: cannot reach away: no connection is made" in body
    assert "COLOUR: green" in body
