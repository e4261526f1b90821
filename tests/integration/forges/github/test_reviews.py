"""Who approves of a pull request, and who is asked to."""

from __future__ import annotations

import pytest

from bot.errors import Rejected
from bot.forges.github.client import GitHub
from bot.model.changes import Repository
from bot.sandbox.forge.accounts import Account
from bot.sandbox.github.people import HostedRepository
from bot.sandbox.github.server import GitHubStandIn
from bot.sandbox.github.state import Review


def approvals(forge: GitHub, repository: Repository, shop: HostedRepository, number: int) -> tuple[str, ...]:
    return forge.approvals(repository, number, shop.pull(number).head_sha)


def test_only_a_last_opinion_about_this_very_head_counts(
    forge: GitHub, repository: Repository, shop: HostedRepository, number: int
) -> None:
    shop.approve(number, user="ben")
    shop.approve(number, user="cara")
    assert approvals(forge, repository, shop, number) == ("cara", "ben")
    shop.take_back_approval(number, user="ben")
    assert approvals(forge, repository, shop, number) == ("cara",)
    shop.dismiss(number, user="cara")
    assert approvals(forge, repository, shop, number) == ()
    shop.approve(number, user="ben")
    shop.remark(number, user="ben")
    assert approvals(forge, repository, shop, number) == ("ben",)
    shop.push("feature", {"app.yaml": "replicas: 3\n"})
    assert approvals(forge, repository, shop, number) == ()


def test_a_programs_approval_is_nobodys(
    forge: GitHub, repository: Repository, shop: HostedRepository, number: int
) -> None:
    pull = shop.pull(number)
    pull.reviews.append(Review(1, Account(1, "helper[bot]", "Bot", 0.0), "APPROVED", pull.head_sha, 0.0))
    assert approvals(forge, repository, shop, number) == ()


def test_of_more_than_a_thousand_reviews_nobody_knows(
    forge: GitHub, repository: Repository, shop: HostedRepository, number: int
) -> None:
    pull, mallory = shop.pull(number), Account(1, "mallory", "User", 0.0)
    pull.reviews += [Review(one, mallory, "COMMENTED", pull.head_sha, 0.0) for one in range(1, 1002)]
    with pytest.raises(Rejected, match="more than 1000 reviews"):
        approvals(forge, repository, shop, number)


def test_who_can_be_asked_is_asked_and_the_others_are_named(
    github: GitHubStandIn, forge: GitHub, repository: Repository, shop: HostedRepository, number: int
) -> None:
    for name in ("ben", "cara"):
        shop.grant(name, "write")
    github.create_team("acme/platform", ["dave"])
    shop.approve(number, user="cara")
    people = ["alice", "ben", "cara", "stranger", "acme/platform", "other/platform", "a//b"]
    assert forge.ask_for_reviews(repository, number, people) == ("stranger",)
    assert shop.asked_to_review(number) == {"ben", "acme/platform"}
    sent = len(github.requests)
    assert forge.ask_for_reviews(repository, number, ["ben", "acme/platform"]) == ()
    assert [one.method for one in github.requests[sent:]] == ["GET", "GET"]
