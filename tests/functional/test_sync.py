"""After the merge: the cluster is brought there in order, and statuses say what is true until the end."""

from __future__ import annotations

import json
from textwrap import dedent

import pytest

from bot.sandbox.forge.faults import Fault
from tests.functional.conftest import Opener, Shop, application, config_map, deployment

APART = True
FILES = {"deploy/web.yaml": deployment(), "deploy/settings.yaml": config_map(COLOUR="blue")}


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {"FORESAIL_SYNC_DEADLINE": "20"}


def _job(name: str, *, hook: str, pods: str = "") -> str:
    return dedent(f"""\
        apiVersion: batch/v1
        kind: Job
        metadata:
          name: {name}
          annotations: {{argocd.argoproj.io/hook: {hook}}}
        spec:
          backoffLimit: 0
          template:
            metadata: {{annotations: {{sandbox.foresail.dev/pod: "{pods}"}}}}
            spec: {{restartPolicy: Never, containers: [{{name: run, image: "busybox:1"}}]}}
        """)


def test_a_workload_that_never_gets_healthy_fails_the_commit_with_its_message(open_shop: Opener) -> None:
    shop = open_shop(FILES)
    number = shop.propose({"deploy/web.yaml": deployment(image="nginx:1.28", pods="fail")})
    shop.await_preview(number)
    sha = shop.repository.merge(number)
    shop.await_sync(sha, "failure")
    status = shop.status(sha, "sync")
    assert status is not None
    assert "Deployment" in str(status.description)
    assert "CrashLoopBackOff" in str(shop.status(sha, f"sync/{shop.name}"))
    shop.stage.until(lambda: "1 failed" in shop.body(number), what="the epilogue")


def test_the_next_commit_repairs_what_failed(open_shop: Opener) -> None:
    shop = open_shop(FILES)
    broken = shop.repository.push("main", {"deploy/web.yaml": deployment().replace("replicas: 2", "replicas: -1")})
    shop.await_sync(broken, "failure")
    shop.await_sync(shop.repository.push("main", {"deploy/web.yaml": deployment(replicas=3)}))
    assert shop.replicas("web") == 3


def test_hooks_run_before_and_after_and_waves_in_order(open_shop: Opener) -> None:
    shop = open_shop(FILES)
    sha = shop.repository.push(
        "main",
        {
            "deploy/before.yaml": _job("before", hook="PreSync"),
            "deploy/after.yaml": _job("after", hook="PostSync"),
            "deploy/settings.yaml": config_map(COLOUR="green"),
        },
    )
    shop.await_sync(sha)
    order = [one["name"] for one in shop.results()]
    assert order.index("before") < order.index("settings") < order.index("after")
    again = shop.repository.push("main", {"deploy/settings.yaml": config_map(COLOUR="red")})
    shop.await_sync(again)


def test_a_failing_presync_hook_stops_the_sync_before_anything_is_applied(open_shop: Opener) -> None:
    shop = open_shop(FILES)
    files = {"deploy/before.yaml": _job("before", hook="PreSync", pods="job-fail")}
    sha = shop.repository.push("main", {**files, "deploy/settings.yaml": config_map(COLOUR="green")})
    shop.await_sync(sha, "failure")
    assert shop.data("settings") == {"COLOUR": "blue"}


def test_a_hook_of_a_type_that_does_not_exist_is_never_applied_and_said_to_be(open_shop: Opener) -> None:
    shop = open_shop(FILES)
    number = shop.propose({"deploy/before.yaml": _job("before", hook="PreSnyc")})
    assert shop.await_preview(number) == "success"
    body = shop.body(number)
    assert "Merging changes nothing in any cluster" in body
    assert f"`{shop.namespace}/before` is never applied" in body
    sha = shop.merge(number)
    assert shop.live("job", "before") is None
    assert f"Job {shop.namespace}/before is never applied" in str(shop.status(sha, f"sync/{shop.name}"))


def _boats(group: str, *, plural: str = "boats") -> str:
    return dedent(f"""\
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {{name: boats.{group}}}
        spec:
          group: {group}
          scope: Namespaced
          names: {{kind: Boat, plural: {plural}, singular: boat, listKind: BoatList}}
          versions:
            - name: v1
              served: true
              storage: true
              schema: {{openAPIV3Schema: {{type: object, x-kubernetes-preserve-unknown-fields: true}}}}
        """)


def _boat(group: str) -> str:
    return f"apiVersion: {group}/v1\nkind: Boat\nmetadata: {{name: ada}}\nspec: {{sails: 2}}\n"


