"""Pull requests of our own: opened once, closed, and merged only as they were looked at."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from bot.errors import Rejected
from bot.forges.github import EVENTS, PERMISSIONS
from bot.forges.github.client import GitHub
from bot.forges.github.errors import Forbidden, Invalid
from bot.forges.port import Opening, Proposals
from bot.model.changes import ChangeState, CommitStatus, Repository, StatusState
from bot.sandbox.github.people import HostedRepository
from bot.sandbox.github.server import GitHubStandIn
from bot.sandbox.github.state import App, Installation
from bot.settings import Settings

BRANCH = "foresail/updates/shop-1/2"
OPENING = Opening(BRANCH, "main", "Update web", "| web |")
GREEN = CommitStatus("foresail/preview", StatusState.SUCCESS, "nothing changes")


@pytest.fixture
def app(github: GitHubStandIn) -> App:
    return github.create_app("Foresail", permissions={**PERMISSIONS, "contents": "write"}, events=EVENTS)


@pytest.fixture
def head(shop: HostedRepository) -> str:
    return shop.push(BRANCH, {"app.yaml": "replicas: 2\n"})


def ready(forge: GitHub, repository: Repository, head: str) -> None:
    """Have GitHub know that it can be merged, and the status be there."""
    forge.set_statuses(repository, head, [GREEN])
    for _ in range(3):
        forge.change(repository, 1)


def test_a_change_is_opened_once_however_many_ask(forge: GitHub, repository: Repository, head: str) -> None:
    proposals: Proposals = forge.proposals
    first, second = (proposals.open(repository, OPENING) for _ in range(2))
    assert (first.number, first.head_sha, first.state) == (second.number, head, ChangeState.OPEN)
    assert proposals.of_branch(repository, BRANCH) == (second,)
    assert proposals.of_branch(repository, "main") == ()


def test_what_cannot_be_opened_is_refused(forge: GitHub, repository: Repository) -> None:
    with pytest.raises(Invalid):
        forge.proposals.open(repository, OPENING)
    with pytest.raises(Rejected, match="not a branch"):
        forge.proposals.of_branch(repository, "a b")


def test_a_closed_change_is_found_though_its_branch_is_gone(
    shop: HostedRepository, forge: GitHub, repository: Repository, head: str
) -> None:
    number = forge.proposals.open(repository, OPENING).number
    assert forge.change(repository, number).head_sha == head
    forge.proposals.close(repository, number)
    forge.proposals.close(repository, number)
    shop.delete_branch(BRANCH)
    assert [one.state for one in forge.proposals.of_branch(repository, BRANCH)] == [ChangeState.CLOSED]


def test_it_is_merged_in_the_way_that_the_repository_allows(
    shop: HostedRepository, forge: GitHub, repository: Repository, head: str
) -> None:
    number = forge.proposals.open(repository, OPENING).number
    shop.state.merge_methods = ("squash",)
    shop.state.required = (GREEN.context,)  # a check run, which the App may write
    ready(forge, repository, head)
    assert forge.proposals.merge(repository, number, "1" * 40) == "its head has moved"
    assert forge.proposals.merge(repository, number, head) == ""
    assert forge.change(repository, number).state is ChangeState.MERGED


def test_what_is_not_green_is_not_merged(
    shop: HostedRepository, forge: GitHub, repository: Repository, head: str
) -> None:
    number = forge.proposals.open(repository, OPENING).number
    ready(forge, repository, head)
    shop.state.required = ("tests",)
    assert forge.proposals.merge(repository, number, head) == "GitHub says that it is blocked"
    shop.state.required = ()
    forge.set_statuses(repository, head, [CommitStatus("tests", StatusState.PENDING, "")])
    assert forge.proposals.merge(repository, number, head) == "GitHub says that it is unstable"


def test_without_the_permission_the_refusal_says_where_to_read_on(github: GitHubStandIn) -> None:
    other = github.create_repository("zoo/zebra")
    app = github.create_app("Plain", permissions=PERMISSIONS, events=())
    installation: Installation = github.install(app, owner="zoo", repositories=[other.full_name])
    plain = Repository(other.full_name, other.clone_url, installation.id)
    settings = Settings(
        github_url=github.url, github_app_id=app.id, github_app_private_key=SecretStr(app.private_key_pem)
    )
    with pytest.raises(Forbidden, match="may not write to zoo/zebra") as caught:
        GitHub.from_settings(settings, clock=github.clock.now).proposals.push_credentials(plain)
    assert "docs/updates.md" in caught.value.remedy


def test_a_token_to_push_with_is_for_one_repository(forge: GitHub, repository: Repository) -> None:
    credentials = forge.proposals.push_credentials(repository)
    assert credentials.username == "x-access-token"
    assert credentials.password != forge.git_credentials(repository).password
