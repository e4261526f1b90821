"""Health rules of the operator's own: they decide when a merge has arrived."""

from __future__ import annotations

import pytest

from tests.functional.conftest import Opener, config_map

RULE = """
if obj.data.state == "sunk" then return {status = "Degraded", message = "it is sunk"} end
return {status = "Healthy"}
"""


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return where an `argocd-cm` is mounted."""
    folder = tmp_path_factory.mktemp("argocd-cm")
    (folder / "resource.customizations.health.ConfigMap").write_text(RULE, encoding="utf-8")
    return {"FORESAIL_ARGOCD_CM": str(folder)}


def test_a_merge_that_a_rule_calls_degraded_fails_with_its_words(open_shop: Opener) -> None:
    shop = open_shop({"deploy/settings.yaml": config_map(state="afloat")})
    number = shop.propose({"deploy/settings.yaml": config_map(state="sunk")})
    assert shop.await_preview(number) == "success"
    shop.await_sync(shop.repository.merge(number), "failure")
    shop.stage.until(lambda: "it is sunk" in shop.body(number), what="the epilogue")
