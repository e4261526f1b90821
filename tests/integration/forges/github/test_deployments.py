"""Deployments on GitHub: made once, found again, and told by their statuses."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.errors import Temporary
from bot.forges.github.client import GitHub
from bot.model.changes import Repository
from bot.model.deployments import Deployed, Deployment, DeploymentState
from bot.sandbox.forge.faults import Fault
from bot.sandbox.github.people import HostedRepository
from bot.sandbox.github.server import GitHubStandIn
from bot.sandbox.github.state import App

WEB = Deployment("web", DeploymentState.IN_PROGRESS, "syncs " * 40, "https://web.test", "https://log.test")
OURS = "foresail"


def known(forge: GitHub, repository: Repository, sha: str, *, instance: str = OURS) -> dict[str, Deployed] | None:
    return forge.deployments(repository, sha, ["web", "api"], instance=instance)


def test_a_deployment_is_made_once_and_found_again(
    shop: HostedRepository, repository: Repository, forge: GitHub
) -> None:
    sha = shop.head()
    made = forge.deploy(repository, sha, WEB, None, instance=OURS)
    assert known(forge, repository, sha) == {"web": made}
    assert known(forge, repository, sha, instance="other") == {}
    done = forge.deploy(repository, sha, replace(WEB, state=DeploymentState.SUCCESS), made, instance=OURS)
    assert known(forge, repository, sha) == {"web": done}
    (one,) = shop.deployments()
    assert [step.fields["state"] for step in one.statuses] == ["in_progress", "success"]
    assert one.fields["payload"] == {"foresail": OURS, "application": "web"}
    assert (one.sha, one.statuses[0].fields["environment_url"]) == (sha, "https://web.test")


@pytest.mark.parametrize("state", DeploymentState)
def test_every_state_is_read_as_it_was_told(
    shop: HostedRepository, repository: Repository, forge: GitHub, state: DeploymentState
) -> None:
    told = forge.deploy(repository, shop.head(), replace(WEB, state=state), None, instance=OURS)
    assert known(forge, repository, shop.head()) == {"web": told}


@pytest.mark.parametrize("at", ["deployments", "deployments/*/statuses"])
def test_nothing_is_made_twice_when_an_answer_is_lost(
    github: GitHubStandIn, shop: HostedRepository, repository: Repository, forge: GitHub, at: str
) -> None:
    github.faults.add(f"POST */{at}", kind=Fault.LOSE_ANSWER)
    with pytest.raises(Temporary):
        forge.deploy(repository, shop.head(), WEB, None, instance=OURS)
    found = known(forge, repository, shop.head()) or {}
    forge.deploy(repository, shop.head(), WEB, found.get("web"), instance=OURS)
    assert len(shop.deployments()) == 1
    assert shop.deployments()[0].statuses[-1].fields["state"] == "in_progress"


def test_a_success_takes_the_place_of_the_one_before(
    shop: HostedRepository, repository: Repository, forge: GitHub
) -> None:
    good = replace(WEB, state=DeploymentState.SUCCESS)
    shas = [shop.push("main", {"app.yaml": f"replicas: {number}\n"}) for number in range(2)]
    for sha in shas:
        forge.deploy(repository, sha, good, None, instance=OURS)
    states = [(known(forge, repository, sha) or {})["web"].state for sha in shas]
    assert states == [DeploymentState.INACTIVE, DeploymentState.SUCCESS]


def test_an_app_without_the_permission_is_told_of_none(
    app: App, shop: HostedRepository, repository: Repository, forge: GitHub
) -> None:
    del app.permissions["deployments"]
    assert known(forge, repository, shop.head()) is None
