"""A person has some objects synced, or only tried: neither counts as a sync of the application."""

from __future__ import annotations

import json
from textwrap import dedent
from typing import Any

import pytest

from tests.functional.conftest import Opener, Shop, config_map, deployment
from tests.functional.test_app_commands import manual

HOOK = dedent("""\
    apiVersion: batch/v1
    kind: Job
    metadata: {name: before, annotations: {argocd.argoproj.io/hook: PreSync}}
    spec:
      template:
        spec: {restartPolicy: Never, containers: [{name: run, image: "busybox:1"}]}
    """)
FILES = {"deploy/a.yaml": config_map("a", COLOUR="blue"), "deploy/b.yaml": config_map("b", COLOUR="blue")}
GREEN = {"deploy/a.yaml": config_map("a", COLOUR="green"), "deploy/b.yaml": config_map("b", COLOUR="green")}


@pytest.fixture
def shop(open_shop: Opener) -> Shop:
    """Return a shop whose application is synced by a person alone, and Git is ahead of it, with a hook."""
    shop = open_shop(FILES)
    shop.repository.push("main", {f".foresail/{shop.name}.yaml": manual(shop)})
    shop.stage.until(lambda: not shop.is_automated(), what="the definition")
    sync(shop)
    shop.repository.push("main", {**GREEN, "deploy/before.yaml": HOOK})
    shop.stage.until(shop.stage.is_idle, what="an end of all work")
    return shop


def record(shop: Shop) -> dict[str, Any]:
    return shop.stage.get("application", shop.name, namespace=shop.stage.control_namespace) or {}


def sync(shop: Shop, **asked: Any) -> dict[str, Any]:
    """Have the application synced as a client of Argo CD asks for it; return how that ended."""
    patch = json.dumps({"operation": {"initiatedBy": {"username": "ann"}, "sync": {"revision": "", **asked}}})
    where = ("-n", shop.stage.control_namespace, "--type=merge", "-p", patch)
    shop.stage.plane.kubectl("patch", "application", shop.name, *where)
    shop.stage.until(lambda: "operation" not in record(shop), what="the end of the operation")
    return dict(record(shop)["status"]["operationState"])


def named(name: str, kind: str = "ConfigMap") -> dict[str, str]:
    return {"group": "", "kind": kind, "name": name}


def compared(shop: Shop, name: str, status: str) -> None:
    def holds() -> bool:
        entries = {one["name"]: one["status"] for one in record(shop)["status"]["resources"]}
        return entries.get(name) == status

    shop.stage.until(holds, what=f"{name} to be {status}")


def test_only_what_is_named_is_synced_and_no_hook_runs(shop: Shop) -> None:
    before = record(shop)["status"]
    ended = sync(shop, resources=[named("a")])

    assert ended["phase"] == "Succeeded"
    assert [one["name"] for one in ended["syncResult"]["resources"]] == ["a"]
    assert (shop.data("a"), shop.data("b")) == ({"COLOUR": "green"}, {"COLOUR": "blue"})
    assert shop.live("job", "before") is None
    now = record(shop)["status"]
    assert now["history"] == before["history"]
    assert now["sync"]["revision"] == before["sync"]["revision"]
    compared(shop, "a", "OutOfSync")  # with the revision that the application was synced to

    whole = sync(shop)
    assert whole["phase"] == "Succeeded"
    assert shop.data("b") == {"COLOUR": "green"}
    compared(shop, "a", "Synced")


def test_what_is_named_and_is_not_there_fails_in_words(shop: Shop) -> None:
    ended = sync(shop, resources=[named("a"), named("c")])
    assert (ended["phase"], ended["message"].partition(" is ")[0]) == ("Failed", "ConfigMap c")
    assert shop.data("a") == {"COLOUR": "blue"}


def test_a_dry_run_says_what_a_sync_does_and_writes_nothing(shop: Shop) -> None:
    refused = deployment(replicas=1).replace("replicas: 1", "replicas: one")
    shop.repository.push("main", {"deploy/b.yaml": None, "deploy/c.yaml": config_map("c"), "deploy/web.yaml": refused})
    before = record(shop)["status"]
    shop.forget_applies()

    ended = sync(shop, dryRun=True, prune=True)

    said = {one["name"]: one["message"] for one in ended["syncResult"]["resources"]}
    assert said["a"] == "configured (dry run)"
    assert said["b"] == "pruned (dry run)"
    assert said["c"] == "created (dry run)"
    assert ended["phase"] == "Failed"
    assert ended["message"].startswith("one or more objects failed to apply (dry run): Deployment")
    now = record(shop)["status"]
    assert {**now, "operationState": {}} == {**before, "operationState": {}}
    assert (shop.data("a"), shop.data("b"), shop.live("configmap", "c")) == (
        {"COLOUR": "blue"},
        {"COLOUR": "blue"},
        None,
    )

    assert sync(shop, dryRun=True, resources=[named("a")])["message"] == "nothing was written (dry run)"


def test_a_sync_without_hooks_is_a_sync(shop: Shop) -> None:
    ended = sync(shop, syncStrategy={"apply": {}})
    assert ended["phase"] == "Succeeded"
    assert shop.data("b") == {"COLOUR": "green"}
    assert shop.live("job", "before") is None
    compared(shop, "b", "Synced")


def test_what_left_git_goes_where_that_is_asked_for(shop: Shop) -> None:
    shop.repository.push("main", {"deploy/b.yaml": None})
    kept = sync(shop, resources=[named("b")])
    assert (kept["phase"], kept["message"].endswith("ignored (requires pruning)")) == ("Failed", True)
    assert shop.data("b") == {"COLOUR": "blue"}

    pruned = sync(shop, resources=[named("b")], prune=True)
    assert pruned["phase"] == "Succeeded"
    assert shop.live("configmap", "b") is None
