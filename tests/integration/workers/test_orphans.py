"""Applications say how many objects lie beside them that nobody declares, where their project asks for that."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from bot.model.jobs import orphans
from bot.model.resources import JsonObject
from tests.integration.workers.desk import Desk
from workers import orphans as looking

WARN = {"warn": True}


def write(desk: Desk, *objects: JsonObject) -> None:
    desk.stage.plane.kubectl(
        "apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    )


def config(namespace: str, name: str, app: str = "") -> JsonObject:
    tracked = {"argocd.argoproj.io/tracking-id": f"{app}:/ConfigMap:{namespace}/{name}"} if app else {}
    metadata = {"name": name, "namespace": namespace, "annotations": tracked}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}


def demand(desk: Desk, **orphaned: Any) -> None:
    """Write what the project says of orphans, and wait until that is noticed."""
    spec: JsonObject = {"sourceRepos": ["*"], "destinations": [{"server": "*", "namespace": "*"}]}
    spec |= {"orphanedResources": orphaned} if orphaned else {}
    metadata = {"name": "default", "namespace": desk.stage.control_namespace}
    manifest = {"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": metadata, "spec": spec}
    desk.stage.plane.kubectl("replace", "--force", "-f", "-", stdin=json.dumps(manifest))

    def noticed() -> bool:
        project = desk.services.sources.project_of("default")
        found = project.spec.orphaned_resources if project is not None else None
        said = found.model_dump(by_alias=True, exclude_defaults=True, mode="json") if found is not None else {}
        return project is not None and said == orphaned

    desk.stage.until(noticed, what="the project")


def told(desk: Desk) -> list[str]:
    desk.do(looking.run, orphans(["shop", "gone"]))
    conditions = desk.application("shop").get("status", {}).get("conditions", [])
    return [f"{one['type']}: {one['message']}" for one in conditions]


@pytest.fixture
def place(desk: Desk) -> str:
    """Return a namespace with what two applications track, and what nobody does."""
    name = f"place-{uuid.uuid4().hex[:8]}"
    desk.stage.plane.kubectl("create", "namespace", name)
    desk.declare("shop")
    desk.declare("bank")
    destination = {"spec": {"destination": {"name": "in-cluster", "namespace": name}}}
    application = desk.services.applications.get("shop")
    assert application is not None
    other = [{"type": "UnknownHookWarning", "message": "odd"}]
    desk.services.applications.update(application, destination | {"status": {"conditions": other}})
    write(desk, config(name, "a", "shop"), config(name, "b", "bank"), config(name, "c", "gone"), config(name, "d"))
    return name


def test_orphans_are_counted_while_a_project_asks(desk: Desk, place: str) -> None:
    odd = "UnknownHookWarning: odd"
    demand(desk)
    assert told(desk) == [odd]
    demand(desk, **WARN)
    assert told(desk) == [odd, "OrphanedResourceWarning: Application has 2 orphaned resources"]
    version = desk.application("shop")["metadata"]["resourceVersion"]
    told(desk)
    assert desk.application("shop")["metadata"]["resourceVersion"] == version
    demand(desk, **WARN, ignore=[{"kind": "ConfigMap", "name": "d"}])
    assert told(desk) == [odd, "OrphanedResourceWarning: Application has 1 orphaned resources"]
    desk.stage.plane.kubectl("delete", "configmap", "c", "-n", place)
    assert told(desk) == [odd]
