"""Applications outside of the control namespace: previewed, synced and pruned as others, where both sides agree."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
import yaml

from bot.model.resources import JsonObject
from bot.sandbox.seats import Hosted
from bot.sandbox.stage import Stage
from tests.functional.conftest import Shop, config_map

_TENANTS = [f"tenant-{uuid.uuid4().hex[:8]}" for _ in range(3)]
ANN, BEN, EVE = _TENANTS
"""Two namespaces that operator and project agree about, and one that only the operator names."""


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {"FORESAIL_APPLICATION_NAMESPACES": ",".join(_TENANTS)}


@pytest.fixture(scope="module")
def team(stage: Stage) -> Iterator[None]:
    """Make the tenants' namespaces, and a project that two of them may use."""
    spec = {
        "sourceRepos": ["*"],
        "destinations": [{"server": "*", "namespace": "*"}],
        "sourceNamespaces": [ANN, BEN],
    }
    made: list[JsonObject] = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": one}} for one in _TENANTS]
    place = {"name": "team", "namespace": stage.control_namespace}
    made.append({"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": place, "spec": spec})
    apply(stage, *made)
    yield
    for one in _TENANTS:
        stage.plane.kubectl("delete", "applications", "--all", "--wait=false", "-n", one)


def apply(stage: Stage, *objects: JsonObject) -> None:
    stage.plane.kubectl("apply", "--server-side", "-f", "-", stdin=yaml.safe_dump_all(objects))


def application(namespace: str, repository: Hosted, path: str, goes_to: str, project: str = "team") -> JsonObject:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "shop", "namespace": namespace},
        "spec": {
            "project": project,
            "source": {"repoURL": repository.clone_url, "path": path, "targetRevision": "main"},
            "destination": {"name": "in-cluster", "namespace": goes_to},
            "syncPolicy": {"automated": {"prune": True, "selfHeal": True}},
        },
    }


def seen(stage: Stage, namespace: str) -> JsonObject:
    return stage.get("application", "shop", namespace=namespace) or {}


def is_synced(stage: Stage, namespace: str) -> bool:
    return bool(seen(stage, namespace).get("status", {}).get("sync", {}).get("status") == "Synced")


def refusal(stage: Stage, namespace: str) -> str:
    conditions = seen(stage, namespace).get("status", {}).get("conditions", [])
    return next((one["message"] for one in conditions if one["type"] == "InvalidSpecError"), "")


def tracked(stage: Stage, name: str, namespace: str) -> str:
    found = stage.get("configmap", name, namespace=namespace)
    return str(found["metadata"]["annotations"]["argocd.argoproj.io/tracking-id"]) if found else ""


@pytest.mark.usefixtures("team")
def test_two_of_one_name_side_by_side(stage: Stage, namespace: str) -> None:
    files = {
        "ann/a.yaml": config_map("a", of="ann"),
        "ann/left.yaml": config_map("left"),
        "ben/b.yaml": config_map("b"),
    }
    repository = stage.forge.create_repository("acme/shop-1", files=files)
    stage.add(repository)
    shop, control = Shop(stage, repository, namespace), stage.control_namespace
    apply(stage, application(ANN, repository, "ann", namespace), application(BEN, repository, "ben", namespace))
    # Eve names the project, Mallory the one that is there for all: neither may, and neither is part of any change.
    apply(stage, application(EVE, repository, "ann", namespace))
    stage.until(lambda: is_synced(stage, ANN) and is_synced(stage, BEN), what="the first syncs")
    assert tracked(stage, "a", namespace) == f"{ANN}_shop:/ConfigMap:{namespace}/a"
    assert tracked(stage, "b", namespace) == f"{BEN}_shop:/ConfigMap:{namespace}/b"
    words = f"application 'shop' in namespace '{EVE}' is not allowed to use project 'team'"
    stage.until(lambda: refusal(stage, EVE) == words, what="that Eve may not")
    assert seen(stage, control) == {}

    number = shop.propose({"ann/left.yaml": None, "ben/b.yaml": config_map("b", more="yes")})
    assert shop.await_preview(number) == "success"
    body = shop.body(number)
    assert f"`{ANN}/shop`" in body
    assert f"`{BEN}/shop`" in body
    assert EVE not in body
    sha = shop.merge(number)
    assert {one for one in repository.statuses(sha) if "/sync/" in one} == {
        f"foresail/sync/{ANN}/shop",
        f"foresail/sync/{BEN}/shop",
    }
    assert shop.live("configmap", "left") is None
    assert shop.data("b") == {"more": "yes"}
    assert tracked(stage, "a", namespace) == f"{ANN}_shop:/ConfigMap:{namespace}/a"

    with_one_goes_what_is_its_own(shop)

    # A project that says so by now lets Eve in, without anybody touching her Application.
    more = '{"spec":{"sourceNamespaces":["tenant-*"]}}'
    stage.plane.kubectl("patch", "appproject", "team", "-n", control, "--type=merge", f"--patch={more}")
    stage.until(lambda: is_synced(stage, EVE), what="that Eve may")
    stage.until(lambda: refusal(stage, EVE) == "", what="that nothing is said of that any more")
    assert tracked(stage, "a", namespace) == f"{EVE}_shop:/ConfigMap:{namespace}/a"


