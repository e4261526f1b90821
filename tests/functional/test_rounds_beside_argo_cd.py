"""`FORESAIL_MODE=preview`: while something else does the syncing, open changes are looked at again all the same."""

from __future__ import annotations

import pytest

from tests.functional.conftest import Opener, Shop, application, config_map

BEFORE = {"deploy/settings.yaml": config_map(COLOUR="blue"), "deploy/other.yaml": config_map("other", SIZE="small")}


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {"FORESAIL_MODE": "preview", "FORESAIL_PREVIEW_REFRESH": "1"}


@pytest.fixture
def opened(open_shop: Opener) -> tuple[Shop, int]:
    """Return a shop that somebody else syncs, with a change that has been previewed."""
    shop = open_shop(BEFORE, synced=False)
    shop.stage.plane.kubectl("apply", "-f", "-", stdin=application(shop))
    shop.stage.plane.kubectl("apply", "-n", shop.namespace, "-f", "-", stdin="---\n".join(BEFORE.values()))
    number = shop.propose({"deploy/settings.yaml": config_map(COLOUR="green")})
    assert shop.await_preview(number) == "success"
    shop.stage.until(lambda: "+  COLOUR: green" in shop.body(number), what="the preview")
    return shop, number


def pushed(shop: Shop, path: str, text: str) -> tuple[str, str]:
    """Push a file to the target branch; return the commits before and after."""
    earlier = shop.repository.head("main")
    return earlier[:7], shop.repository.push("main", {path: text})[:7]


def test_what_somebody_does_to_an_object_is_told(opened: tuple[Shop, int]) -> None:
    shop, number = opened
    patch = '{"data": {"COLOUR": "odd"}}'
    shop.stage.plane.kubectl("patch", "configmap", "settings", "-n", shop.namespace, "--type=merge", "--patch", patch)

    shop.stage.until(lambda: "live state of 1 object moved" in shop.body(number), what="what has moved")

    assert "-  COLOUR: odd" in shop.body(number)


def test_a_push_to_the_target_branch_is_told_as_drift(opened: tuple[Shop, int]) -> None:
    shop, number = opened
    earlier, later = pushed(shop, "deploy/other.yaml", config_map("other", SIZE="big"))

    words = f"`main` moved from `{earlier}` to `{later}`"
    shop.stage.until(lambda: words in shop.body(number), what="the new base")

    assert f"into `main@{later}`" in shop.body(number)
    assert "+  SIZE: big" in shop.body(number)
    assert shop.data("other") == {"SIZE": "small"}


def test_a_base_that_reads_otherwise_and_means_the_same_is_named(opened: tuple[Shop, int]) -> None:
    shop, number = opened
    earlier, later = pushed(shop, "deploy/other.yaml", "# the same\n" + config_map("other", SIZE="small"))

    shop.stage.until(lambda: f"into `main@{later}`" in shop.body(number), what="the new base")

    assert f"the plan is still `{plan(shop, number)}`; `main` moved from `{earlier}` to `{later}`" in shop.body(number)
    shop.await_rounds(2)
    before = shop.written(number)
    shop.await_rounds(2)
    assert shop.written(number) == before


def plan(shop: Shop, number: int) -> str:
    """Return the plan that a comment's last line names."""
    return shop.body(number).rpartition("plan `")[2].partition("`")[0]


def test_a_base_that_moved_where_nobody_reads_is_no_reason_to_write(opened: tuple[Shop, int]) -> None:
    shop, number = opened
    shop.await_rounds(2)
    before = shop.written(number)

    pushed(shop, "README.md", "the shop\n")
    shop.stage.github.wait_for_deliveries()
    shop.await_rounds(3)

    assert shop.written(number) == before


def test_nothing_is_synced_and_nothing_is_written_into_an_application(opened: tuple[Shop, int]) -> None:
    shop, number = opened
    sha = shop.repository.merge(number)
    other = shop.propose({"deploy/more.yaml": config_map("more", A="b")}, branch="other")
    assert shop.await_preview(other) == "success"

    shop.await_rounds(2)

    assert shop.data("settings") == {"COLOUR": "blue"}
    assert shop.repository.statuses(sha) == {}
    found = shop.stage.get("application", shop.name, namespace=shop.stage.control_namespace) or {}
    assert "status" not in found
    assert "operation" not in found