def test_a_custom_resource_comes_with_its_definition(open_shop: Opener) -> None:
    group = f"{Shop.unique()}.example.com"
    shop = open_shop(FILES)
    number = shop.propose({"deploy/boats.yaml": _boats(group), "deploy/ada.yaml": _boat(group)})
    assert shop.await_preview(number) == "success"
    assert "estimated" in shop.body(number)
    shop.merge(number)
    assert shop.live(f"boats.{group}", "ada") is not None


def test_a_refused_definition_fails_the_commit_while_its_objects_wait_for_it(open_shop: Opener) -> None:
    group = f"{Shop.unique()}.example.com"
    shop = open_shop(FILES)
    files = {"deploy/boats.yaml": _boats(group, plural="ships"), "deploy/ada.yaml": _boat(group)}
    shop.await_sync(shop.repository.push("main", files), "failure")
    assert [one["kind"] for one in shop.results() if one["status"] == "SyncFailed"] == ["CustomResourceDefinition"]


def test_a_sync_that_would_delete_most_of_an_application_waits_for_a_person(open_shop: Opener) -> None:
    files = {f"deploy/settings-{index}.yaml": config_map(f"settings-{index}", A="1") for index in range(6)}
    shop = open_shop({**FILES, **files})
    number = shop.propose(dict.fromkeys(files))
    shop.await_preview(number)
    assert "would delete 6 of 8 objects" in shop.body(number)
    sha = shop.repository.merge(number)
    shop.stage.until(lambda: "held" in str(shop.status(sha, "sync")), what="the hold")
    assert shop.live("configmap", "settings-0") is not None
    patch = f"foresail.dev/approve={sha}"
    shop.stage.plane.kubectl("annotate", "application", shop.name, patch, "-n", shop.stage.control_namespace)
    shop.await_sync(sha)
    assert shop.live("configmap", "settings-0") is None


def test_a_sync_that_would_not_do_what_its_preview_said_waits_where_that_is_asked_for(open_shop: Opener) -> None:
    shop = open_shop(FILES)
    kubectl, control = shop.stage.plane.kubectl, ("-n", shop.stage.control_namespace)
    kubectl("annotate", "application", shop.name, "foresail.dev/hold=changed-plan", *control)
    number = shop.propose({"deploy/settings.yaml": config_map(COLOUR="green")})
    assert shop.await_preview(number) == "success"
    patch = '{"data": {"BY_HAND": "yes"}}'
    kubectl("patch", "configmap", "settings", "-n", shop.namespace, "--type=merge", "-p", patch)
    sha = shop.repository.merge(number)
    shop.stage.until(lambda: "held" in str(shop.status(sha, "sync")), what="the hold")
    held = shop.status(sha, f"sync/{shop.name}")
    assert held is not None
    assert "would not do what its preview said: ConfigMap" in str(held.description)
    assert shop.data("settings") == {"COLOUR": "blue", "BY_HAND": "yes"}
    kubectl(
        "patch", "configmap", "settings", "-n", shop.namespace, "--type=merge", "-p", patch.replace('"yes"', "null")
    )
    kubectl("annotate", "application", shop.name, f"foresail.dev/approve={sha}", *control)
    shop.await_sync(sha)
    assert shop.data("settings") == {"COLOUR": "green"}


def test_an_application_without_automation_waits_for_a_person(open_shop: Opener) -> None:
    shop = open_shop(FILES)
    manual = application(shop).replace("    automated: {prune: true}\n", "")
    shop.repository.push("main", {f".foresail/{shop.name}.yaml": manual})
    shop.stage.until(lambda: not shop.is_automated(), what="the new definition")
    sha = shop.repository.push("main", {"deploy/settings.yaml": config_map(COLOUR="green")})
    shop.stage.until(lambda: "waits for a person" in str(shop.status(sha, "sync")), what="the wait")
    assert shop.data("settings") == {"COLOUR": "blue"}


def test_a_namespace_is_created_when_the_application_asks_for_it(open_shop: Opener) -> None:
    shop = open_shop(FILES)
    elsewhere = f"{shop.namespace}-new"
    declared = application(shop, options="CreateNamespace=true").replace(
        f"namespace: {shop.namespace}}}", f"namespace: {elsewhere}}}"
    )
    number = shop.propose({f".foresail/{shop.name}.yaml": declared})
    shop.await_preview(number)
    shop.await_sync(shop.repository.merge(number))
    assert shop.stage.get("configmap", "settings", namespace=elsewhere) is not None


