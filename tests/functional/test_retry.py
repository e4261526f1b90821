"""A sync that failed is tried again where its Application asks for it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.functional.conftest import Opener, Shop, application, config_map

APART = True
FILES = {"deploy/settings.yaml": config_map(COLOUR="blue")}


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {"FORESAIL_CLAIM_SECONDS": "2"}


def retrying(shop: Shop, limit: int, *, duration: str = "1s") -> dict[str, str]:
    retry = f"retry: {{limit: {limit}, backoff: {{duration: {duration}, factor: 1}}}}"
    declared = application(shop).replace("automated: {prune: true}", f"automated: {{prune: true}}\n    {retry}")
    return {f".foresail/{shop.name}.yaml": declared}


def state(shop: Shop) -> dict[str, Any]:
    found = shop.stage.get("application", shop.name, namespace=shop.stage.control_namespace) or {}
    return dict(found.get("status", {}).get("operationState", {}))


def failing(shop: Shop) -> dict[str, str]:
    """Return an object whose namespace does not exist yet."""
    away = config_map("away", A="1").replace("name: away", f"name: away\n  namespace: {shop.namespace}-away")
    return {"deploy/away.yaml": away}


def retrying_shop(open_shop: Opener, limit: int, *, duration: str = "1s") -> Shop:
    shop = open_shop(FILES)
    shop.repository.push("main", retrying(shop, limit, duration=duration))

    def is_known() -> bool:
        found = shop.stage.get("application", shop.name, namespace=shop.stage.control_namespace) or {}
        return "retry" in found["spec"]["syncPolicy"]

    shop.stage.until(is_known, what="the new definition")
    return shop


def test_a_failure_is_final_once_it_was_tried_as_often_as_asked_for(open_shop: Opener) -> None:
    shop = retrying_shop(open_shop, 2)
    sha = shop.repository.push("main", failing(shop))
    shop.await_sync(sha, "failure")
    told = [one for one in shop.repository.status_history(sha) if one.context == f"foresail/sync/{shop.name}"]
    assert [one.state for one in told].index("failure") == len(told) - 1
    assert state(shop)["message"].endswith("(retried 2 times).")
    assert state(shop)["retryCount"] == 2


@pytest.mark.parametrize("killed", [(), ("sync", "controller")], ids=["alive", "killed"])
def test_what_has_mended_itself_is_synced_by_the_next_attempt(open_shop: Opener, killed: tuple[str, ...]) -> None:
    shop = retrying_shop(open_shop, -1)
    assert shop.stage.foresail is not None
    sha = shop.repository.push("main", failing(shop))
    shop.stage.until(lambda: state(shop).get("retryCount", 0) >= 2, what="two attempts")
    for victim in killed:
        shop.stage.foresail.kill(victim)
    if killed:
        shop.stage.redis.kill()
    shop.stage.plane.kubectl("create", "namespace", f"{shop.namespace}-away")
    shop.await_sync(sha)
    assert state(shop)["phase"] == "Succeeded"
    shop.stage.plane.kubectl("delete", "namespace", f"{shop.namespace}-away", "--wait=false")


def test_what_rests_gives_way_to_the_next_commit(open_shop: Opener) -> None:
    shop = retrying_shop(open_shop, 1, duration="1h")
    bad = shop.repository.push("main", failing(shop))
    shop.stage.until(lambda: "Retrying attempt #1" in str(shop.status(bad, "sync")), what="the wait")
    assert (status := shop.status(bad, "sync")) is not None
    assert status.state == "pending"
    good = shop.repository.push("main", {"deploy/away.yaml": None, "deploy/settings.yaml": config_map(COLOUR="red")})
    shop.await_sync(good)
    shop.await_sync(bad)
    assert shop.data("settings") == {"COLOUR": "red"}
    assert "retryCount" not in state(shop)
