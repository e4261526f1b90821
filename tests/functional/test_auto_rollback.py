"""A revision that turns out badly is taken back by itself, where that is asked for, and the change is told."""

from __future__ import annotations

import json

import pytest

from bot.engine.sync.rollback import AUTO_ROLLBACK
from bot.model.holds import HELD
from tests.functional.conftest import Opener, Shop, config_map
from tests.functional.test_commands import ask
from tests.functional.test_health import RULE
from tests.functional.test_holds import annotate, record, status


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return where an `argocd-cm` with a health rule is mounted."""
    folder = tmp_path_factory.mktemp("argocd-cm")
    (folder / "resource.customizations.health.ConfigMap").write_text(RULE, encoding="utf-8")
    return {"FORESAIL_ARGOCD_CM": str(folder)}


def afloat(open_shop: Opener) -> Shop:
    shop = open_shop({"deploy/settings.yaml": config_map(state="afloat", COLOUR="blue")})
    annotate(shop, json.dumps({AUTO_ROLLBACK: "10m"}))
    return shop


def test_a_merge_that_fails_goes_back_and_is_held_there(open_shop: Opener) -> None:
    shop = afloat(open_shop)
    number = shop.propose({"deploy/settings.yaml": config_map(state="sunk", COLOUR="red")})
    shop.await_preview(number)
    sha = shop.repository.merge(number)
    # what it brought is there for some hundredths of a second, which nobody need see
    shop.stage.until(lambda: "held by Foresail" in status(shop, sha), what="what the commit is told")
    assert "failed: ConfigMap" in status(shop, sha)
    assert status(shop, sha).startswith("failure: ")
    shop.stage.until(lambda: shop.data("settings")["COLOUR"] == "blue", what="what was there before")
    shop.stage.until(lambda: "goes back to" in shop.body(number), what="what the change is told")
    assert json.loads(record(shop)["metadata"]["annotations"][HELD])["back_from"] == sha

    # what comes later waits, and goes on once somebody says so
    mended = shop.repository.push("main", {"deploy/settings.yaml": config_map(state="afloat", COLOUR="green")})
    shop.stage.until(lambda: status(shop, mended).startswith("pending: held by Foresail"), what="that it waits")
    ask(shop, number, f"/foresail release {shop.name}")
    shop.await_sync(mended)
    assert shop.data("settings")["COLOUR"] == "green"


def test_what_degrades_after_its_sync_goes_back_as_well(open_shop: Opener) -> None:
    shop = afloat(open_shop)
    number = shop.propose({"deploy/settings.yaml": config_map(state="afloat", COLOUR="red")})
    shop.await_preview(number)
    sha = shop.merge(number)
    where = ("-n", shop.namespace, "--type=merge", "-p", json.dumps({"data": {"state": "sunk"}}))
    shop.stage.plane.kubectl("patch", "configmap", "settings", *where)
    shop.stage.until(
        lambda: shop.data("settings") == {"COLOUR": "blue", "state": "afloat"}, what="what was there before"
    )
    shop.stage.until(lambda: status(shop, sha).startswith("failure: held by Foresail"), what="what the commit is told")
    assert "degraded" in status(shop, sha)


def test_it_goes_back_here_too_where_nothing_may_be_written_to_git_and_says_why(open_shop: Opener) -> None:
    shop = open_shop({"deploy/settings.yaml": config_map(state="afloat", COLOUR="blue")})
    annotate(shop, json.dumps({AUTO_ROLLBACK: "10m revert"}))
    number = shop.propose({"deploy/settings.yaml": config_map(state="sunk", COLOUR="red")})
    shop.await_preview(number)
    shop.repository.merge(number)
    shop.stage.until(lambda: HELD in record(shop)["metadata"]["annotations"], what="the hold")
    why = json.loads(record(shop)["metadata"]["annotations"][HELD])["why"]
    assert f"(no change reverts it: the GitHub App may not write to {shop.repository.full_name})" in why
    shop.stage.until(lambda: "no change reverts it" in shop.body(number), what="what the change is told")
    shop.stage.until(lambda: shop.data("settings")["COLOUR"] == "blue", what="what was there before")