def test_the_application_is_shown_as_people_who_use_kubectl_expect(open_shop: Opener) -> None:
    shop = open_shop(FILES)
    shown = shop.stage.plane.kubectl("get", "applications", shop.name, "-n", shop.stage.control_namespace)
    head, row = shown.splitlines()
    assert head.split() == ["NAME", "SYNC", "STATUS", "HEALTH", "STATUS"]
    assert row.split() == [shop.name, "Synced", "Healthy"]


def test_nobody_takes_over_an_application_that_another_one_declares(open_shop: Opener) -> None:
    victim = open_shop(FILES)
    thief = open_shop(FILES)
    stolen = application(victim).replace(victim.repository.clone_url, thief.repository.clone_url)
    number = thief.propose({".foresail/stolen.yaml": stolen})
    assert thief.await_preview(number) == "failure"
    assert "no other may change it" in thief.body(number)
    thief.await_sync(thief.repository.merge(number), "failure")
    kept = victim.stage.get("application", victim.name, namespace=victim.stage.control_namespace) or {}
    assert kept["spec"]["source"]["repoURL"] == victim.repository.clone_url


def test_nobody_takes_an_application_of_another_for_a_hook_that_is_in_the_way(open_shop: Opener) -> None:
    victim = open_shop(FILES)
    where = victim.stage.control_namespace
    before = victim.stage.get("application", victim.name, namespace=where) or {}
    thief = open_shop(FILES)
    stolen = application(victim).replace("metadata:\n", "metadata:\n  annotations: {argocd.argoproj.io/hook: Sync}\n")
    number = thief.propose({".foresail/stolen.yaml": stolen})
    assert thief.await_preview(number) == "failure"
    assert "no other may change it" in thief.body(number)
    thief.await_sync(thief.repository.merge(number), "failure")
    kept = victim.stage.get("application", victim.name, namespace=where) or {}
    assert kept.get("metadata", {}).get("uid") == before["metadata"]["uid"]


def test_a_commit_that_was_held_up_does_not_take_the_cluster_back(open_shop: Opener) -> None:
    shop = open_shop(FILES)
    git = f"* /{shop.repository.full_name}.git/*"
    shop.stage.forge.faults.add(git, kind=Fault.ERROR, times=2)
    older = shop.repository.push("main", {"deploy/settings.yaml": config_map(COLOUR="green")})
    newer = shop.repository.push("main", {"deploy/settings.yaml": config_map(COLOUR="red")})
    shop.await_sync(newer)
    shop.await_sync(older)
    assert shop.data("settings") == {"COLOUR": "red"}
    application = shop.stage.get("application", shop.name, namespace=shop.stage.control_namespace) or {}
    assert application["status"]["history"][-1]["revision"] == newer


def test_a_file_cannot_start_an_operation(open_shop: Opener) -> None:
    shop = open_shop(FILES)
    manual = application(shop).replace("    automated: {prune: true}\n", "")
    asked = manual + "operation: {sync: {revision: main}, info: [{name: repository, value: acme/home}]}\n"
    shop.repository.push("main", {f".foresail/{shop.name}.yaml": asked})
    shop.stage.until(lambda: not shop.is_automated(), what="the new definition")
    sha = shop.repository.push("main", {"deploy/settings.yaml": config_map(COLOUR="green")})
    shop.stage.until(lambda: "waits for a person" in str(shop.status(sha, "sync")), what="the wait")
    assert shop.data("settings") == {"COLOUR": "blue"}


def test_an_application_that_moves_to_another_branch_is_predicted_and_told(open_shop: Opener) -> None:
    shop = open_shop(FILES)
    shop.repository.push("release", {"deploy/settings.yaml": config_map(COLOUR="red")})
    moved = application(shop).replace("targetRevision: main", "targetRevision: release")
    number = shop.propose({f".foresail/{shop.name}.yaml": moved})
    assert shop.await_preview(number) == "success"
    assert "-  COLOUR: blue\n+  COLOUR: red" in shop.body(number)
    shop.await_sync(shop.repository.merge(number))
    assert shop.data("settings") == {"COLOUR": "red"}


def test_an_application_that_declares_itself_is_synced_to_its_new_definition(open_shop: Opener) -> None:
    shop = open_shop(FILES)
    itself = application(shop).replace(f"name: {shop.name}", f"name: {shop.name}-self").replace("deploy", "self")
    itself = itself.replace(f"namespace: {shop.namespace}", f"namespace: {shop.stage.control_namespace}")
    shop.stage.plane.kubectl("apply", "-f", "-", stdin=itself)
    shop.await_sync(shop.repository.push("main", {"self/itself.yaml": itself}))
    changed = itself.replace("prune: true", "prune: false")
    shop.await_sync(shop.repository.push("main", {"self/itself.yaml": changed}))


