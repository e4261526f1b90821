"""Two pull requests with the same head: their commit has one status, and it is the worse one's."""

from __future__ import annotations

import pytest

from tests.functional.conftest import Opener, Shop, config_map, deployment

FILES = {"deploy/web.yaml": deployment(), "deploy/settings.yaml": config_map(COLOUR="blue")}
REFUSED = {"deploy/web.yaml": deployment(replicas=-1)}


@pytest.fixture
def shop(open_shop: Opener) -> Shop:
    """Return a shop with a branch that no application follows, where nothing can fail."""
    shop = open_shop(FILES)
    shop.repository.point("archive", shop.repository.head())
    return shop


def told(shop: Shop, sha: str, state: str, words: str) -> None:
    """Wait until the commit's status has come to this."""

    def holds() -> bool:
        status = shop.status(sha, "preview")
        return status is not None and status.state == state and words in str(status.description)

    shop.stage.until(holds, what=f"{state}: {words}")


def idle(shop: Shop) -> None:
    shop.stage.github.wait_for_deliveries()
    shop.stage.until(shop.stage.is_idle, what="nothing more to do")


@pytest.mark.parametrize("fails_first", [True, False])
def test_the_failing_one_stands_whoever_is_told_last(shop: Shop, fails_first: bool) -> None:  # noqa: FBT001 - pytest's
    sha = shop.repository.push("feature", REFUSED)
    numbers = {}
    for base in ("main", "archive") if fails_first else ("archive", "main"):
        numbers[base] = shop.repository.open_pull_request("feature", base).number
        idle(shop)
    told(shop, sha, "failure", f"2 changes have this commit: #{numbers['main']} fails")
    assert "predicted to fail" in shop.body(numbers["main"])


def test_closing_the_failing_one_frees_the_other(shop: Shop) -> None:
    sha = shop.repository.push("feature", REFUSED)
    failing = shop.repository.open_pull_request("feature").number
    shop.repository.open_pull_request("feature", "archive")
    told(shop, sha, "failure", f"2 changes have this commit: #{failing} fails")
    shop.repository.close(failing)
    told(shop, sha, "success", "No application is affected")


def test_a_push_to_the_failing_one_frees_the_other(shop: Shop) -> None:
    sha = shop.repository.push("feature", REFUSED)
    shop.repository.point("twin", sha)
    failing = shop.repository.open_pull_request("feature").number
    shop.repository.open_pull_request("twin", "archive")
    told(shop, sha, "failure", f"2 changes have this commit: #{failing} fails")
    mended = shop.repository.push("feature", {"deploy/web.yaml": deployment(replicas=3)})
    told(shop, mended, "success", "Merging changes 1 resource")
    told(shop, sha, "success", "No application is affected")


def test_a_redis_that_forgets_lets_neither_turn_green_too_early(shop: Shop) -> None:
    sha = shop.repository.push("feature", REFUSED)
    failing = shop.repository.open_pull_request("feature").number
    other = shop.repository.open_pull_request("feature", "archive").number
    told(shop, sha, "failure", f"2 changes have this commit: #{failing} fails")
    idle(shop)
    shop.stage.redis.kill()
    shop.repository.comment(other, "/foresail preview")
    told(shop, sha, "pending", "2 changes have this commit")
    told(shop, sha, "failure", f"2 changes have this commit: #{failing} fails")
    assert "success" not in {one.state for one in shop.repository.status_history(sha)}
    shop.repository.close(failing)
    told(shop, sha, "success", "No application is affected")