def with_one_goes_what_is_its_own(shop: Shop) -> None:
    """Have something changed by hand, which is put back as whose it is, and one of the two deleted with what it has."""
    stage, namespace = shop.stage, shop.namespace
    stage.plane.kubectl("patch", "configmap", "b", "-n", namespace, "--type=merge", '--patch={"data":{"more":"no"}}')
    stage.until(lambda: shop.data("b") == {"more": "yes"}, what="that it is put back")
    finalizer = '{"metadata":{"finalizers":["resources-finalizer.argocd.argoproj.io"]}}'
    stage.plane.kubectl("patch", "application", "shop", "-n", ANN, "--type=merge", f"--patch={finalizer}")
    stage.plane.kubectl("delete", "application", "shop", "-n", ANN, "--wait=false")
    stage.until(lambda: seen(stage, ANN) == {}, what="that Ann's is gone")
    assert shop.live("configmap", "a") is None
    assert shop.data("b") == {"more": "yes"}
    assert is_synced(stage, BEN)


@pytest.mark.usefixtures("team")
def test_what_an_application_says_of_itself_opens_no_window(stage: Stage, namespace: str) -> None:
    repository = stage.forge.create_repository("acme/shop-2", files={"ben/late.yaml": config_map("late")})
    stage.add(repository)
    window = {"kind": "deny", "schedule": "* * * * *", "duration": "1h", "applications": ["*"]}
    spec = {"sourceRepos": ["*"], "destinations": [{"server": "*", "namespace": "*"}], "sourceNamespaces": [BEN]}
    place = {"name": "frozen", "namespace": stage.control_namespace}
    kind = {"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject"}
    apply(stage, {**kind, "metadata": place, "spec": {**spec, "syncWindows": [window]}})

    operation = {"sync": {"revision": repository.head("main")}}
    done = {"version": "v1", "kind": "ConfigMap", "group": "", "namespace": namespace, "name": "early"}
    results = {"revision": repository.head("main"), "resources": [{**done, "status": "Synced", "syncPhase": "Sync"}]}
    state = {"phase": "Running", "startedAt": "2026-01-01T00:00:00Z", "operation": operation, "syncResult": results}
    begun = application(BEN, repository, "ben", namespace, project="frozen")
    begun["metadata"]["name"] = "late"
    apply(stage, {**begun, "operation": operation, "status": {"operationState": state}})

    def message() -> str:
        found = stage.get("application", "late", namespace=BEN) or {}
        return str(found.get("status", {}).get("operationState", {}).get("message", ""))

    stage.until(lambda: message().startswith("Sync operation blocked by sync window"), what="that it waits")
    assert stage.get("configmap", "late", namespace=namespace) is None