def test_a_commit_that_was_pushed_away_is_never_delivered(open_shop: Opener) -> None:
    shop = open_shop(FILES)
    before = shop.repository.head("main")
    git = f"* /{shop.repository.full_name}.git/*"
    shop.stage.forge.faults.add(git, kind=Fault.ERROR, times=3)
    bad = shop.repository.push("main", {"deploy/settings.yaml": config_map(COLOUR="bad")})
    good = shop.repository.push("main", {"deploy/settings.yaml": config_map(COLOUR="good")}, onto=before)
    shop.await_sync(good)
    shop.stage.until(shop.stage.is_idle, what="the end of all jobs")
    assert shop.data("settings") == {"COLOUR": "good"}
    status = shop.status(bad, "sync")
    assert status is None or status.state in {"error", "failure"}
    application = shop.stage.get("application", shop.name, namespace=shop.stage.control_namespace) or {}
    assert bad not in [entry["revision"] for entry in application["status"]["history"]]


def test_an_application_whose_record_has_no_room_fails_its_commit_and_can_be_mended(open_shop: Opener) -> None:
    shop = open_shop(FILES)
    declared = f".foresail/{shop.name}.yaml"
    # What an operation was compared with is recorded too: the quickest way to a record of more than etcd takes.
    huge = application(shop).replace("path: deploy", f"path: deploy, ref: {'x' * 800_000}")
    sha = shop.repository.push("main", {declared: huge})
    shop.await_sync(sha, "failure")
    assert "too many objects for its record" in str(shop.status(sha, f"sync/{shop.name}"))
    shop.await_sync(shop.repository.push("main", {declared: application(shop)}))


@pytest.mark.parametrize("noticed", [True, False])
def test_an_application_that_is_deleted_while_it_syncs_ends_its_commit(open_shop: Opener, *, noticed: bool) -> None:
    shop = open_shop(FILES)
    assert shop.stage.foresail is not None
    nowhere = deployment().replace("containers: [", "nodeSelector: {on: mars}\n      containers: [")
    sha = shop.repository.push("main", {"deploy/web.yaml": nowhere})
    shop.stage.until(lambda: "waiting for healthy" in str(shop.status(sha, f"sync/{shop.name}")), what="the wait")
    if not noticed:
        shop.stage.foresail.kill("controller")
    shop.stage.plane.kubectl("delete", "application", shop.name, "-n", shop.stage.control_namespace)
    shop.await_sync(sha, "error")
    own = shop.status(sha, f"sync/{shop.name}")
    assert own is not None
    assert (own.state, own.description) == ("error", "application was deleted while it synced")


def test_what_a_narrower_project_no_longer_permits_is_left_alone(open_shop: Opener) -> None:
    shop = open_shop(FILES | {"deploy/other.yaml": config_map("other", A="1")})
    kubectl, control = shop.stage.plane.kubectl, ("-n", shop.stage.control_namespace)
    project = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AppProject",
        "metadata": {"name": shop.name, "namespace": shop.stage.control_namespace},
        "spec": {
            "sourceRepos": ["*"],
            "destinations": [{"name": "*", "namespace": "*"}],
            "namespaceResourceWhitelist": [{"group": "apps", "kind": "Deployment"}],
        },
    }
    kubectl("apply", "-f", "-", stdin=json.dumps(project))
    narrowed = application(shop).replace("project: default", f"project: {shop.name}")
    files = {"deploy/settings.yaml": None, "deploy/other.yaml": None, f".foresail/{shop.name}.yaml": narrowed}
    sha = shop.repository.push("main", files)
    shop.await_sync(sha)
    assert shop.data("other") == {"A": "1"}
    kubectl("delete", "appproject", shop.name, *control)


GREEN = {"deploy/settings.yaml": config_map(COLOUR="green")}


@pytest.mark.parametrize("files", [GREEN, {}], ids=["files too", "alone"])
def test_sync_options_that_change_are_synced_with(open_shop: Opener, files: dict[str, str]) -> None:
    shop = open_shop(FILES)
    altered = application(shop, options="Validate=false")
    sha = shop.repository.push("main", {**files, f".foresail/{shop.name}.yaml": altered})
    shop.await_sync(sha)
    status = shop.status(sha, f"sync/{shop.name}")
    assert (status.state if status else "") == "success"
    assert shop.data("settings") == {"COLOUR": "green" if files else "blue"}
