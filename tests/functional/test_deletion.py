"""An Application that is deleted takes along what it manages, as its finalizers ask, and says how far it has come."""

from __future__ import annotations

import json
from textwrap import dedent
from typing import Any

import pytest

from tests.functional.conftest import Opener, Shop, config_map, deployment

APART = True
CASCADE = "resources-finalizer.argocd.argoproj.io"
HELD = "example.com/held"
NONE: dict[str, str] = {}
WAVE, OPTIONS = "argocd.argoproj.io/sync-wave", "argocd.argoproj.io/sync-options"


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {"FORESAIL_CLAIM_SECONDS": "2"}


def annotated(manifest: str, annotations: dict[str, str]) -> str:
    if not annotations:
        return manifest
    lines = "".join(f"    {name}: {json.dumps(value)}\n" for name, value in annotations.items())
    return manifest.replace("\ndata:\n", f"\n  annotations:\n{lines}data:\n")


def setting(name: str, annotations: dict[str, str] = NONE) -> str:
    return annotated(config_map(name, COLOUR="blue"), annotations)


def job(name: str, *, hook: str, pods: str = "") -> str:
    return dedent(f"""\
        apiVersion: batch/v1
        kind: Job
        metadata:
          name: {name}
          annotations: {{argocd.argoproj.io/hook: {hook}, argocd.argoproj.io/hook-delete-policy: HookSucceeded}}
        spec:
          backoffLimit: 0
          template:
            metadata: {{annotations: {{sandbox.foresail.dev/pod: "{pods}"}}}}
            spec: {{restartPolicy: Never, containers: [{{name: run, image: "busybox:1"}}]}}
        """)


def record(shop: Shop) -> dict[str, Any]:
    return shop.stage.get("application", shop.name, namespace=shop.stage.control_namespace) or {}


def patch(shop: Shop, kind: str, name: str, merge: dict[str, Any], *, namespace: str = "") -> None:
    where = ("-n", namespace or shop.namespace, "--type=merge", "-p", json.dumps(merge))
    shop.stage.plane.kubectl("patch", kind, name, *where)


def delete(shop: Shop, *finalizers: str) -> None:
    """Delete the Application as `kubectl delete --wait=false` does, with these finalizers beside those it has."""
    kept = record(shop)["metadata"].get("finalizers", [])
    merge = {"metadata": {"finalizers": [*kept, *finalizers]}}
    patch(shop, "application", shop.name, merge, namespace=shop.stage.control_namespace)
    shop.stage.plane.kubectl("delete", "application", shop.name, "-n", shop.stage.control_namespace, "--wait=false")


def words(shop: Shop, kind: str = "DeletionInProgress") -> str:
    """Return what the Application says about its deletion."""
    conditions = record(shop).get("status", {}).get("conditions", [])
    return next((str(one["message"]) for one in conditions if one["type"] == kind), "")


def await_gone(shop: Shop) -> None:
    shop.stage.until(lambda: not record(shop), what="the end of the Application")


def hold(shop: Shop, name: str) -> None:
    """Keep a ConfigMap from going before it is released."""
    patch(shop, "configmap", name, {"metadata": {"finalizers": [HELD]}})


def release(shop: Shop, name: str) -> None:
    patch(shop, "configmap", name, {"metadata": {"finalizers": None}})


def is_there(shop: Shop, name: str, kind: str = "configmap") -> bool:
    return shop.live(kind, name) is not None


def deletions(shop: Shop) -> list[str]:
    """Return the objects of the shop's namespace that were deleted, in order, but for pods and by kubectl."""
    found = []
    whole = shop.stage.plane.audit_log.read_bytes()[shop.applies_from :].rpartition(b"\n")[0]  # the rest is yet to come
    for line in whole.splitlines():
        event = json.loads(line)
        place = event.get("objectRef", {})
        if event["verb"] != "delete" or place.get("namespace") != shop.namespace or place["resource"] == "pods":
            continue
        if not event.get("userAgent", "").startswith(("kubectl", "kube-controller-manager")):
            found.append(f"{place['resource']}/{place['name']}")
    return found


