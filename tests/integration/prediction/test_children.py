"""Applications that applications declare: whose they are, and what becomes of those that leave Git."""

from __future__ import annotations

import pytest
import yaml

from bot.model.applications import Application
from bot.model.resources import JsonObject
from bot.prediction.selection import Selection
from tests.integration.prediction.test_applicationsets import CONFIG, URL, WEB, Desk, desk, sides

__all__ = ["desk"]
ROOT = {"root/c.yaml": CONFIG, "apps/db/c.yaml": CONFIG}
RECORD = {"resources": [{"version": "v1", "kind": "ConfigMap", "name": "theirs", "namespace": "b"}]}


def child(desk: Desk, *, name: str = "db", owner: str = "") -> JsonObject:
    """Return an Application, as the application `owner` has applied it."""
    tracked = f"{owner}:argoproj.io/Application:{desk.namespace}/{name}"
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {
            "name": name,
            "namespace": desk.namespace,
            "annotations": {"argocd.argoproj.io/tracking-id": tracked} if owner else {},
        },
        "spec": {
            "project": "default",
            "source": {"repoURL": URL, "path": "apps/db"},
            "destination": {"name": "in-cluster", "namespace": desk.namespace},
        },
        "status": RECORD,
    }


def declared(desk: Desk, live: JsonObject) -> Selection:
    """Select for a change that adds the child, which the cluster has already."""
    manifest = {key: value for key, value in child(desk).items() if key != "status"}
    head = {**ROOT, "root/db.yaml": yaml.safe_dump(manifest)}
    return desk.select(ROOT, head, desk.known(), db=Application.parse(live))


def test_somebody_elses_application_is_not_followed(desk: Desk) -> None:
    found = declared(desk, child(desk, owner="theirs"))
    assert sides(found) == {"root": (True, True)}
    assert found.notes == ("Application db is declared by theirs already, and not followed",)


@pytest.mark.parametrize("owner", ["", "root"])
def test_what_is_nobodys_or_ones_own_is_followed_with_what_it_has_recorded(desk: Desk, owner: str) -> None:
    found = declared(desk, child(desk, owner=owner))
    assert sides(found) == {"root": (True, True), "db": (False, True)}
    assert found.candidates[1].either.status == RECORD


def test_an_applicationset_does_not_take_over_what_an_application_declares(desk: Desk) -> None:
    theirs = Application.parse(child(desk, owner="theirs"))
    found = desk.select(WEB, {**WEB, "apps/db/c.yaml": CONFIG}, desk.known(desk.manifest()), db=theirs)
    assert sides(found) == {}
    assert "Application db is declared by theirs already, and not followed" in found.notes
