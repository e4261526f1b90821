"""The end of an operation is told, and what waited for it begun, also when its worker is killed just after it."""

from __future__ import annotations

import pytest
import rq
from rq.serializers import JSONSerializer

from bot.errors import Temporary
from bot.model.applications import Application
from bot.model.jobs import Task, advance, refresh
from bot.model.operations import Occasion, Operation, OperationState, Phase
from bot.store.connection import connect
from tests.integration.workers.desk import Desk
from workers import advance as advancing
from workers import refresh as refreshing
from workers.operating.claims import CLAIM
from workers.operating.ending import write_end

WAITING = "d" * 40


def taken(desk: Desk) -> set[tuple[str, str]]:
    """Return which jobs wait, each with the commit that it is about; they wait no longer."""
    connection = connect(desk.stage.redis.url)
    queues = [rq.Queue(name, connection=connection, serializer=JSONSerializer) for name in ("sync", "notify")]
    jobs = [job for queue in queues for job in queue.jobs]
    payloads = [(str(job.func_name), job.args[0]) for job in jobs]
    found = {(name, str(payload.get("since") or payload.get("commit") or "")) for name, payload in payloads}
    for job in jobs:
        job.delete()
    return found


def end_and_be_killed(desk: Desk, application: Application, commit: str) -> None:
    """Do what a worker does at the end of an operation, as far as the moment after it is written."""
    occasion = Occasion(desk.repository.full_name, "main", commit, definition=application.spec.definition)
    operation = Operation(commit, prune=False, info=occasion.to_info())
    began = OperationState(operation, Phase.SUCCEEDED, "", started_at="2026-01-01T00:00:00Z")
    write_end(desk.services, application, {"status": {"operationState": began.to_wire()}})


def test_who_comes_next_asks_for_what_the_end_calls_for_and_only_once(desk: Desk) -> None:
    application, commit = desk.declare("shop"), desk.repository.head()
    desk.services.memory.put_off("shop", WAITING)
    end_and_be_killed(desk, application, commit)
    assert taken(desk) == set()

    desk.do(advancing.run, advance("shop"))
    assert taken(desk) == {(Task.REFRESH, WAITING), (Task.NOTIFY, commit)}

    desk.do(advancing.run, advance("shop"))
    assert taken(desk) == set()


def test_killed_once_more_between_the_two_it_still_is_asked_for(desk: Desk) -> None:
    application, commit = desk.declare("shop"), desk.repository.head()
    desk.services.memory.put_off("shop", WAITING)
    end_and_be_killed(desk, application, commit)
    assert desk.services.memory.take_put_off("shop") == WAITING

    desk.do(advancing.run, advance("shop"))
    assert (Task.REFRESH, WAITING) in taken(desk)


def test_whoever_was_seen_waiting_is_told_of_an_end_though_its_worker_was_killed(desk: Desk) -> None:
    application, commit = desk.declare("shop"), desk.repository.head()
    desk.services.memory.await_ends(["shop"], f"{desk.repository.full_name}@{WAITING}")
    end_and_be_killed(desk, application, commit)
    assert taken(desk) == set()

    desk.do(advancing.run, advance("shop"))
    assert taken(desk) == {(Task.NOTIFY, commit), (Task.NOTIFY, WAITING)}


def test_what_was_taken_away_ends_once_nobody_works_on_it_any_more(desk: Desk) -> None:
    application, commit = desk.declare("shop"), desk.repository.head()
    operation = Operation(commit, prune=False, info=Occasion(desk.repository.full_name, "main", commit).to_info())
    runs = OperationState(operation, Phase.RUNNING, "applying", started_at="2026-01-01T00:00:00Z")
    claim = f"another {desk.services.clock.now() + 20:.3f}"
    status = {"status": {"operationState": runs.to_wire()}}
    application = desk.services.applications.update(
        application, {"metadata": {"annotations": {CLAIM: claim}}, **status}
    )
    with pytest.raises(Temporary):
        desk.do(refreshing.run, refresh("shop"))
    found = desk.application("shop")
    assert (found["metadata"]["annotations"][CLAIM], found["status"]["operationState"]["phase"]) == (claim, "Running")

    desk.services.applications.update(application, {"metadata": {"annotations": {CLAIM: None}}})
    desk.do(refreshing.run, refresh("shop"))
    assert desk.application("shop")["status"]["operationState"]["message"] == "terminated by a person"
