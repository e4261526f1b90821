"""Who approves of a merge request, and who is asked to."""

from __future__ import annotations

from bot.forges.gitlab.client import GitLab
from bot.model.changes import Repository
from bot.sandbox.gitlab.people import HostedProject
from bot.sandbox.gitlab.server import GitLabStandIn


def approvals(forge: GitLab, repository: Repository, shop: HostedProject, number: int) -> tuple[str, ...]:
    return forge.approvals(repository, number, shop.pull(number).head_sha)


def test_an_approval_counts_for_the_head_of_its_time_and_no_program_has_one(
    gitlab: GitLabStandIn, forge: GitLab, repository: Repository, shop: HostedProject, number: int
) -> None:
    assert approvals(forge, repository, shop, number) == ()
    for name in ("ben", "project_12_bot_ab12", "cara"):
        gitlab.clock.advance(2)
        shop.approve(number, user=name)
    assert approvals(forge, repository, shop, number) == ("cara", "ben")
    shop.take_back_approval(number, user="cara")
    assert approvals(forge, repository, shop, number) == ("ben",)
    gitlab.clock.advance(2)
    shop.push("feature", {"app.yaml": "replicas: 3\n"})
    assert approvals(forge, repository, shop, number) == ()


def test_who_can_be_asked_is_added_to_who_is_there(
    gitlab: GitLabStandIn, forge: GitLab, repository: Repository, shop: HostedProject, number: int
) -> None:
    for name in ("ben", "cara"):
        shop.grant(name, "write")
    people = ["alice", "nobody-of-that-name", "acme/platform", "ben", "cara"]
    assert forge.ask_for_reviews(repository, number, people) == ("nobody-of-that-name", "cara")
    assert shop.asked_to_review(number) == {"ben"}
    sent = len(gitlab.requests)
    assert forge.ask_for_reviews(repository, number, ["ben"]) == ()
    assert [one.method for one in gitlab.requests[sent:]] == ["GET"]
