"""A merge queue is answered about its speculative commits, and only about those that it still wants."""

from __future__ import annotations

import pytest

from bot.sandbox.forge.webhooks import Event
from bot.sandbox.gitlab.people import HostedProject
from tests.functional.conftest import ON_BOTH_FORGES, Opener, Shop, config_map, deployment

pytestmark = ON_BOTH_FORGES

FILES = {"deploy/web.yaml": deployment(), "deploy/settings.yaml": config_map(COLOUR="blue")}


def is_formation(event: Event) -> bool:
    """Whether a webhook tells that a speculative commit was made, in GitHub's words or in GitLab's."""
    begun: object = event.payload.get("object_attributes", {}).get("status")
    return event.action == "checks_requested" or (event.name == "Pipeline Hook" and begun == "pending")


def enqueued(shop: Shop) -> tuple[int, str]:
    """Put a change into the queue; return its number and the speculative commit."""
    number = shop.propose({"deploy/web.yaml": deployment(replicas=3)})
    shop.await_preview(number)
    return number, shop.repository.enqueue(number).head_sha


def states(shop: Shop, sha: str) -> list[str]:
    return [one.state for one in shop.repository.status_history(sha) if one.context == "foresail/preview"]


def await_end(shop: Shop, sha: str) -> str:
    """Wait for the last word about a commit; return its state."""
    shop.stage.until(lambda: (states(shop, sha) or ["pending"])[-1] != "pending", what="the queue's answer")
    return states(shop, sha)[-1]


def test_a_speculative_commit_is_pending_until_it_is_predicted(open_shop: Opener) -> None:
    shop = open_shop(FILES)
    _, sha = enqueued(shop)
    assert await_end(shop, sha) == "success"
    assert states(shop, sha) == ["pending", "success"]
    status = shop.status(sha, "preview")
    assert status is not None
    assert str(status.description).startswith("Merging changes 1 resource in 1 application · plan ")


def test_what_would_fail_does_not_land(open_shop: Opener) -> None:
    shop = open_shop(FILES)
    number = shop.propose({"deploy/web.yaml": deployment().replace("replicas: 2", "replicas: -1")})
    shop.await_preview(number)
    assert await_end(shop, shop.repository.enqueue(number).head_sha) == "failure"


def test_an_application_that_is_not_previewed_is_not_in_the_queue_either(open_shop: Opener) -> None:
    shop = open_shop({**FILES, ".foresail/config.yaml": "applications: {ignore: ['shop-*']}\n"})
    number = shop.propose({"deploy/web.yaml": deployment().replace("replicas: 2", "replicas: -1")})
    assert shop.await_preview(number) == "success"
    sha = shop.repository.enqueue(number).head_sha
    assert await_end(shop, sha) == "success"
    status = shop.status(sha, "preview")
    assert status is not None
    assert str(status.description).startswith("Nothing predicted, 1 touched application not previewed")


def test_what_merging_would_come_to_is_no_merge_train_though_its_pipeline_is_called_alike(open_shop: Opener) -> None:
    shop = open_shop(FILES)
    if not isinstance(shop.repository, HostedProject):
        pytest.skip("GitHub tells of merge queues by an event of their own")
    number = shop.propose({"deploy/web.yaml": deployment(replicas=3)})
    shop.await_preview(number)
    tried = shop.repository.try_merged(number)
    train = shop.repository.enqueue(number)
    assert await_end(shop, train.head_sha) == "success"
    shop.stage.until(shop.stage.is_idle, what="the end of all jobs")
    assert states(shop, tried.head_sha) == []


def test_the_commit_that_lands_is_delivered(open_shop: Opener) -> None:
    shop = open_shop(FILES)
    number, sha = enqueued(shop)
    await_end(shop, sha)
    shop.repository.leave_queue(number, merged=True)
    shop.await_sync(sha)
    assert shop.replicas("web") == 3
    assert shop.repository.head("main") == sha
    assert await_end(shop, sha) == "success"


def test_a_commit_that_was_thrown_away_is_not_predicted_any_more(open_shop: Opener) -> None:
    shop = open_shop(FILES)
    hooks = shop.stage.forge.webhooks
    number = shop.propose({"deploy/web.yaml": deployment(replicas=3)})
    shop.await_preview(number)
    hooks.drop(event="merge_group")
    hooks.drop(event="Pipeline Hook")
    sha = shop.repository.enqueue(number).head_sha
    shop.repository.leave_queue(number, merged=False)
    shop.stage.forge.wait_for_deliveries()
    shop.stage.until(shop.stage.is_idle, what="the end of all jobs")

    late = next(one for one in hooks.deliveries() if is_formation(one.event))
    hooks.redeliver(late.id)

    assert await_end(shop, sha) == "error"
    assert states(shop, sha) == ["error"]
