"""Merge requests of our own: opened once, closed, and merged only as they were looked at."""

from __future__ import annotations

import pytest

from bot.errors import Rejected, Temporary
from bot.forges.gitlab.client import GitLab
from bot.forges.port import Opening, Proposals
from bot.model.changes import ChangeState, Repository
from bot.sandbox.forge.repositories import ZERO
from bot.sandbox.gitlab.people import HostedProject

BRANCH = "foresail/updates/shop-1/2"
OPENING = Opening(BRANCH, "main", "Update web", "| web |")


@pytest.fixture
def head(shop: HostedProject) -> str:
    return shop.push(BRANCH, {"app.yaml": "replicas: 2\n"})


def test_a_change_is_opened_once_however_many_ask(forge: GitLab, repository: Repository, head: str) -> None:
    proposals: Proposals = forge.proposals
    first, second = (proposals.open(repository, OPENING) for _ in range(2))
    assert (first.number, first.head_sha, first.state) == (second.number, head, ChangeState.OPEN)
    assert [one.number for one in proposals.of_branch(repository, BRANCH)] == [second.number]
    assert proposals.of_branch(repository, "main") == ()


def test_what_cannot_be_opened_is_refused(forge: GitLab, repository: Repository) -> None:
    with pytest.raises((Rejected, Temporary)):
        forge.proposals.open(repository, OPENING)


def test_a_closed_change_is_found_though_its_branch_is_gone(
    shop: HostedProject, forge: GitLab, repository: Repository, head: str
) -> None:
    number = forge.proposals.open(repository, OPENING).number
    assert forge.change(repository, number).head_sha == head
    forge.proposals.close(repository, number)
    forge.proposals.close(repository, number)
    shop.point(BRANCH, ZERO)
    assert [one.state for one in forge.proposals.of_branch(repository, BRANCH)] == [ChangeState.CLOSED]


def test_only_the_head_that_was_looked_at_is_merged(forge: GitLab, repository: Repository, head: str) -> None:
    number = forge.proposals.open(repository, OPENING).number
    assert forge.proposals.merge(repository, number, "1" * 40) == "its head has moved"
    assert forge.proposals.merge(repository, number, head) == ""
    assert forge.change(repository, number).state is ChangeState.MERGED


def test_a_draft_is_not_merged(shop: HostedProject, forge: GitLab, repository: Repository, head: str) -> None:
    number = forge.proposals.open(repository, OPENING).number
    shop.set_draft(number, draft=True)
    assert forge.proposals.merge(repository, number, head) == "GitLab says that it is draft_status"
