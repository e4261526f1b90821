"""Syncs wait for the windows of their project, and start when one opens."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import pytest

from bot.model.applications import Application
from tests.functional.conftest import Opener, Shop, application, config_map

Close: TypeAlias = Callable[..., Shop]

CLOSED = {"kind": "deny", "schedule": "* * * * *", "duration": "1h", "applications": ["*"], "description": "freeze"}
"""It opens every minute and closes after an hour: whatever the clock says, nothing starts."""


def set_windows(shop: Shop, *windows: dict[str, Any]) -> None:
    spec = {"sourceRepos": ["*"], "destinations": [{"name": "*", "namespace": "*"}], "syncWindows": windows}
    metadata = {"name": shop.name, "namespace": shop.stage.control_namespace}
    project = {"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": metadata, "spec": spec}
    shop.stage.plane.kubectl("apply", "-f", "-", stdin=json.dumps(project))


def record(shop: Shop) -> dict[str, Any]:
    return shop.stage.get("application", shop.name, namespace=shop.stage.control_namespace) or {}


@pytest.fixture
def close(open_shop: Opener) -> Iterator[Close]:
    """Return what opens a shop and gives it a project of its own that is closed: no process has read that before."""
    shops = []

    def closed(**more: Any) -> Shop:
        shop = open_shop({"deploy/settings.yaml": config_map(COLOUR="blue")})
        shops.append(shop)
        set_windows(shop, {**CLOSED, **more})
        declared = application(shop).replace("project: default", f"project: {shop.name}")
        declared = declared.replace("{prune: true}", "{prune: true, selfHeal: true}")
        sha = shop.repository.push("main", {f".foresail/{shop.name}.yaml": declared})
        shop.stage.until(lambda: "freeze" in str(shop.status(sha, f"sync/{shop.name}")), what="why it waits")
        return shop

    yield closed
    for shop in shops:
        shop.stage.plane.kubectl("delete", "appproject", shop.name, "-n", shop.stage.control_namespace)


def test_a_merge_waits_for_the_window_and_is_synced_when_it_opens(close: Close) -> None:
    shop = close()
    number = shop.propose({"deploy/settings.yaml": config_map(COLOUR="red")})
    shop.await_preview(number)
    sha = shop.repository.merge(number)

    shop.stage.until(lambda: "freeze" in str(shop.status(sha, f"sync/{shop.name}")), what="why it waits")
    told = shop.status(sha, f"sync/{shop.name}")
    assert told is not None
    assert told.state == "pending"
    assert told.description == "waits for the sync window deny '* * * * *' for 1h (freeze), with no end in sight"
    shop.stage.until(lambda: "waits for the sync window" in shop.body(number), what="the comment")
    assert shop.data("settings") == {"COLOUR": "blue"}
    assert "operation" not in record(shop)

    set_windows(shop)
    shop.await_sync(sha)
    assert shop.data("settings") == {"COLOUR": "red"}


def test_what_somebody_changes_is_put_back_when_the_window_opens(close: Close) -> None:
    shop = close(manualSync=True)
    sha = shop.repository.head("main")
    sync(shop, sha)
    shop.stage.until(lambda: is_at_rest(shop, sha), what="the sync of a person")

    where = ("configmap", "settings", "-n", shop.namespace)
    shop.stage.plane.kubectl("patch", *where, "--type=merge", '--patch={"data": {"COLOUR": "odd"}}')
    shop.stage.until(lambda: record(shop)["status"]["sync"]["status"] == "OutOfSync", what="the difference")
    shop.stage.until(shop.stage.is_idle, what="the end of all jobs")
    assert shop.data("settings") == {"COLOUR": "odd"}

    set_windows(shop)
    shop.stage.until(lambda: shop.data("settings") == {"COLOUR": "blue"}, what="the value")


def sync(shop: Shop, sha: str) -> None:
    """Start a sync as a person does."""
    info = [{"name": "definition", "value": Application.parse(record(shop), home="argocd").spec.definition}]
    operation = {"initiatedBy": {"username": "ann"}, "info": info, "sync": {"revision": sha}}
    where = ("-n", shop.stage.control_namespace, "--type=merge", f"--patch={json.dumps({'operation': operation})}")
    shop.stage.plane.kubectl("patch", "application", shop.name, *where)


def is_at_rest(shop: Shop, sha: str) -> bool:
    found = record(shop)
    done = found["status"]["operationState"]["operation"]["sync"].get("revision") == sha
    return done and "operation" not in found and found["status"]["sync"]["status"] == "Synced"


@pytest.mark.parametrize("allowed", [True, False])
def test_a_person_syncs_where_the_window_lets_persons(close: Close, *, allowed: bool) -> None:
    shop = close(manualSync=allowed)
    sha = shop.repository.push("main", {"deploy/settings.yaml": config_map(COLOUR="red")})
    shop.stage.until(lambda: "freeze" in str(shop.status(sha, f"sync/{shop.name}")), what="why it waits")

    sync(shop, sha)

    if not allowed:
        blocked = "Sync operation blocked by sync window: waits for the sync window deny"
        shop.stage.until(lambda: message(shop).startswith(blocked), what="that it is blocked")
        assert shop.data("settings")["COLOUR"] == "blue"
        set_windows(shop)
    shop.stage.until(lambda: shop.data("settings") == {"COLOUR": "red"}, what="what was asked for")
    shop.await_sync(sha)


def message(shop: Shop) -> str:
    return str(record(shop)["status"]["operationState"]["message"])
