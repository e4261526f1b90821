"""A revision that turns out badly is taken back in Git, by a change that is opened once; else it is pinned."""

from __future__ import annotations

import json
from functools import partial

import pytest

from bot.engine.sync.reverting import CONDITION
from bot.engine.sync.rollback import AUTO_ROLLBACK
from bot.model.holds import HELD
from bot.sandbox.seats import GitHubSeat, GitLabSeat
from tests.functional.conftest import Opener, Shop, config_map
from tests.functional.test_commands import empty_redis
from tests.functional.test_health import RULE
from tests.functional.test_holds import annotate, record

pytestmark = pytest.mark.parametrize(
    "forge",
    [partial(GitHubSeat, writes=True), partial(GitLabSeat, writes=True)],
    indirect=True,
    scope="module",
    ids=["github", "gitlab"],
)
SETTINGS, OTHER = "deploy/settings.yaml", "deploy/other.yaml"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("argocd-cm")
    (folder / "resource.customizations.health.ConfigMap").write_text(RULE, encoding="utf-8")
    return {"FORESAIL_ARGOCD_CM": str(folder)}


def said(shop: Shop) -> str:
    found = record(shop).get("status", {}).get("conditions", [])
    return next((str(one["message"]) for one in found if one["type"] == CONDITION), "")


def told(shop: Shop, number: int) -> list[str]:
    return [one.body for one in shop.repository.comments(number) if "foresail-reverts" in one.body]


def test_a_revert_is_proposed_once_and_brings_it_back_and_is_not_reverted_itself(open_shop: Opener) -> None:
    files = {SETTINGS: config_map(state="afloat", COLOUR="blue"), OTHER: config_map("other", state="afloat")}
    shop = open_shop(files)
    annotate(shop, json.dumps({AUTO_ROLLBACK: "10m revert"}))
    number = shop.propose({SETTINGS: config_map(state="sunk", COLOUR="red")})
    shop.await_preview(number)
    sha = shop.repository.merge(number)

    shop.stage.until(lambda: "reverts it" in said(shop), what="what the Application says")
    revert = number + 1
    assert said(shop).startswith(f"{sha[:12]} failed: ConfigMap")
    assert said(shop).endswith(f"{shop.repository.full_name}{shop.stage.seat.mark}{revert} reverts it")
    assert shop.repository.pull(revert).title == f"Revert {sha[:7]}: {shop.name} did not get well"
    shop.stage.until(lambda: bool(told(shop, number)), what="the comment on the change that brought it")
    assert f"{shop.stage.seat.mark}{revert} reverts it" in told(shop, number)[0]
    assert HELD not in record(shop)["metadata"].get("annotations", {})

    # Nobody remembers, and it is looked at anew: the forge knows.
    empty_redis(shop)
    where = ("-n", shop.stage.control_namespace, "--type=merge", "-p", '{"status": {"conditions": []}}')
    shop.stage.plane.kubectl("patch", "application", shop.name, *where)
    annotate(shop, json.dumps({"argocd.argoproj.io/refresh": "normal"}))
    shop.stage.until(lambda: "reverts it" in said(shop), what="the same again")
    assert said(shop).endswith(f"{shop.stage.seat.mark}{revert} reverts it")
    assert len(told(shop, number)) == 1

    shop.await_preview(revert)
    mended = shop.repository.merge(revert)
    shop.await_sync(mended)
    assert shop.data("settings") == {"COLOUR": "blue", "state": "afloat"}
    shop.stage.until(lambda: not said(shop), what="that it is over")