@pytest.mark.parametrize("finalizer", [CASCADE, f"{CASCADE}/background"])
def test_what_an_application_manages_goes_with_it_the_last_wave_first(open_shop: Opener, finalizer: str) -> None:
    files = {
        "deploy/web.yaml": deployment(replicas=1),
        "deploy/late.yaml": setting("late", {WAVE: "3"}),
        "deploy/early.yaml": setting("early", {WAVE: "-1"}),
        "deploy/kept.yaml": setting("kept", {OPTIONS: "Delete=false"}),
    }
    shop = open_shop(files)
    shop.stage.plane.kubectl("create", "configmap", "theirs", "-n", shop.namespace)
    shop.forget_applies()

    delete(shop, finalizer)

    await_gone(shop)
    assert deletions(shop) == ["configmaps/late", "deployments/web", "configmaps/early"]
    assert is_there(shop, "kept")
    assert is_there(shop, "theirs")
    assert not is_there(shop, "web", "deployment")


def test_without_a_finalizer_everything_stays(open_shop: Opener) -> None:
    shop = open_shop({"deploy/settings.yaml": setting("settings")})
    delete(shop)
    await_gone(shop)
    shop.stage.until(shop.stage.is_idle, what="an end of all work")
    assert is_there(shop, "settings")


def test_nothing_goes_before_a_person_has_confirmed(open_shop: Opener) -> None:
    shop = open_shop({"deploy/a.yaml": setting("asking", {OPTIONS: "Delete=confirm"}), "deploy/b.yaml": setting("b")})
    delete(shop, CASCADE)

    told = f"waiting for deletion confirmation of ConfigMap {shop.namespace}/asking"
    shop.stage.until(lambda: words(shop).startswith(told), what="the question")
    assert is_there(shop, "b")

    approval = {"metadata": {"annotations": {"argocd.argoproj.io/deletion-approved": "2100-01-01T00:00:00Z"}}}
    patch(shop, "application", shop.name, approval, namespace=shop.stage.control_namespace)
    await_gone(shop)
    assert not is_there(shop, "asking")
    assert not is_there(shop, "b")


def test_killed_in_the_middle_it_goes_on_and_what_came_instead_stays(open_shop: Opener) -> None:
    files = {
        "deploy/late.yaml": setting("late", {WAVE: "1"}),
        "deploy/a.yaml": setting("a"),
        "deploy/b.yaml": setting("b"),
    }
    shop = open_shop(files)
    hold(shop, "late")
    shop.forget_applies()
    delete(shop, CASCADE)
    told = f"waiting for deletion of ConfigMap {shop.namespace}/late (held by {HELD}); 3 left"
    shop.stage.until(lambda: words(shop) == told, what="the wait")

    assert shop.stage.foresail is not None
    for victim in ("sync", "controller"):
        shop.stage.foresail.kill(victim)
    shop.stage.redis.kill()
    shop.stage.plane.kubectl("delete", "configmap", "a", "-n", shop.namespace)
    shop.stage.plane.kubectl("create", "configmap", "a", "-n", shop.namespace)
    release(shop, "late")

    await_gone(shop)
    assert is_there(shop, "a")
    assert deletions(shop) == ["configmaps/late", "configmaps/b"]


def test_a_hook_that_fails_keeps_everything_until_git_has_a_better_one(open_shop: Opener) -> None:
    files = {
        "deploy/settings.yaml": setting("settings"),
        "deploy/before.yaml": job("before", hook="PreDelete", pods="job-fail"),
        "deploy/after.yaml": job("after", hook="PostDelete"),
    }
    shop = open_shop(files)
    assert not is_there(shop, "before", "job")
    assert len(record(shop)["metadata"]["finalizers"]) == 4
    delete(shop, CASCADE)

    shop.stage.until(lambda: f"hook Job {shop.namespace}/before" in words(shop, "DeletionError"), what="the failure")
    assert is_there(shop, "settings")
    assert not is_there(shop, "after", "job")

    shop.forget_applies()
    shop.repository.push("main", {"deploy/before.yaml": job("before", hook="PreDelete")})
    await_gone(shop)
    assert deletions(shop)[0] == "jobs/before"
    assert deletions(shop)[-1] == "jobs/after"
    assert "configmaps/settings" in deletions(shop)


