"""Deployments on either forge: of what a sync brings, once each, whatever Redis forgets."""

from __future__ import annotations

import pytest

from bot.sandbox.github.people import HostedRepository
from tests.functional.conftest import ON_BOTH_FORGES, Opener, Shop, config_map
from tests.functional.test_commands import ask, empty_redis

pytestmark = ON_BOTH_FORGES

SAYS = {"running": "in_progress", "failed": "failure", "canceled": "inactive"}


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {"FORESAIL_DEPLOYMENTS": "2"}


def deployed(shop: Shop) -> list[tuple[str, str, list[str]]]:
    """Return environment, commit and states of the deployments of a shop's application, in GitHub's words."""
    if isinstance(shop.repository, HostedRepository):
        found = [
            (str(one.fields["environment"]), one.sha, [str(step.fields["state"]) for step in one.statuses])
            for one in shop.repository.deployments()
        ]
    else:
        found = [
            (one.environment.name, one.sha, [SAYS.get(word, word) for word in one.said])
            for one in shop.repository.state.deployments.values()
        ]
    return [one for one in found if one[0] == shop.name]


def state(shop: Shop, sha: str) -> str:
    """Return how the one deployment of a commit stands; empty while there is none."""
    states = [one[2] for one in deployed(shop) if one[1] == sha]
    return states[-1][-1] if states else ""


def looks(shop: Shop) -> int:
    """Return how often the forge was asked which deployments there are."""
    return sum(one.method == "GET" and one.path.endswith("/deployments") for one in shop.stage.forge.requests)


def test_each_sync_has_one_deployment_whatever_fails_and_is_forgotten(open_shop: Opener) -> None:
    shop = open_shop({"deploy/fixed.yaml": config_map("fixed", A="b") + "immutable: true\n"})
    number = shop.propose({"deploy/fixed.yaml": config_map("fixed", A="c") + "immutable: true\n"})
    shop.await_preview(number)
    assert {sha for _, sha, _ in deployed(shop)} <= {shop.repository.head()}, "a preview deploys nothing"
    sha = shop.repository.merge(number)
    shop.stage.until(lambda: state(shop, sha) == "failure", what="the failure")

    shop.stage.plane.kubectl("delete", "configmap", "fixed", "-n", shop.namespace)
    ask(shop, number, "/foresail retry")
    shop.await_sync(sha)
    shop.stage.until(lambda: state(shop, sha) == "success", what="the success")

    shop.stage.until(shop.stage.is_idle, what="the end of all jobs")
    before, looked = deployed(shop), looks(shop)
    empty_redis(shop)
    assert shop.stage.foresail is not None
    shop.stage.foresail.restart("web")  # who starts it has looked for what was missed
    shop.stage.until(lambda: looks(shop) > looked, what="a look at what there is")
    shop.stage.until(shop.stage.is_idle, what="the end of all jobs")
    assert deployed(shop) == before
