"""What has come of an Application's objects, and what lies beside them, is shown as it is."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass

import pytest

from bot.model.resources import JsonObject
from tests.integration.cli.app.conftest import Desk


@dataclass
class Place:
    """A namespace that somebody fills."""

    desk: Desk
    name: str

    def make(self, name: str, of: str = "", app: str = "") -> None:
        """Make a ConfigMap, below another one or tracked by an application."""
        metadata: JsonObject = {"name": name, "namespace": self.name}
        if of:
            owner = json.loads(self.desk.plane.kubectl("get", "configmap", of, "-n", self.name, "-o", "json"))
            reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": of, "uid": owner["metadata"]["uid"]}
            metadata["ownerReferences"] = [reference]
        if app:
            tracked = f"{app}:/ConfigMap:{self.name}/{name}"
            metadata["annotations"] = {"argocd.argoproj.io/tracking-id": tracked}
        manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}
        self.desk.plane.kubectl("create", "-f", "-", stdin=json.dumps(manifest))


@pytest.fixture
def place(desk: Desk) -> Place:
    """Return a namespace in which an Application has an object, another one is missing, and there is more."""
    made = Place(desk, f"place-{uuid.uuid4().hex[:8]}")
    desk.plane.kubectl("create", "namespace", made.name)
    made.make("settings", app="shop")
    made.make("derived", of="settings")
    made.make("more", of="derived")
    made.make("by-hand")
    made.make("by-hand-too", of="by-hand")
    made.make("left", app="gone")
    made.make("foreign", app="bank")
    named = {"version": "v1", "kind": "ConfigMap", "namespace": made.name, "status": "Synced"}
    status = {"resources": [{**named, "name": "settings"}, {**named, "name": "missing", "status": "OutOfSync"}]}
    spec = {
        "project": "default",
        "source": {"repoURL": "https://git.example.com/shop/config.git", "path": "apps/shop"},
        "destination": {"server": "https://kubernetes.default.svc", "namespace": made.name},
    }
    desk.has("shop", spec=spec, status=status)
    desk.has("bank")
    return made


def test_a_tree_has_all_that_has_come_of_its_objects(desk: Desk, place: Place) -> None:
    done = desk.app("resources", "shop", "--tree")
    assert (done.code, done.err) == (0, "")
    assert _cells(done.out, place) == [
        ["KIND/NAME", "NAMESPACE", "STATUS", "HEALTH"],
        ["ConfigMap/settings", "place", "Synced"],
        ["└─ConfigMap/derived", "place"],
        ["└───ConfigMap/more", "place"],
        ["ConfigMap/missing", "place", "OutOfSync", "Missing"],
    ]
    nodes = desk.app("resources", "shop", "--tree", "-o", "json").report["nodes"]
    assert [(one["kind"], one["name"], one["version"]) for one in nodes] == [
        ("ConfigMap", name, "v1") for name in ("settings", "derived", "more")
    ]
    above = {key: nodes[0][key] for key in ("kind", "namespace", "name", "uid")}
    assert [one.get("parentRefs") for one in nodes[:2]] == [None, [above]]


def _cells(out: str, place: Place) -> list[list[str]]:
    return [line.replace(place.name, "place").split() for line in out.splitlines()]


def test_beside_it_is_what_nobody_declares(desk: Desk, place: Place) -> None:
    assert _cells(desk.app("resources", "shop", "--orphaned").out, place)[1:] == [
        ["ConfigMap/by-hand", "place"],
        ["└─ConfigMap/by-hand-too", "place"],
        ["ConfigMap/left", "place"],
    ]
    named = desk.app("resources", "shop", "--orphaned", "-o", "name").out
    assert named == "configmap/by-hand\nconfigmap/by-hand-too\nconfigmap/left\n"
