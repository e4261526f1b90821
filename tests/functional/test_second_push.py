"""A change is previewed a second time: what was told before is told again, unless something about it has moved."""

from __future__ import annotations

from bot.sandbox.forge.faults import Fault
from tests.functional.conftest import ON_BOTH_FORGES, Opener, Shop, application, config_map

pytestmark = ON_BOTH_FORGES

CHANGE = {"deploy/settings.yaml": config_map(COLOUR="green"), "other/other.yaml": config_map("other", SIZE="big")}
PUSH = {"deploy/settings.yaml": config_map(COLOUR="red")}


def opened(open_shop: Opener) -> tuple[Shop, int]:
    """Return a shop with two applications, and a change to both that has been previewed."""
    shop = open_shop({"deploy/settings.yaml": config_map(COLOUR="blue")})
    second = application(shop, path="other").replace(f"name: {shop.name}", f"name: {shop.name}-other")
    files = {".foresail/other.yaml": second, "other/other.yaml": config_map("other", SIZE="small")}
    shop.await_sync(shop.repository.push("main", files))
    number = shop.propose({**CHANGE})
    assert shop.await_preview(number) == "success"
    return shop, number


def test_the_other_application_is_told_again(open_shop: Opener) -> None:
    shop, number = opened(open_shop)

    shop.repository.push("feature", {**PUSH})
    shop.await_preview(number)

    body = shop.body(number)
    assert "+  COLOUR: red" in body
    assert "+  SIZE: big" in body
    assert "1 application as predicted at " in body
    shop.merge(number)


def test_what_somebody_changed_between_two_pushes_is_shown(open_shop: Opener) -> None:
    shop, number = opened(open_shop)

    patch = '{"data": {"SIZE": "odd"}}'
    shop.stage.plane.kubectl("patch", "configmap", "other", "-n", shop.namespace, "--type=merge", "--patch", patch)
    shop.repository.push("feature", {**PUSH})
    shop.await_preview(number)

    effect, _, drift = shop.body(number).partition("Drift that was there before (1)")
    assert "-  SIZE: small\n+  SIZE: big" in effect
    assert "-  SIZE: odd\n+  SIZE: small" in drift
    assert "as predicted at" not in shop.body(number)


def test_a_preview_that_a_merge_overtakes_leaves_what_was_predicted(open_shop: Opener) -> None:
    shop = open_shop({"deploy/settings.yaml": config_map(COLOUR="blue")})
    number = shop.propose({"deploy/settings.yaml": config_map(COLOUR="green")})
    shop.await_preview(number)
    head = shop.repository.pull(number).head_sha

    def begun() -> int:
        return [one.state for one in shop.repository.status_history(head)].count("pending")

    before = begun()
    fetched = f"GET */{shop.repository.full_name}.git/*"
    shop.stage.forge.faults.add(fetched, kind=Fault.DELAY, times=1, seconds=1.5)
    shop.repository.set_draft(number, draft=True)
    shop.repository.set_draft(number, draft=False)
    shop.stage.until(lambda: begun() > before, what="the second preview")
    shop.merge(number)

    shop.stage.until(lambda: "as predicted" in shop.body(number), what="the epilogue")
