"""A cluster that goes away and comes back, and Secrets that change, while Foresail runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from bot.sandbox.control_plane.cluster import ControlPlane
from bot.sandbox.stage import Stage
from tests.functional.conftest import Opener, Shop, config_map
from tests.second_cluster import cluster_secret, config_of, declare

FILES = {"deploy/settings.yaml": config_map(COLOUR="blue")}


@pytest.fixture(scope="module", autouse=True)
def second(stage: Stage, second_plane: ControlPlane) -> Iterator[ControlPlane]:
    """Return a cluster that the stage's Foresail knows as `second`; it runs again afterwards, whatever happens."""
    declare(stage.plane, stage.control_namespace, second_plane, name="second")
    yield second_plane
    second_plane.restart_server()


def healing(open_shop: Opener, cluster: str) -> Shop:
    """Open a shop whose application puts back what others change."""
    shop = open_shop(FILES, cluster=cluster, heal=True)
    shop.stage.until(lambda: status(shop)["sync"]["status"] == "Synced", what="its first comparison")
    return shop


@pytest.fixture
def there(open_shop: Opener, second: ControlPlane, namespace: str) -> Shop:
    """Return a shop whose application lives in the second cluster."""
    second.kubectl("create", "namespace", namespace)
    return healing(open_shop, "second")


def status(shop: Shop) -> dict[str, Any]:
    found = shop.stage.get("application", shop.name, namespace=shop.stage.control_namespace) or {}
    return {"sync": {"status": ""}, "health": {}, "operationState": {}, "conditions": [], **found.get("status", {})}


def conditions(shop: Shop) -> dict[str, str]:
    return {one["type"]: one["message"] for one in status(shop)["conditions"]}


def colour(plane: ControlPlane, shop: Shop) -> str:
    return plane.kubectl("get", "configmap", "settings", "-n", shop.namespace, "-o=jsonpath={.data.COLOUR}")


def paint(plane: ControlPlane, shop: Shop, name: str) -> None:
    patch = json.dumps({"data": {"COLOUR": name}})
    plane.kubectl("patch", "configmap", "settings", "-n", shop.namespace, "--type=merge", f"--patch={patch}")


def await_put_back(plane: ControlPlane, shop: Shop, *, right: str = "blue") -> None:
    paint(plane, shop, "odd")
    shop.stage.until(lambda: colour(plane, shop) == right, what="the value")


def test_a_cluster_that_goes_away_is_its_applications_trouble_alone(
    there: Shop, open_shop: Opener, second: ControlPlane
) -> None:
    here, until = healing(open_shop, "in-cluster"), there.stage.until
    await_put_back(second, there)

    second.kill_server()

    until(lambda: status(there)["sync"]["status"] == "Unknown", what="that nothing is known")
    assert status(there)["health"]["status"] == "Unknown"
    (told,) = conditions(there).items()  # how a connection ends that was open depends on the moment
    assert told[0] == "ComparisonError"
    assert told[1].startswith("Failed to load live state: cannot reach second: ")
    await_put_back(here.stage.plane, here)
    assert status(here)["sync"]["status"] != "Unknown"

    sha = there.repository.push("main", {"deploy/settings.yaml": config_map(COLOUR="green")})
    until(lambda: "waits for its cluster: cannot reach second" in operation(there), what="that the sync waits")
    await_put_back(here.stage.plane, here)

    second.restart_server()

    there.await_sync(sha)
    until(lambda: status(there)["sync"]["status"] == "Synced", what="that it is known again")
    assert conditions(there) == {}
    await_put_back(second, there, right="green")


def operation(shop: Shop) -> str:
    return str(status(shop)["operationState"].get("message"))


def test_an_operation_whose_cluster_is_away_can_be_ended(there: Shop, second: ControlPlane) -> None:
    second.kill_server()
    there.repository.push("main", {"deploy/settings.yaml": config_map(COLOUR="green")})
    there.stage.until(lambda: "waits for its cluster" in operation(there), what="that the sync waits")

    patch = json.dumps({"status": {"operationState": {"phase": "Terminating"}}})
    where = ("-n", there.stage.control_namespace, "--type=merge", f"--patch={patch}")
    there.stage.plane.kubectl("patch", "application", there.name, *where)

    there.stage.until(lambda: operation(there) == "Operation terminated", what="its end")
    second.restart_server()


def test_a_secret_that_goes_or_changes_is_noticed(there: Shop, second: ControlPlane, stage: Stage) -> None:
    where, until = stage.control_namespace, stage.until
    stage.plane.kubectl("delete", "secret", "cluster-second", "-n", where)
    until(lambda: "InvalidSpecError" in conditions(there), what="that the cluster is not configured")
    assert "names the cluster second, which is not configured" in conditions(there)["InvalidSpecError"]
    assert status(there)["sync"]["status"] == "Unknown"

    wrong = cluster_secret("second", second.server, {**config_of(second), "bearerToken": "wrong"}, namespace=where)
    stage.plane.kubectl("apply", "-f", "-", stdin=json.dumps(wrong))
    until(lambda: "does not accept our credentials" in conditions(there).get("ComparisonError", ""), what="the refusal")

    declare(stage.plane, where, second, name="second")
    until(lambda: status(there)["sync"]["status"] == "Synced", what="that it is known again")
    assert conditions(there) == {}
    await_put_back(second, there)


def test_no_credential_is_ever_told(there: Shop, second: ControlPlane, stage: Stage) -> None:
    foresail = stage.foresail
    assert foresail is not None
    told = [foresail.log(name) for name in foresail.names]
    told.append(stage.plane.kubectl("get", "applications", "-A", "-o", "json"))
    assert status(there)["sync"]["status"] == "Synced"
    assert second.token not in "".join(told)
