"""Waiting for Applications: by a watch, with a word about whatever changes."""

from __future__ import annotations

import signal

from bot.cli.outcome import INTERRUPTED
from tests.integration.cli.app.conftest import A, B, Desk

HEALTHY = {"status": {"health": {"status": "Healthy"}}}


def test_what_is_there_is_not_waited_for(desk: Desk) -> None:
    desk.has("shop")
    desk.merge("shop", HEALTHY)
    done = desk.app("wait", "shop")
    assert done.code == 0
    assert done.out.splitlines()[1].split()[4:6] == ["Synced", "Healthy"]


def test_it_waits_and_tells_what_changes(desk: Desk) -> None:
    desk.has("shop", operation={"sync": {"revision": A}})
    waiting = desk.begin("wait", "shop")
    assert f"shop  Synced at {B[:10]}, Progressing" in waiting.first
    state = {"phase": "Running", "message": "applying 2 of 2 objects", "finishedAt": None}
    desk.merge("shop", {"status": {"operationState": state}})
    resources = [{"version": "v1", "kind": "ConfigMap", "namespace": "shop", "name": "settings", "status": "OutOfSync"}]
    desk.merge("shop", {"status": {"resources": resources}})
    desk.merge("shop", {"operation": None, "status": {"operationState": {"phase": "Succeeded", "message": "done"}}})
    desk.merge("shop", HEALTHY)
    done = waiting.end()
    assert done.code == 0
    told = [line.partition("  ")[2] for line in done.err.splitlines()]
    assert "shop  operation Pending" in told
    assert "shop  operation Running: applying 2 of 2 objects" in told
    assert "shop  ConfigMap shop/settings: OutOfSync" in told
    assert "shop  operation Succeeded: done" in told
    assert told[-1] == f"shop  Synced at {B[:10]}, Healthy"


def test_what_does_not_come_in_time_is_no(desk: Desk) -> None:
    desk.has("shop")
    done = desk.app("wait", "shop", "--timeout", "3")
    assert done.code == 1
    assert "not within 3 s: shop is Progressing" in done.err


def test_only_what_is_asked_for_counts(desk: Desk) -> None:
    desk.has("shop", operation={"sync": {"revision": A}})
    assert desk.app("wait", "shop", "--sync").code == 0
    assert "shop operation is Pending" in desk.app("wait", "shop", "--operation", "--timeout", "3").err
    desk.merge("shop", {"status": {"health": {"status": "Suspended"}}})
    assert desk.app("wait", "shop", "--suspended").code == 0
    assert desk.app("wait", "shop", "--health", "--suspended").code == 0


def test_all_of_several_are_waited_for(desk: Desk) -> None:
    for name in ("bank", "shop"):
        desk.has(name, metadata={"labels": {"team": "ada"}})
    desk.merge("shop", HEALTHY)
    waiting = desk.begin("wait", "-l", "team=ada", "--health")
    desk.merge("bank", HEALTHY)
    done = waiting.end()
    assert (done.code, len(done.out.splitlines())) == (0, 3)


def test_what_is_deleted_is_not_waited_for_any_longer(desk: Desk) -> None:
    desk.has("shop")
    waiting = desk.begin("wait", "shop")
    desk.plane.kubectl("delete", "application", "shop", f"--namespace={desk.namespace}")
    done = waiting.end()
    assert done.code == 20
    assert "there is no Application shop any more" in done.err


def test_whom_to_wait_for_has_to_be_said(desk: Desk) -> None:
    assert "One of both: NAME… or --selector." in desk.app("wait").err
    assert "no Application has the labels 'team=nobody'" in desk.app("wait", "-l", "team=nobody").err


def test_a_person_may_stop_waiting(desk: Desk) -> None:
    desk.has("shop")
    waiting = desk.begin("wait", "shop")
    waiting.process.send_signal(signal.SIGINT)
    assert waiting.end().code == INTERRUPTED
