"""One application from several repositories: previewed, synced and told by a change to either of them."""

from __future__ import annotations

from textwrap import dedent

import pytest

from bot.model.operations import OperationState
from tests.functional.conftest import Opener, Shop, config_map

EXTRA = {"deploy/own.yaml": config_map("own", A="1"), "extra/more.yaml": config_map("more", SIZE="small")}


@pytest.fixture
def shops(open_shop: Opener) -> tuple[Shop, Shop]:
    """Return a shop whose application also has a folder of another shop's repository."""
    other = open_shop(EXTRA)
    shop = open_shop({"deploy/settings.yaml": config_map(COLOUR="blue")})
    manifest = dedent(f"""\
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {{name: {shop.name}, namespace: {shop.stage.control_namespace}}}
        spec:
          project: default
          sources:
            - {{repoURL: {shop.repository.clone_url}, path: deploy, targetRevision: main}}
            - {{repoURL: {other.repository.clone_url}, path: extra, targetRevision: main}}
          destination: {{name: in-cluster, namespace: {shop.namespace}}}
          syncPolicy: {{automated: {{prune: true}}}}
        """)
    shop.await_sync(shop.repository.push("main", {f".foresail/{shop.name}.yaml": manifest}))
    shop.stage.until(lambda: shop.live("ConfigMap", "more") is not None, what="the other repository's object")
    return shop, other


def synced_to(shop: Shop) -> tuple[str, ...]:
    """Return the revisions that the shop's application was synced to last."""
    found = shop.stage.get("application", shop.name, namespace=shop.stage.control_namespace) or {}
    state = OperationState.of_status(found["status"])
    return state.operation.revisions if state is not None else ()


def test_a_change_to_the_second_repository_is_previewed_and_synced(shops: tuple[Shop, Shop]) -> None:
    shop, other = shops
    first = synced_to(shop)
    number = other.propose({"extra/more.yaml": config_map("more", SIZE="big")})
    assert other.await_preview(number) == "success"
    assert "+  SIZE: big" in other.body(number)
    assert f"`{shop.name}`" in other.body(number)

    sha = other.merge(number)

    assert other.data("more") == {"SIZE": "big"}
    assert synced_to(shop) == (first[0], sha)
    assert other.status(sha, f"sync/{shop.name}") is not None


def test_a_change_to_the_first_leaves_what_the_second_gives(shops: tuple[Shop, Shop]) -> None:
    shop, other = shops
    second = synced_to(shop)[1]
    number = shop.propose({"deploy/settings.yaml": config_map(COLOUR="green")})
    shop.await_preview(number)
    assert "more" not in shop.body(number)

    sha = shop.merge(number)

    assert (shop.data("settings"), other.data("more")) == ({"COLOUR": "green"}, {"SIZE": "small"})
    assert synced_to(shop) == (sha, second)


def test_what_one_repository_takes_away_is_pruned_and_the_others_stay(shops: tuple[Shop, Shop]) -> None:
    shop, other = shops
    number = other.propose({"extra/more.yaml": None, "extra/README.md": "nothing\n"})
    other.await_preview(number)

    other.merge(number)

    assert other.live("ConfigMap", "more") is None
    assert shop.data("settings") == {"COLOUR": "blue"}
