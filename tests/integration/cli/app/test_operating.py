"""Starting and stopping operations: what is written to an Application, and what is refused."""

from __future__ import annotations

from bot.model.applications import Application
from bot.model.operations import UNSUPPORTED
from tests.integration.cli.app.conftest import A, B, Desk

MANUAL = {"spec": {"syncPolicy": None}}
ASKED = {"operation": {"initiatedBy": {"username": "bob"}, "sync": {"revision": A}}}


def test_a_sync_is_written_as_workers_write_one(desk: Desk) -> None:
    desk.has("shop")
    done = desk.app("sync", "shop")
    assert (done.code, done.out) == (0, "shop: operation started\n")
    found = desk.read("shop")
    operation = found["operation"]
    assert operation["initiatedBy"] == {"username": "sandbox-admin"}
    assert operation["sync"]["revision"] == ""
    assert operation["sync"]["prune"] is False
    assert {"name": "definition", "value": Application.parse(found, home="argocd").spec.definition} in operation["info"]


def test_a_commit_is_taken_as_it_is_where_syncs_are_not_automated(desk: Desk) -> None:
    desk.has("shop")
    desk.merge("shop", MANUAL)
    assert desk.app("sync", "shop", "--revision", A, "--prune").code == 0
    sync = desk.read("shop")["operation"]["sync"]
    assert (sync["revision"], sync["prune"]) == (A, True)


def test_where_syncs_are_automated_another_revision_is_refused(desk: Desk) -> None:
    desk.has("shop")
    done = desk.app("sync", "shop", "--revision", A)
    assert done.code == 20
    assert f"shop cannot be synced to {A}: it is synced to main by itself" in done.err
    assert "operation" not in desk.read("shop")


def test_while_an_operation_runs_another_is_refused(desk: Desk) -> None:
    desk.has("shop", **ASKED)
    done = desk.app("sync", "shop")
    assert done.code == 20
    assert f"shop has an operation that has not ended: Pending at {A[:10]}" in done.err
    assert desk.read("shop")["operation"]["initiatedBy"] == {"username": "bob"}


def test_a_queued_sync_waits_for_the_end_of_the_running_one(desk: Desk) -> None:
    desk.has("shop", **ASKED)
    waiting = desk.begin("sync", "shop", "--queue")
    desk.merge("shop", {"operation": None})
    assert waiting.end().code == 0
    assert desk.read("shop")["operation"]["initiatedBy"] == {"username": "sandbox-admin"}


def test_several_are_started_though_one_is_refused(desk: Desk) -> None:
    for name in ("bank", "shop"):
        desk.has(name, metadata={"labels": {"team": "ada"}})
    desk.merge("bank", ASKED)
    done = desk.app("sync", "-l", "team=ada")
    assert (done.code, done.out) == (20, "shop: operation started\n")
    assert "bank has an operation that has not ended" in done.err


def test_what_is_left_alone_is_not_synced(desk: Desk) -> None:
    desk.has("shop", metadata={"annotations": {"argocd.argoproj.io/skip-reconcile": "true"}})
    assert "shop is left alone" in desk.app("sync", "shop").err


def test_a_partial_sync_names_its_objects(desk: Desk) -> None:
    desk.has("shop")
    assert desk.app("sync", "shop", "--resource", "apps:Deployment:shop/web", "--resource", ":ConfigMap:a").code == 0
    assert desk.read("shop")["operation"]["sync"]["resources"] == [
        {"group": "apps", "kind": "Deployment", "namespace": "shop", "name": "web"},
        {"group": "", "kind": "ConfigMap", "namespace": "", "name": "a"},
    ]


def test_an_object_is_named_in_full(desk: Desk) -> None:
    desk.has("shop")
    assert "GROUP:KIND:NAME" in desk.app("sync", "shop", "--resource", "web").err
    assert "operation" not in desk.read("shop")


def test_a_dry_run_of_any_revision_and_a_sync_without_hooks_are_written_as_such(desk: Desk) -> None:
    desk.has("shop")
    assert desk.app("sync", "shop", "--dry-run", "--no-hooks", "--revision", A).code == 0
    sync = desk.read("shop")["operation"]["sync"]
    assert (sync["dryRun"], sync["syncStrategy"], sync["revision"]) == (True, {"apply": {}}, A)


