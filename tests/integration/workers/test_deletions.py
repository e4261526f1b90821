"""What goes while an operation runs is looked at when it has ended, whoever saw it go."""

from __future__ import annotations

from typing import Any

import rq
from rq.serializers import JSONSerializer

from bot.cluster.objects import Apply
from bot.model.jobs import Task
from bot.model.resources import JsonObject
from bot.store.connection import connect
from tests.integration.workers.desk import Desk
from tests.integration.workers.test_index import controller

RUNNING = {"phase": "Running", "startedAt": "2026-01-01T00:00:00Z", "operation": {"sync": {"revision": "c" * 40}}}


def queue(desk: Desk) -> rq.Queue:
    return rq.Queue("sync", connection=connect(desk.stage.redis.url), serializer=JSONSerializer)


def is_asked_for(desk: Desk, task: Task) -> bool:
    """Whether a job waits; it waits no longer."""
    found = [job for job in queue(desk).jobs if job.func_name == task]
    for job in found:
        job.delete()
    return bool(found)


def record(desk: Desk, **fields: Any) -> None:
    """Write to the Application, as it is now."""
    application = desk.services.applications.get("shop")
    assert application is not None
    desk.services.applications.update(application, fields)


def begin(desk: Desk, settings: JsonObject) -> None:
    """Have an operation of the Application run, which has applied an object."""
    place = settings["metadata"]["namespace"]
    entry = {"group": "", "version": "v1", "kind": "ConfigMap", "namespace": place, "name": "settings"}
    status = {"resources": [entry], "operationState": RUNNING}
    record(desk, operation=RUNNING["operation"], status=status)


def end(desk: Desk) -> None:
    record(desk, operation=None, status={"operationState": {**RUNNING, "phase": "Succeeded"}})


def test_what_is_deleted_while_an_operation_runs_is_compared_after_it(desk: Desk) -> None:
    desk.declare("shop")
    metadata = {"name": "settings", "namespace": desk.stage.control_namespace}
    settings: JsonObject = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"COLOUR": "blue"}}
    desk.services.control.apply(Apply(settings))
    begin(desk, settings)
    with controller(desk):
        desk.stage.until(lambda: is_asked_for(desk, Task.COMPARE), what="the first list of objects")
        end(desk)
        desk.stage.until(lambda: is_asked_for(desk, Task.COMPARE), what="a comparison for what went unseen")

        begin(desk, settings)
        desk.stage.until(lambda: is_asked_for(desk, Task.ADVANCE), what="the operation")
        desk.stage.plane.kubectl("delete", "configmap", "settings", "-n", metadata["namespace"])
        end(desk)
        desk.stage.until(lambda: is_asked_for(desk, Task.COMPARE), what="a comparison for what was deleted")
