"""`FORESAIL_MODE=preview`: previews next to something else that does the syncing; the cluster is only read."""

from __future__ import annotations

import pytest

from tests.functional.conftest import Opener, application, config_map

FILES = {"deploy/settings.yaml": config_map(COLOUR="blue")}


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {"FORESAIL_MODE": "preview"}


def test_a_change_is_previewed_and_a_merge_is_left_to_others(open_shop: Opener) -> None:
    shop = open_shop(FILES, synced=False)
    shop.stage.plane.kubectl("apply", "-f", "-", stdin=application(shop))
    number = shop.propose({"deploy/settings.yaml": config_map(COLOUR="green")})
    assert shop.await_preview(number) == "success"
    assert "Drift that was there before (1)" in shop.body(number)
    sha = shop.repository.merge(number)
    shop.stage.github.wait_for_deliveries()
    operation = '{"operation": {"sync": {"revision": "HEAD"}}}'
    name, control = shop.name, shop.stage.control_namespace
    shop.stage.plane.kubectl("patch", "application", name, "-n", control, "--type=merge", "-p", operation)
    other = shop.propose({"deploy/more.yaml": config_map("more", A="b")}, branch="other")
    assert shop.await_preview(other) == "success"
    shop.stage.until(shop.stage.is_idle, what="the end of all jobs")
    assert shop.repository.statuses(sha) == {}
    assert shop.live("configmap", "settings") is None
    assert "status" not in (shop.stage.get("application", name, namespace=control) or {})