def test_who_waits_hears_how_it_ended(desk: Desk) -> None:
    desk.has("shop")
    waiting = desk.begin("sync", "shop", "--wait")  # which tells something once the operation is there
    failed = {"phase": "Failed", "message": "web is refused"}
    desk.merge("shop", {"operation": None, "status": {"operationState": failed}})
    done = waiting.end()
    assert done.code == 1
    assert "foresail: the operation of shop ended: Failed: web is refused" in done.err


def test_each_operation_of_several_counts_as_it_ended_itself(desk: Desk) -> None:
    for name in ("bank", "shop"):
        desk.has(name)
    waiting = desk.begin("sync", "bank", "shop", "--wait")
    ended = {"phase": "Failed", "message": "bank is refused"}
    desk.merge("bank", {"operation": None, "status": {"operationState": ended}})
    waiting.await_line("bank  operation Failed: bank is refused")
    desk.merge("bank", {**ASKED, "status": {"operationState": {"phase": "Running", "message": "another"}}})
    desk.merge("shop", {"operation": None, "status": {"operationState": {"phase": "Succeeded"}}})
    done = waiting.end()
    assert done.code == 1
    assert "foresail: the operation of bank ended: Failed: bank is refused" in done.err


def test_a_running_operation_is_told_to_end(desk: Desk) -> None:
    desk.has("shop", **ASKED)
    desk.merge("shop", {"status": {"operationState": {"phase": "Running", "finishedAt": None}}})
    assert desk.app("terminate", "shop").code == 0
    found = desk.read("shop")
    assert found["status"]["operationState"]["phase"] == "Terminating"
    assert found["operation"]["sync"]["revision"] == A


def test_an_operation_that_nobody_has_begun_is_taken_back(desk: Desk) -> None:
    desk.has("shop", **ASKED)
    assert desk.app("terminate", "shop", "--wait").code == 0
    found = desk.read("shop")
    assert "operation" not in found
    assert found["status"]["operationState"]["phase"] == "Succeeded"
    assert found["status"]["sync"]["revision"] == B


def test_what_does_not_run_cannot_be_terminated(desk: Desk) -> None:
    desk.has("shop")
    done = desk.app("terminate", "shop")
    assert done.code == 20
    assert "shop has no operation that could be terminated" in done.err


def test_a_rollback_is_an_operation_at_the_revision_of_a_sync_that_is_remembered(desk: Desk) -> None:
    desk.has("shop")
    desk.merge("shop", MANUAL)
    done = desk.app("rollback", "shop", "3", "--prune")
    assert (done.code, done.out) == (0, f"shop: rollback to {A} started\n")
    operation = desk.read("shop")["operation"]
    assert operation["initiatedBy"] == {"username": "sandbox-admin"}
    assert (operation["sync"]["revision"], operation["sync"]["prune"]) == (A, True)


def test_without_an_id_it_goes_back_to_the_sync_before_the_last(desk: Desk) -> None:
    desk.has("shop")
    desk.merge("shop", MANUAL)
    assert desk.app("rollback", "shop").out == f"shop: rollback to {A} started\n"


def test_several_sources_go_back_each_to_its_own_revision(desk: Desk) -> None:
    other = {"repoURL": "https://git.example.com/other.git", "path": "."}
    sources = [other, {**other, "path": "b", "targetRevision": "next"}]
    spec = {"project": "default", "destination": {"name": "in-cluster"}, "sources": sources}
    desk.has("shop", spec=spec, status={"history": [{"id": 0, "revision": A, "revisions": [A, B]}]})
    assert desk.app("rollback", "shop", "0").out == f"shop: rollback to {A},{B} started\n"
    assert desk.read("shop")["operation"]["sync"]["revisions"] == [A, B]


def test_no_rollback_where_syncs_are_automated(desk: Desk) -> None:
    desk.has("shop")
    done = desk.app("rollback", "shop", "3")
    assert done.code == 20
    assert "shop cannot be rolled back while its syncs are automated" in done.err
    assert "operation" not in desk.read("shop")


def test_only_what_is_remembered_can_be_gone_back_to(desk: Desk) -> None:
    desk.has("shop")
    desk.merge("shop", MANUAL)
    done = desk.app("rollback", "shop", "7")
    assert done.code == 20
    assert "shop remembers no sync with id 7" in done.err
    assert "It remembers: 3, 4." in done.err


def test_no_rollback_to_another_source(desk: Desk) -> None:
    desk.has("shop")
    desk.merge("shop", {"spec": {"syncPolicy": None, "source": {"path": "apps/other"}}})
    done = desk.app("rollback", "shop", "3")
    assert done.code == 20
    assert f"shop had another source at id 3: {UNSUPPORTED}" in done.err
