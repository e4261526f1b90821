"""Bad days: faults on order, rate limits, and answers that have not changed."""

from __future__ import annotations

import time

import pytest
import requests
from github import Auth, Github, GithubException, RateLimitExceededException
from github.Repository import Repository

from bot.sandbox.forge.faults import Fault
from bot.sandbox.github.people import HostedRepository
from bot.sandbox.github.server import GitHubStandIn
from tests.integration.sandbox.github.conftest import Client


def test_an_ordered_error_happens_so_many_times(github: GitHubStandIn, remote: Repository) -> None:
    github.faults.add("GET /repos/acme/shop/branches/*", kind=Fault.ERROR, times=2)
    for _ in range(2):
        with pytest.raises(GithubException, match="Server Error"):
            remote.get_branch("main")
    assert remote.get_branch("main").name == "main"


def test_a_secondary_limit_says_when_to_come_back(github: GitHubStandIn, remote: Repository) -> None:
    github.faults.add("GET *", kind=Fault.SECONDARY_LIMIT, seconds=7)
    with pytest.raises(RateLimitExceededException) as refusal:
        remote.get_branch("main")
    assert {name.lower(): value for name, value in (refusal.value.headers or {}).items()}["retry-after"] == "7"


def test_a_dropped_connection_has_no_effect(github: GitHubStandIn, remote: Repository, shop: HostedRepository) -> None:
    github.faults.add("POST */statuses/*", kind=Fault.DROP_CONNECTION)
    with pytest.raises(requests.ConnectionError):
        remote.get_commit(shop.head()).create_status("success")
    assert shop.status_history(shop.head()) == []


def test_a_lost_answer_has_its_effect(github: GitHubStandIn, remote: Repository, shop: HostedRepository) -> None:
    github.faults.add("POST */statuses/*", kind=Fault.LOSE_ANSWER)
    with pytest.raises(requests.ConnectionError):
        remote.get_commit(shop.head()).create_status("success")
    assert [one.state for one in shop.status_history(shop.head())] == ["success"]


def test_a_delay_is_waited_for(github: GitHubStandIn, remote: Repository) -> None:
    github.faults.add("GET *", kind=Fault.DELAY, seconds=0.2)
    started = time.monotonic()
    remote.get_branch("main")
    assert time.monotonic() - started >= 0.2


def test_the_hourly_limit_is_counted_refused_and_refilled(
    github: GitHubStandIn, client: Client, shop: HostedRepository
) -> None:
    github.limits.per_hour = 2
    alice = client(Auth.Token(github.personal_access_token("acme")))
    alice.get_repo("acme/shop")
    alice.get_repo("acme/shop")
    assert (alice.rate_limiting, shop.full_name) == ((0, 2), "acme/shop")
    with pytest.raises(RateLimitExceededException):
        alice.get_repo("acme/shop")
    github.clock.advance(3600)
    assert alice.get_repo("acme/shop").full_name == "acme/shop"


def test_too_much_content_in_a_minute_is_refused(
    github: GitHubStandIn, remote: Repository, shop: HostedRepository
) -> None:
    github.limits.content_per_minute = 1
    shop.push("feature", {"a": "1"})
    number = shop.open_pull_request(head="feature", title="A change").number
    issue = remote.get_issue(number)
    comment = issue.create_comment("one")
    remote.get_commit(shop.head()).create_status("success")
    with pytest.raises(RateLimitExceededException, match="secondary rate limit"):
        comment.edit("two")
    github.clock.advance(61)
    comment.edit("two")


@pytest.mark.parametrize("name", ["content_per_hour", "points_per_minute"])
def test_the_other_secondary_limits_hold_too(
    github: GitHubStandIn, remote: Repository, shop: HostedRepository, name: str
) -> None:
    shop.push("feature", {"a": "1"})
    number = shop.open_pull_request(head="feature", title="A change").number
    issue = remote.get_issue(number)
    setattr(github.limits, name, 6)
    for count in range({"content_per_hour": 6, "points_per_minute": 1}[name]):
        issue.create_comment(f"{count}")
    with pytest.raises(RateLimitExceededException, match="secondary rate limit"):
        issue.create_comment("one too many")


def test_an_answer_that_has_not_changed_costs_nothing(bot: Github, shop: HostedRepository) -> None:
    path = f"/repos/{shop.full_name}"
    first, _ = bot.requester.requestJsonAndCheck("GET", path)
    known = {"If-None-Match": first["etag"]}
    status, second, _ = bot.requester.requestJson("GET", path, headers=known)
    assert (status, second["x-ratelimit-remaining"] <= first["x-ratelimit-remaining"]) == (304, True)
    _, third, _ = bot.requester.requestJson("GET", path, headers=known)
    assert third["x-ratelimit-used"] == second["x-ratelimit-used"]


def test_what_was_asked_is_recorded_without_credentials(github: GitHubStandIn, remote: Repository) -> None:
    github.exchanges.clear()
    remote.get_branch("main")
    (asked,) = github.requests
    assert (asked.method, asked.template) == ("GET", "/repos/{owner}/{repo}/branches/{branch}")
    assert "authorization" not in asked.headers


def test_broken_json_is_a_bad_request(github: GitHubStandIn, bot: Github) -> None:
    token = github.personal_access_token("acme")
    answer = requests.post(
        f"{github.url}/repos/acme/shop/pulls", data=b"{", headers={"Authorization": f"token {token}"}, timeout=10
    )
    assert (answer.status_code, answer.json()["message"]) == (400, "Problems parsing JSON")
    assert bot.get_repo("acme/shop").name == "shop"
