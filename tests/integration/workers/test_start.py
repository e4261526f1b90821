"""An operation begins by one write, and whatever is in the way of that leaves an operation that says so."""

from __future__ import annotations

import threading
import time

from bot.cluster.applications import APPLICATION
from bot.cluster.watch import Watch
from bot.errors import Temporary
from bot.model.jobs import Task
from bot.model.operations import Occasion
from bot.model.resources import JsonObject
from tests.integration.workers.desk import Desk
from workers import start as starting
from workers.operating.operations import Asked


def asked(desk: Desk) -> Asked:
    return Asked("shop", Occasion("acme/shop", "main", desk.repository.head()))


def state(obj: JsonObject) -> JsonObject:
    return dict(obj.get("status", {}).get("operationState", {}))


def test_an_operation_its_claim_and_its_beginning_are_one_write(desk: Desk) -> None:
    desk.declare("shop")
    seen, stop = list[JsonObject](), threading.Event()
    namespace, server = desk.stage.control_namespace, desk.services.control.server
    watch = Watch(server, APPLICATION, lambda _, obj: seen.append(obj), namespace=namespace)
    threading.Thread(target=watch.run, args=(stop,), daemon=True).start()
    desk.stage.until(lambda: len(seen) == 1, what="the Application")
    desk.do(starting.run, asked(desk).request)
    desk.stage.until(lambda: state(seen[-1]).get("phase") == "Succeeded", what="the end")
    stop.set()
    first, last = seen[1:]
    assert first["operation"]["sync"]["revision"] == desk.repository.head()
    assert "foresail.dev/claim" in first["metadata"]["annotations"]
    assert state(first)["phase"] == "Running"
    assert "operation" not in last
    assert last["status"]["sync"]["status"] == "Synced"


def test_whoever_writes_meanwhile_is_not_overwritten(desk: Desk) -> None:
    desk.declare("shop")
    stop = threading.Event()

    def scribble() -> None:
        for number in range(1_000):
            if stop.is_set():
                return
            where = ("-n", desk.stage.control_namespace)
            desk.stage.plane.kubectl("label", "--overwrite", "application", "shop", f"scribble={number}", *where)

    writer = threading.Thread(target=scribble)
    writer.start()
    end = time.monotonic() + 60
    try:
        while state(desk.application("shop")).get("phase") != "Succeeded" and time.monotonic() < end:
            try:
                desk.do(starting.run, asked(desk).request)
            except Temporary:
                continue
    finally:
        stop.set()
        writer.join()
    found = desk.application("shop")
    assert state(found)["phase"] == "Succeeded"
    assert "scribble" in found["metadata"]["labels"]
    assert "operation" not in found


def test_an_operation_of_which_nothing_can_be_found_out_is_there_to_say_so(desk: Desk) -> None:
    desk.declare("shop")
    desk.repository.push("main", {"deploy/settings.yaml": "kind: [\n"})
    desk.do(starting.run, asked(desk).request)
    found = desk.application("shop")
    assert state(found)["phase"] == "Error"
    assert "operation" not in found
    assert desk.waiting(Task.ADVANCE) == []
