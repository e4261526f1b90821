"""What somebody changes by hand is seen, and put back where that is asked for."""

from __future__ import annotations

from textwrap import dedent
from typing import Any

import pytest

from tests.functional.conftest import Opener, Shop, config_map, deployment

FILES = {"deploy/settings.yaml": config_map(COLOUR="blue"), "deploy/web.yaml": deployment(replicas=1)}
HOOK = dedent("""\
    apiVersion: batch/v1
    kind: Job
    metadata: {generateName: before-, annotations: {argocd.argoproj.io/hook: PreSync}}
    spec:
      template:
        spec: {restartPolicy: Never, containers: [{name: run, image: "busybox:1"}]}
    """)


def healing(shop: Shop) -> str:
    return dedent(f"""\
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {{name: {shop.name}, namespace: {shop.stage.control_namespace}}}
        spec:
          project: default
          source: {{repoURL: {shop.repository.clone_url}, path: deploy, targetRevision: main}}
          destination: {{name: in-cluster, namespace: {shop.namespace}}}
          syncPolicy: {{automated: {{prune: true, selfHeal: true}}}}
        """)


@pytest.fixture
def shop(open_shop: Opener) -> Shop:
    """Return a shop whose application puts back what others change."""
    shop = open_shop({**FILES, "deploy/hook.yaml": HOOK})
    shop.await_sync(shop.repository.push("main", {f".foresail/{shop.name}.yaml": healing(shop)}))
    shop.stage.until(lambda: record(shop)["spec"]["syncPolicy"]["automated"].get("selfHeal"), what="the definition")
    shop.stage.until(lambda: is_at_rest(shop), what="the end of its syncs")
    return shop


def record(shop: Shop) -> dict[str, Any]:
    return shop.stage.get("application", shop.name, namespace=shop.stage.control_namespace) or {}


def is_at_rest(shop: Shop) -> bool:
    found = record(shop)
    return "operation" not in found and found["status"]["sync"]["status"] == "Synced"


def entry(shop: Shop, name: str) -> dict[str, Any]:
    return next(one for one in record(shop)["status"]["resources"] if one["name"] == name)


def edit(shop: Shop, kind: str, name: str, patch: str) -> None:
    shop.stage.plane.kubectl("patch", kind, name, "-n", shop.namespace, "--type=merge", f"--patch={patch}")


def jobs(shop: Shop) -> set[str]:
    found = shop.stage.get("job", namespace=shop.namespace) or {}
    return {one["metadata"]["name"] for one in found["items"]}


def test_a_value_that_somebody_changed_is_put_back_and_nothing_else_runs(shop: Shop) -> None:
    before, ran = record(shop)["status"]["history"], jobs(shop)

    edit(shop, "configmap", "settings", '{"data": {"COLOUR": "odd"}}')

    shop.stage.until(lambda: shop.data("settings") == {"COLOUR": "blue"}, what="the value")
    shop.stage.until(lambda: is_at_rest(shop), what="the record")
    operation = record(shop)["status"]["operationState"]["operation"]
    assert [one["name"] for one in operation["sync"]["resources"]] == ["settings"]
    assert operation["sync"]["autoHealAttemptsCount"] == 1
    assert {one["name"]: one["value"] for one in operation["info"]}["cause"].endswith("was changed by kubectl-patch")
    assert record(shop)["status"]["history"] == before
    assert jobs(shop) == ran


def test_an_object_that_somebody_deleted_is_there_again(shop: Shop) -> None:
    shop.stage.plane.kubectl("delete", "deployment", "web", "-n", shop.namespace)

    shop.stage.until(lambda: shop.live("deployment", "web") is not None, what="the Deployment")
    shop.stage.until(lambda: is_at_rest(shop), what="the record")
    assert shop.replicas("web") == 1


