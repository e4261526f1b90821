"""Somebody asks for a look at an Application by Argo CD's annotation, and waits until it is gone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.functional.conftest import Opener, Shop, config_map

REFRESH = "argocd.argoproj.io/refresh"


def record(shop: Shop) -> dict[str, Any]:
    return shop.stage.get("application", shop.name, namespace=shop.stage.control_namespace) or {}


def ask(shop: Shop, how: str, **more: Any) -> None:
    """Ask for a look, and wait for its end; change more of the Application in the same write."""
    patch = json.dumps({"metadata": {"annotations": {REFRESH: how}}, **more})
    where = ("-n", shop.stage.control_namespace, "--type=merge", "-p", patch)
    shop.stage.plane.kubectl("patch", "application", shop.name, *where)
    shop.stage.until(lambda: REFRESH not in record(shop)["metadata"].get("annotations", {}), what="the look")


@pytest.fixture
def shop(open_shop: Opener) -> Shop:
    """Return a shop at rest."""
    shop = open_shop({"deploy/settings.yaml": config_map(COLOUR="blue")})
    shop.stage.until(shop.stage.is_idle, what="an end of all work")
    return shop


@pytest.mark.parametrize("how", ["normal", "hard"])
def test_whoever_asks_finds_what_is_so_once_the_annotation_is_gone(shop: Shop, how: str) -> None:
    wrong = {**record(shop)["status"]["health"], "message": "made up"}
    ask(shop, how, status={"health": wrong})
    assert "message" not in record(shop)["status"]["health"]
    assert record(shop)["status"]["sync"]["status"] == "Synced"


def test_a_look_that_finds_nothing_new_ends_too(shop: Shop) -> None:
    before = record(shop)["status"]
    ask(shop, "normal")
    assert record(shop)["status"] == before


def test_an_application_that_cannot_be_compared_does_not_keep_anybody_waiting(shop: Shop) -> None:
    ask(shop, "normal", spec={"destination": {"name": "gone"}})


def test_nobody_waits_for_an_operation_that_runs(shop: Shop) -> None:
    ask(shop, "normal", operation={"sync": {"revision": ""}})
    shop.stage.until(lambda: "operation" not in record(shop), what="the end of the operation")
    assert record(shop)["status"]["operationState"]["phase"] == "Succeeded"
