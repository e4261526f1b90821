"""Deployments on GitLab: found again by environment and commit, moved on one way only."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.errors import Temporary
from bot.forges.gitlab.client import GitLab
from bot.forges.gitlab.errors import Forbidden
from bot.model.changes import Repository
from bot.model.deployments import Deployed, Deployment, DeploymentState
from bot.sandbox.forge.faults import Fault
from bot.sandbox.gitlab.people import HostedProject
from bot.sandbox.gitlab.server import GitLabStandIn
from bot.sandbox.gitlab.state import OWNER

WEB = Deployment("web", DeploymentState.IN_PROGRESS, "syncs", "https://web.test")
OURS = "foresail"


def known(forge: GitLab, repository: Repository, sha: str) -> dict[str, Deployed]:
    return forge.deployments(repository, sha, ["web"], instance=OURS) or {}


def told(shop: HostedProject) -> list[list[str]]:
    return [one.said for one in shop.state.deployments.values()]


def test_a_deployment_is_moved_on_and_one_that_has_ended_is_followed_by_another(
    shop: HostedProject, repository: Repository, forge: GitLab
) -> None:
    sha, states = shop.head(), ("IN_PROGRESS", "QUEUED", "FAILURE", "IN_PROGRESS", "SUCCESS", "INACTIVE")
    for state in states:
        wanted = replace(WEB, state=DeploymentState[state])
        forge.deploy(repository, sha, wanted, known(forge, repository, sha).get("web"), instance=OURS)
    assert told(shop) == [["running", "failed"], ["running", "success"]]
    assert shop.state.environments["web"].external_url == "https://web.test"


def test_another_commit_and_somebody_elses_deployment_are_others(
    shop: HostedProject, repository: Repository, forge: GitLab
) -> None:
    sha = shop.head()
    made = forge.deploy(repository, sha, WEB, None, instance=OURS)
    assert known(forge, repository, sha) == {"web": made}
    assert known(forge, repository, "1" * 40) == {}
    shop.state.deployments[made.id].user.id += 1_000_000
    assert list(known(forge, repository, sha)) in ([], ["web"])


@pytest.mark.parametrize("fault", [Fault.ERROR, Fault.LOSE_ANSWER])
def test_nothing_is_made_twice_when_an_answer_is_lost(
    gitlab: GitLabStandIn, shop: HostedProject, repository: Repository, forge: GitLab, fault: Fault
) -> None:
    sha = shop.head()
    for method, state in (("POST", DeploymentState.IN_PROGRESS), ("PUT", DeploymentState.SUCCESS)):
        wanted = replace(WEB, state=state, url="")
        gitlab.faults.add(f"{method} */deployments*", kind=fault)
        with pytest.raises(Temporary):
            forge.deploy(repository, sha, wanted, known(forge, repository, sha).get("web"), instance=OURS)
        forge.deploy(repository, sha, wanted, known(forge, repository, sha).get("web"), instance=OURS)
    assert told(shop) == [["running", "success"]]


def test_a_protected_environment_is_refused_in_words(
    shop: HostedProject, repository: Repository, forge: GitLab
) -> None:
    forge.deploy(repository, shop.head(), WEB, None, instance=OURS)
    shop.state.environments["web"].level = OWNER
    with pytest.raises(Forbidden, match="GitLab does not allow POST"):
        forge.deploy(repository, shop.head(), WEB, None, instance=OURS)
