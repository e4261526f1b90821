"""Listing and showing Applications: what is there, and nothing that a terminal obeys."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from textwrap import dedent

import yaml

from tests.integration.cli.app.conftest import A, B, Desk

REFRESH = "argocd.argoproj.io/refresh"
EVIL = "\x1b[2Jgone\u202eevil"


def test_a_list_has_one_line_for_each(desk: Desk) -> None:
    desk.has("shop")
    desk.has("bank", status={})
    done = desk.app("list")
    assert done.code == 0
    assert done.out == dedent("""\
        NAME  CLUSTER     NAMESPACE  PROJECT  STATUS   HEALTH       SYNCPOLICY  CONDITIONS
        bank  in-cluster  shop       default  Unknown  Unknown      Auto-Prune  <none>
        shop  in-cluster  shop       default  Synced   Progressing  Auto-Prune  <none>
        """)


def test_a_wide_list_says_where_it_comes_from(desk: Desk) -> None:
    desk.has("shop")
    header, line = desk.app("list", "-o", "wide").out.splitlines()
    assert header.split()[-4:] == ["REVISION", "REPO", "PATH", "TARGET"]
    assert line.split()[-4:] == [B[:10], "https://git.example.com/shop/config.git", "apps/shop", "main"]


def test_a_list_is_picked_by_label_project_and_repository(desk: Desk) -> None:
    desk.has("shop", metadata={"labels": {"team": "shop"}})
    desk.has("bank")
    assert desk.app("list", "-l", "team=shop", "-o", "name").out == "shop\n"
    assert desk.app("list", "-p", "other", "-o", "name").out == ""
    assert "no such Applications in namespace" in desk.app("list", "-p", "other").err
    wrong = desk.app("list", "-l", "team===")
    assert wrong.code == 20
    assert "--selector 'team===': " in wrong.err
    same = "ssh://git@git.example.com/shop/config"
    assert desk.app("list", "--repo", same, "-o", "name").out == "bank\nshop\n"


def test_a_list_as_json_is_what_kubectl_would_print(desk: Desk) -> None:
    desk.has("shop")
    listed = desk.app("list", "-o", "json").report
    assert [one["metadata"]["name"] for one in listed["items"]] == ["shop"]
    assert (listed["kind"], listed["items"][0]["kind"]) == ("List", "Application")
    assert "managedFields" not in listed["items"][0]["metadata"]


def test_conditions_are_counted(desk: Desk) -> None:
    broken = [{"type": "ComparisonError", "message": "no such path"}, {"type": "UnknownHookWarning", "message": "one"}]
    desk.has("shop", status={"conditions": [*broken, {"type": "UnknownHookWarning", "message": "two"}]})
    assert "ComparisonError,UnknownHookWarning(2)" in desk.app("list").out
    assert "no such path" in desk.app("get", "shop").out


def test_one_application_is_shown_whole(desk: Desk) -> None:
    desk.has("shop")
    assert desk.app("get", "shop").out == dedent(f"""\
        Name:               {desk.namespace}/shop
        Project:            default
        Server:             in-cluster
        Namespace:          shop
        Source:             https://git.example.com/shop/config.git
          Target:           main
          Path:             apps/shop
        Sync Policy:        Auto-Prune
        Sync Status:        Synced at {B[:10]}
        Health Status:      Progressing (1 of 2 pods are there)

        Operation:          Sync
        Sync Revision:      {B}
        Initiated By:       ada
        Phase:              Succeeded
        Start:              2026-01-02T10:00:00Z
        Finished:           2026-01-02T10:00:07Z
        Duration:           7s
        Message:            successfully synced

        GROUP  KIND        NAMESPACE  NAME      STATUS     HEALTH       HOOK     MESSAGE
               ConfigMap   shop       settings  Synced
        apps   Deployment  shop       web       Synced     Progressing           configured
        batch  Job         shop       migrate   Succeeded               PreSync  done
        """)


def test_an_operation_that_nobody_has_begun_is_pending(desk: Desk) -> None:
    left = {"annotations": {"argocd.argoproj.io/skip-reconcile": "T"}}
    asked = {"initiatedBy": {"username": "bob"}, "sync": {"revision": A}}
    desk.has("shop", operation=asked, metadata=left)
    shown = desk.app("get", "shop").out
    assert "Phase:              Pending\n" in shown
    assert "Auto-Prune, left alone by its annotation" in shown
    assert f"Sync Revision:      {A}\nInitiated By:       bob\n" in shown


def test_one_application_as_yaml_is_the_object(desk: Desk) -> None:
    desk.has("shop")
    shown = yaml.safe_load(desk.app("get", "shop", "-o", "yaml").out)
    assert shown["spec"] == desk.read("shop")["spec"]


def test_objects_are_listed_with_their_state(desk: Desk) -> None:
    desk.has("shop")
    assert desk.app("resources", "shop").out == dedent("""\
        GROUP  KIND        NAMESPACE  NAME      STATUS  HEALTH
               ConfigMap   shop       settings  Synced
        apps   Deployment  shop       web       Synced  Progressing
        """)
    assert "1 of 2" in desk.app("resources", "shop", "-o", "wide").out
    assert desk.app("resources", "shop", "-o", "name").out == "configmap/settings\ndeployment.apps/web\n"


def test_syncs_are_listed_with_their_ids(desk: Desk) -> None:
    desk.has("shop")
    assert desk.app("history", "shop").out == dedent(f"""\
        ID  DATE                  REVISION
        3   2026-01-01T10:00:12Z  {A}
        4   2026-01-02T10:00:07Z  {B}
        """)
    assert (
        "12s       https://git.example.com/shop/config.git apps/shop" in desk.app("history", "shop", "-o", "wide").out
    )
    assert [one["id"] for one in desk.app("history", "shop", "-o", "json").report["items"]] == [3, 4]


def test_an_application_that_is_not_there_is_an_error_with_the_names_that_are(desk: Desk) -> None:
    desk.has("shop")
    done = desk.app("get", "shp")
    assert (done.code, done.out) == (20, "")
    assert f"no Application 'shp' in namespace {desk.namespace}" in done.err
    assert "There is: shop." in done.err


def test_a_wrong_option_is_an_error_and_no_answer(desk: Desk) -> None:
    assert desk.app("list", "--nonsense").code == 20


def test_words_of_others_cannot_move_the_cursor(desk: Desk) -> None:
    said = {"message": EVIL, "status": "Degraded"}
    entry = {
        "version": "v1",
        "kind": "ConfigMap",
        "namespace": "shop",
        "name": EVIL,
        "status": "Synced",
        "health": said,
    }
    state = {"phase": "Failed", "message": EVIL, "startedAt": "2026-01-02T10:00:00Z", "operation": {"sync": {}}}
    status = {"health": said, "resources": [entry], "operationState": state, "history": [{"id": 1, "revision": EVIL}]}
    desk.has("shop", status=status)
    written = ""
    for command in ("list", "get shop", "resources shop", "history shop"):
        for shape in ("table", "wide", "json", "yaml", "name"):
            done = desk.app(*command.split(), "-o", shape)
            assert done.code == 0
            written += done.out + done.err
    assert "gone" in written
    assert "\x1b" not in written
    assert "\u202e" not in written


def test_an_application_that_cannot_be_used_is_listed_all_the_same(desk: Desk) -> None:
    hydrated = {"drySource": {"repoURL": "https://git.example.com/dry.git"}}
    desk.has("shop", spec={"project": "default", "destination": {"name": "in-cluster"}, "sourceHydrator": hydrated})
    assert "shop" in desk.app("list").out
    assert desk.app("get", "shop").code == 0


def test_one_is_shown_once_somebody_has_looked_at_it(desk: Desk) -> None:
    desk.has("shop", metadata={"annotations": {"argocd.argoproj.io/skip-reconcile": "true"}})
    assert "is left alone" in desk.app("get", "shop", "--refresh").err
    desk.merge("shop", {"metadata": {"annotations": {"argocd.argoproj.io/skip-reconcile": None}}})
    with ThreadPoolExecutor(1) as beside:
        shown = beside.submit(desk.app, "get", "shop", "--hard-refresh")
        asked = r"--for=jsonpath={.metadata.annotations.argocd\.argoproj\.io/refresh}=hard"
        desk.plane.kubectl("wait", "application/shop", f"--namespace={desk.namespace}", asked, "--timeout=50s")
        desk.merge("shop", {"metadata": {"annotations": {REFRESH: None}}, "status": {"health": {"message": "new"}}})
        assert "(new)" in shown.result().out
