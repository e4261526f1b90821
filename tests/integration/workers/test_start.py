"""An operation begins by one write, and whatever is in the way of that leaves an operation that says so."""

from __future__ import annotations

import inspect
import threading
import time

from bot.cluster.applications import APPLICATION
from bot.cluster.watch import Watch
from bot.errors import Temporary
from bot.model.jobs import Task, advance, deliver, notify
from bot.model.operations import Occasion, Operation, OperationState, Phase, timestamp
from bot.model.resources import JsonObject
from bot.store.connection import connect
from tests.integration.workers.desk import Desk
from workers import advance as advancing
from workers import deliver as delivering
from workers import start as starting
from workers.operating.claims import CLAIM
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
                desk.do(advancing.run, advance("shop"))  # where it was begun, and then somebody was faster
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


def configured(number: int) -> dict[str, str]:
    text = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: settings}}\ndata: {{a: '{number}'}}\n"
    return {"deploy/settings.yaml": text}


def two_starts(desk: Desk) -> tuple[list[str], list[JsonObject]]:
    """Push twice and let nothing begin; return the commits, and what is to start each."""
    desk.declare("shop")
    desk.do(starting.run, asked(desk).request)
    repository = desk.services.forge.repository("acme/shop")
    commits = [desk.repository.commit("main", configured(number)) for number in (1, 2)]
    for commit in commits:
        desk.do(delivering.run, deliver(repository, branch="main", before="", commit=commit))
    return commits, desk.waiting(Task.START)


def revision(desk: Desk) -> str:
    return str(state(desk.application("shop"))["operation"]["sync"]["revision"])


def test_a_start_that_was_held_up_does_not_take_an_application_back(desk: Desk) -> None:
    (first, second), (held_up, later) = two_starts(desk)
    inspect.unwrap(starting.run)(desk.services, later)
    assert not desk.services.queue.has(notify("acme/shop", first))
    inspect.unwrap(starting.run)(desk.services, held_up)
    assert revision(desk) == second
    assert desk.waiting(Task.REFRESH) == [{"applications": ["shop"]}]
    assert desk.services.queue.has(notify("acme/shop", first))


def test_a_start_goes_on_from_one_that_was_done_before_it(desk: Desk) -> None:
    (_, second), (earlier, later) = two_starts(desk)
    inspect.unwrap(starting.run)(desk.services, earlier)
    inspect.unwrap(starting.run)(desk.services, later)
    assert revision(desk) == second
    assert desk.waiting(Task.REFRESH) == []


def test_an_end_whose_worker_was_killed_before_it_was_told_is_told_by_who_does_its_job(desk: Desk) -> None:
    desk.declare("shop")
    request = asked(desk).request
    desk.do(starting.run, request)
    desk.services.memory.begin_ending("shop")
    connect(desk.stage.redis.url).delete("rq:queue:notify")
    desk.do(starting.run, request)
    assert desk.waiting(Task.ADVANCE) == [{"application": "shop"}]


def test_where_somebody_else_may_be_at_it_an_operation_waits_for_that(desk: Desk) -> None:
    application = desk.declare("shop")
    claim = f"another {desk.services.clock.now() + 10:.3f}"
    desk.services.applications.update(application, {"metadata": {"annotations": {CLAIM: claim}}})
    desk.do(starting.run, asked(desk).request)
    found = desk.application("shop")
    assert found["operation"]["sync"]["revision"] == desk.repository.head()
    assert found["metadata"]["annotations"][CLAIM] == claim
    assert state(found) == {}
    assert desk.waiting(Task.ADVANCE) == [{"application": "shop"}]


def test_whom_a_start_overtakes_is_noted_before_the_end_that_brings_it_along(desk: Desk) -> None:
    application, first = desk.declare("shop"), desk.repository.head()
    operation = Operation(first, prune=False, info=Occasion("acme/shop", "main", first).to_info())
    rests = OperationState(operation, Phase.RUNNING, "failed", timestamp(), finished_at=timestamp(), retry_count=1)
    resting = {"operation": operation.to_wire(), "status": {"operationState": rests.to_wire()}}
    desk.services.applications.update(application, resting)
    desk.repository.push("main", configured(1))
    desk.do(starting.run, asked(desk).request)
    assert state(desk.application("shop"))["phase"] == "Succeeded"
    assert desk.waiting(Task.REFRESH) == [{"applications": ["shop"]}]
    assert desk.services.memory.take_put_off("shop") is None


def test_what_lies_between_two_syncs_is_counted_from_what_was_synced(desk: Desk) -> None:
    application = desk.declare("shop")
    between = Asked("shop", Occasion("acme/shop", "main", "c" * 40, before="b" * 40))
    assert between.operation(application).info["before"] == "b" * 40

    desk.do(starting.run, asked(desk).request)
    synced = desk.services.applications.get("shop")
    assert synced is not None
    assert between.operation(synced).info["before"] == desk.repository.head()


def test_whoever_waits_for_an_end_is_told_of_it(desk: Desk) -> None:
    desk.declare("shop")
    memory, told = desk.services.memory, [f"acme/shop@{number:040}" for number in range(60)]
    for one in told:
        memory.await_ends(["shop", "other"], one)
    assert len(memory.awaited("shop")) == 50
    memory.await_no_more(["shop"], told[-1])
    assert told[-1] not in memory.awaited("shop")
    assert told[-1] in memory.awaited("other")

    desk.do(starting.run, asked(desk).request)
    waiting = [one.rpartition("@")[2] for one in memory.awaited("shop")]
    assert all(desk.services.queue.has(notify("acme/shop", commit)) for commit in waiting)
