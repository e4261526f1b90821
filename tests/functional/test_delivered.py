"""What a forge tells of merges and pushes, or forgets to tell, comes to the cluster and back to the commit."""

from __future__ import annotations

import pytest

from tests.functional.conftest import ON_BOTH_FORGES, Opener, config_map, deployment
from tests.functional.test_commands import ask
from tests.functional.test_holds import proposed, status, stuck

pytestmark = ON_BOTH_FORGES
APART = True

FILES = {"deploy/web.yaml": deployment(), "deploy/settings.yaml": config_map(COLOUR="blue")}


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_every_way_to_merge_is_delivered(open_shop: Opener, method: str) -> None:
    shop = open_shop(FILES)
    number = shop.propose({"deploy/settings.yaml": config_map(COLOUR="green")})
    shop.repository.push("feature", {"deploy/web.yaml": deployment(replicas=1)})
    shop.await_preview(number)
    shop.merge(number, method=method)
    shop.stage.until(lambda: "as predicted" in shop.body(number), what="the epilogue")
    assert shop.data("settings") == {"COLOUR": "green"}


def test_a_refused_object_fails_the_commit_with_the_servers_words(open_shop: Opener) -> None:
    shop = open_shop(FILES)
    number = shop.propose({"deploy/web.yaml": deployment().replace("replicas: 2", "replicas: -1")})
    shop.await_preview(number)
    sha = shop.repository.merge(number)
    shop.await_sync(sha, "failure")
    shop.stage.until(
        lambda: "greater than or equal to 0" in shop.body(number).partition("<!-- /epilogue")[0], what="why"
    )


def test_commits_in_quick_succession_end_at_the_newest_and_all_turn_green(open_shop: Opener) -> None:
    shop = open_shop({"deploy/web.yaml": deployment(pods="slow")})
    commits = [
        shop.repository.push("main", {"deploy/web.yaml": deployment(pods="slow", replicas=count)})
        for count in (1, 3, 4)
    ]
    for sha in commits:
        shop.await_sync(sha)
    assert shop.replicas("web") == 4


def test_the_second_says_behind_whom_it_waits(open_shop: Opener) -> None:
    shop = open_shop(FILES)
    first, _ = stuck(shop)
    second = proposed(shop, "red", branch="second")
    sha = shop.repository.merge(second)
    shop.stage.until(
        lambda: f"2nd, behind {shop.stage.seat.mark}{first}: waits for the operation" in status(shop, sha),
        what="the position",
    )
    shop.stage.until(
        lambda: f"2nd, behind {shop.stage.seat.mark}{first}" in shop.body(second).replace("`", ""), what="the comment"
    )
    ask(shop, first, "/foresail cancel")
    shop.stage.until(lambda: "2nd" not in status(shop, sha), what="its turn")


def test_a_push_that_nobody_told_of_is_found(open_shop: Opener) -> None:
    shop = open_shop(FILES)
    sha = shop.repository.commit("main", {"deploy/settings.yaml": config_map(COLOUR="green")})
    assert shop.stage.foresail is not None
    shop.stage.foresail.restart("controller")
    shop.await_sync(sha)
    assert shop.data("settings") == {"COLOUR": "green"}


def test_a_commit_that_affects_nothing_is_green_at_once(open_shop: Opener) -> None:
    shop = open_shop(FILES)
    sha = shop.repository.push("main", {"README.md": "words\n"})
    shop.await_sync(sha)
    assert "No application is affected" in str(shop.status(sha, "sync"))


def test_a_branch_that_is_taken_back_takes_the_cluster_back(open_shop: Opener) -> None:
    shop = open_shop(FILES)
    before = shop.repository.head("main")
    shop.await_sync(shop.repository.push("main", {"deploy/settings.yaml": config_map(COLOUR="green")}))
    shop.repository.point("main", before)
    shop.stage.until(lambda: shop.data("settings") == {"COLOUR": "blue"}, what="the way back")
