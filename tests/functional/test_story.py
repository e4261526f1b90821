"""The main path: a change gets a comment, is merged, and its commit turns green when the cluster is healthy."""

from __future__ import annotations

from tests.functional.conftest import ON_BOTH_FORGES, Opener, config_map, deployment

pytestmark = ON_BOTH_FORGES

FILES = {"deploy/web.yaml": deployment(), "deploy/settings.yaml": config_map(COLOUR="blue")}


def test_a_change_is_told_what_merging_changes(open_shop: Opener) -> None:
    shop = open_shop(FILES)
    number = shop.propose({"deploy/web.yaml": deployment(replicas=3)})
    assert shop.await_preview(number) == "success"
    body = shop.body(number)
    assert "### Merging changes 1 resource in 1 application" in body
    assert "-  replicas: 2\n+  replicas: 3" in body
    assert f"~ Deployment {shop.namespace}/web" in body
    assert "drift" not in body.partition("<details")[2]


def test_a_merge_brings_the_cluster_there_and_the_commit_turns_green(open_shop: Opener) -> None:
    shop = open_shop(FILES)
    number = shop.propose({"deploy/web.yaml": deployment(replicas=3), "deploy/settings.yaml": None})
    shop.await_preview(number)
    sha = shop.merge(number)
    live = shop.live("deployment", "web")
    assert live is not None
    assert live["spec"]["replicas"] == 3
    assert live["status"]["readyReplicas"] == 3
    assert shop.live("configmap", "settings") is None
    shop.stage.until(lambda: "healthy in" in shop.body(number), what="the epilogue")
    assert "as predicted" in shop.body(number)
    states = [one.state for one in shop.repository.status_history(sha) if one.context == "foresail/sync"]
    assert states[-1] == "success"
    assert "success" not in states[:-1]
