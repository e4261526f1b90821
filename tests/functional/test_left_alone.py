"""An Application that asks to be left alone (argo-cd docs/user-guide/skip_reconcile.md)."""

from __future__ import annotations

from tests.functional.conftest import Opener, config_map

_ANNOTATION = "argocd.argoproj.io/skip-reconcile"


def test_a_merge_waits_while_its_application_is_left_alone_and_is_synced_when_it_no_longer_is(
    open_shop: Opener,
) -> None:
    shop = open_shop({"deploy/settings.yaml": config_map(COLOUR="blue")})
    annotate = ("annotate", "application", shop.name, "-n", shop.stage.control_namespace)
    shop.stage.plane.kubectl(*annotate, f"{_ANNOTATION}=true")

    number = shop.propose({"deploy/settings.yaml": config_map(COLOUR="red")})
    assert shop.await_preview(number) == "success"
    assert f"while its annotation `{_ANNOTATION}` is there, nothing of this is synced" in shop.body(number)

    sha = shop.repository.merge(number)
    shop.stage.until(lambda: "is left alone" in str(shop.status(sha, f"sync/{shop.name}")), what="why it waits")
    shop.await_sync(sha, "pending")
    assert shop.data("settings") == {"COLOUR": "blue"}

    shop.stage.plane.kubectl(*annotate, f"{_ANNOTATION}-")
    shop.await_sync(sha)
    assert shop.data("settings") == {"COLOUR": "red"}