def test_an_operation_that_runs_is_ended(open_shop: Opener) -> None:
    shop = open_shop({"deploy/settings.yaml": setting("settings")})
    stuck = deployment().replace("containers: [", "nodeSelector: {on: mars}\n      containers: [")
    sha = shop.repository.push("main", {"deploy/web.yaml": stuck})
    shop.stage.until(lambda: "waiting for healthy" in str(shop.status(sha, "sync")), what="the wait")

    delete(shop, CASCADE)

    await_gone(shop)
    assert not is_there(shop, "web", "deployment")
    assert not is_there(shop, "settings")


def test_a_namespace_that_does_not_go_is_told(open_shop: Opener) -> None:
    place = Shop.unique()
    namespace = f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: {place}}}\n"
    shop = open_shop({"deploy/place.yaml": namespace})
    shop.stage.plane.kubectl("create", "configmap", "stuck", "-n", place)
    patch(shop, "configmap", "stuck", {"metadata": {"finalizers": [HELD]}}, namespace=place)
    delete(shop, CASCADE)

    told = f"{HELD} in 1 resource instances"
    shop.stage.until(lambda: told in words(shop), what="what holds it")
    assert words(shop).startswith(f"waiting for deletion of Namespace {place} (")
    patch(shop, "configmap", "stuck", {"metadata": {"finalizers": None}}, namespace=place)
    await_gone(shop)


def test_an_application_of_a_cluster_that_is_gone_is_let_go(open_shop: Opener) -> None:
    shop = open_shop({"deploy/settings.yaml": setting("settings")})
    gone = {"spec": {"destination": {"name": "gone"}}}
    patch(shop, "application", shop.name, gone, namespace=shop.stage.control_namespace)
    delete(shop, CASCADE, "pre-delete-finalizer.argocd.argoproj.io")
    await_gone(shop)
    assert is_there(shop, "settings")


def test_an_application_whose_project_is_gone_takes_its_own_along(open_shop: Opener) -> None:
    shop = open_shop({"deploy/settings.yaml": setting("settings")})
    gone = {"spec": {"project": "gone"}}
    patch(shop, "application", shop.name, gone, namespace=shop.stage.control_namespace)
    delete(shop, CASCADE)
    await_gone(shop)
    assert not is_there(shop, "settings")


def test_hooks_that_cannot_be_found_out_are_waited_for_until_a_person_lets_them_go(open_shop: Opener) -> None:
    shop = open_shop({"deploy/settings.yaml": setting("settings")})
    gone = {"spec": {"project": "gone"}}
    patch(shop, "application", shop.name, gone, namespace=shop.stage.control_namespace)
    hooks = "pre-delete-finalizer.argocd.argoproj.io"
    delete(shop, hooks, CASCADE)

    told = f"Once its finalizer {hooks} is taken away, it is deleted without them."
    shop.stage.until(lambda: words(shop, "DeletionError").endswith(told), what="why it waits")
    assert is_there(shop, "settings")
    without = {"metadata": {"finalizers": [CASCADE]}}
    patch(shop, "application", shop.name, without, namespace=shop.stage.control_namespace)
    await_gone(shop)
    assert not is_there(shop, "settings")


def test_what_a_change_deletes_with_a_child_is_foretold_and_happens(open_shop: Opener) -> None:
    shop = open_shop({"README.md": "soon\n"}, synced=False)
    child = dedent(f"""\
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {{name: {shop.name}-child, namespace: {shop.stage.control_namespace}, finalizers: [{CASCADE}]}}
        spec:
          project: default
          source: {{repoURL: {shop.repository.clone_url}, path: child, targetRevision: main}}
          destination: {{name: in-cluster, namespace: {shop.namespace}}}
          syncPolicy: {{automated: {{}}}}
        """)
    kept = setting("kept", {OPTIONS: "Delete=false"})
    files: dict[str, str | None] = {"child/a.yaml": setting("a"), "child/kept.yaml": kept, "deploy/child.yaml": child}
    own = {f"deploy/own-{number}.yaml": setting(f"own-{number}") for number in range(4)}
    shop.await_sync(shop.repository.push("main", {**files, **own}))

    number = shop.propose(dict.fromkeys(files))
    shop.await_preview(number)
    assert f"its finalizer {CASCADE} has Foresail delete its objects" in shop.body(number).replace("`", "")
    shop.forget_applies()
    shop.merge(number)

    assert not is_there(shop, "a")
    assert is_there(shop, "kept")
    assert deletions(shop) == ["configmaps/a"]
