"""A look at many applications: what they have in common is asked for once."""

from __future__ import annotations

import inspect
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import orjson
import pytest

from bot.cluster.applications import APPLICATION
from bot.errors import Temporary
from bot.model.jobs import Task, deliver, refresh
from bot.model.resources import JsonObject
from tests.integration.workers.desk import Desk
from workers import deliver as delivering
from workers import refresh as refreshing
from workers import start as starting
from workers.changes.payloads import refreshes

NAMES = [f"shop-{number}" for number in range(6)]


def test_applications_of_one_repository_share_a_fetch(desk: Desk) -> None:
    for name in NAMES:
        desk.declare(name)
    desk.do(refreshing.run, refresh(*NAMES))
    commit = desk.repository.head()
    assert started(desk) == dict.fromkeys(NAMES, commit)
    assert desk.fetches() == 1
    assert desk.asked(f"/commits/{commit}/pulls") == 1


def test_a_branch_that_is_not_there_costs_the_others_nothing(desk: Desk) -> None:
    desk.declare("astray", revision="gone")
    desk.declare("shop")
    desk.do(refreshing.run, refresh("astray", "shop"))
    assert set(started(desk)) == {"shop"}
    assert desk.fetches() == 1


def test_a_repository_that_cannot_be_fetched_is_tried_once(desk: Desk) -> None:
    for name in NAMES:
        desk.declare(name, source=desk.repository.clone_url.replace("shop", "secret"))
    desk.do(refreshing.run, refresh(*NAMES))
    assert desk.fetches() == 1


def test_a_job_looks_at_the_applications_of_one_repository(desk: Desk) -> None:
    other = desk.repository.clone_url.replace("shop", "other")
    declared = [desk.declare("a"), desk.declare("b", source=other), desk.declare("c")]
    requests = list(refreshes(declared))
    assert [one.payload for one in requests] == [{"applications": ["a", "c"]}, {"applications": ["b"]}]
    assert {one.task for one in requests} == {Task.REFRESH}


@contextmanager
def unwritable(desk: Desk, name: str) -> Iterator[None]:
    """Have every write of one Application fail for a passing reason: a webhook that nobody answers."""
    identity = f"stuck-{uuid.uuid4().hex[:8]}.foresail.example"
    webhook = {
        "name": identity,
        "clientConfig": {"url": "https://127.0.0.1:9/judge"},
        "rules": [
            {
                "apiGroups": [APPLICATION.group],
                "apiVersions": ["*"],
                "operations": ["UPDATE"],
                "resources": [APPLICATION.plural],
            }
        ],
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": desk.stage.control_namespace}},
        "matchConditions": [{"name": "this-one", "expression": f"object.metadata.name == '{name}'"}],
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
    }
    kind = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration"}
    manifest: JsonObject = {**kind, "metadata": {"name": identity}, "webhooks": [webhook]}
    desk.stage.plane.kubectl("apply", "-f", "-", stdin=orjson.dumps(manifest).decode())
    try:
        desk.stage.until(lambda: not can_be_written(desk, name), what="the webhook")
        yield
    finally:
        desk.stage.plane.kubectl("delete", "validatingwebhookconfiguration", identity)


def can_be_written(desk: Desk, name: str) -> bool:
    application = desk.services.applications.get(name)
    assert application is not None
    try:
        desk.services.applications.update(application, {"metadata": {"labels": {"touched": uuid.uuid4().hex}}})
    except Temporary:
        return False
    return True


def test_one_that_cannot_be_written_now_waits_alone(desk: Desk) -> None:
    for name in ("a", "b"):
        desk.declare(name)
    repository = desk.services.forge.repository("acme/shop")
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {a: '2'}\n"
    commit = desk.repository.commit("main", {"deploy/settings.yaml": text})
    desk.do(delivering.run, deliver(repository, branch="main", before="", commit=commit))
    assert started(desk) == dict.fromkeys(("a", "b"), commit)
    with unwritable(desk, "a"):
        for payload in desk.waiting(Task.START):
            with pytest.raises(Temporary) if payload["application"] == "a" else nullcontext():
                inspect.unwrap(starting.run)(desk.services, payload)
    assert [phase(desk, name) for name in ("a", "b")] == ["", "Succeeded"]


def phase(desk: Desk, name: str) -> str:
    """Return how far the last operation has come."""
    return str(desk.application(name).get("status", {}).get("operationState", {}).get("phase", ""))


def started(desk: Desk) -> dict[str, str]:
    """Return which applications are to be started, each with its commit."""
    return {one["application"]: one["info"]["commit"] for one in desk.waiting(Task.START)}