def test_who_keeps_changing_it_is_answered_later_each_time(shop: Shop) -> None:
    for _ in range(2):
        edit(shop, "configmap", "settings", '{"data": {"COLOUR": "odd"}}')
        shop.stage.until(lambda: shop.data("settings") == {"COLOUR": "blue"}, what="the value")
        shop.stage.until(lambda: is_at_rest(shop), what="the record")
    assert record(shop)["status"]["operationState"]["operation"]["sync"]["autoHealAttemptsCount"] == 2


def test_what_git_says_is_synced_after_something_was_put_back(shop: Shop) -> None:
    edit(shop, "configmap", "settings", '{"data": {"COLOUR": "odd"}}')
    shop.stage.until(lambda: shop.data("settings") == {"COLOUR": "blue"}, what="the value")

    sha = shop.repository.push("main", {"deploy/settings.yaml": config_map(COLOUR="green")})
    shop.await_sync(sha)

    assert shop.data("settings") == {"COLOUR": "green"}
    assert "autoHealAttemptsCount" not in record(shop)["status"]["operationState"]["operation"]["sync"]


def test_where_nobody_asks_for_it_a_change_is_recorded_and_left(open_shop: Opener) -> None:
    shop = open_shop(FILES)
    shop.stage.until(lambda: is_at_rest(shop), what="the end of its syncs")

    edit(shop, "configmap", "settings", '{"data": {"COLOUR": "odd"}}')

    shop.stage.until(lambda: record(shop)["status"]["sync"]["status"] == "OutOfSync", what="the difference")
    assert entry(shop, "settings")["status"] == "OutOfSync"
    assert entry(shop, "web")["status"] == "Synced"
    assert shop.data("settings") == {"COLOUR": "odd"}

    edit(shop, "configmap", "settings", '{"data": {"COLOUR": "blue"}}')
    shop.stage.until(lambda: is_at_rest(shop), what="that it is as it was")


def test_health_is_followed_after_a_sync(open_shop: Opener) -> None:
    shop = open_shop(FILES)
    assert record(shop)["status"]["health"]["status"] == "Healthy"

    failing = '{"spec": {"template": {"metadata": {"annotations": {"sandbox.foresail.dev/pod": "fail"}}}}}'
    edit(shop, "deployment", "web", failing)

    shop.stage.until(lambda: record(shop)["status"]["health"]["status"] != "Healthy", what="what has become of it")
    assert entry(shop, "web")["health"]["status"] != "Healthy"


def test_what_a_controller_may_write_is_no_difference(shop: Shop) -> None:
    shop.stage.plane.kubectl("label", "configmap", "settings", "-n", shop.namespace, "somebody=else")
    edit(shop, "deployment", "web", '{"spec": {"replicas": 3}}')

    shop.stage.until(lambda: shop.replicas("web") == 1, what="the replicas")
    shop.stage.until(lambda: is_at_rest(shop), what="the record")
    assert [one["name"] for one in record(shop)["status"]["operationState"]["syncResult"]["resources"]] == ["web"]
    labels = (shop.live("configmap", "settings") or {})["metadata"]["labels"]
    assert labels == {"somebody": "else"}


def test_what_somebody_changed_while_a_sync_ran_is_put_back_after_it(shop: Shop) -> None:
    waits = deployment(replicas=1).replace("    spec:\n", f"    spec:\n      nodeSelector: {{for: {shop.namespace}}}\n")
    assert "nodeSelector" in waits
    sha = shop.repository.push("main", {"deploy/web.yaml": waits})
    shop.stage.until(lambda: "waiting for healthy" in words(shop), what="that it waits for its pods")

    edit(shop, "configmap", "settings", '{"data": {"COLOUR": "odd"}}')
    assert shop.data("settings") == {"COLOUR": "odd"}
    node = (shop.stage.get("node") or {})["items"][0]["metadata"]["name"]
    shop.stage.plane.kubectl("label", "node", node, f"for={shop.namespace}", "--overwrite")

    shop.await_sync(sha)
    shop.stage.until(lambda: shop.data("settings") == {"COLOUR": "blue"}, what="the value")


def words(shop: Shop) -> str:
    return str(record(shop).get("status", {}).get("operationState", {}).get("message"))
