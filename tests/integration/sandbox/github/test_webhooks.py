"""Webhooks: signed, once, in order, and again when asked."""

from __future__ import annotations

import hashlib
import hmac
import json

import pytest
from github import Auth, GithubIntegration

from bot.sandbox.github.people import HostedRepository
from bot.sandbox.github.server import GitHubStandIn
from bot.sandbox.github.state import App, Installation
from tests.integration.sandbox.github.conftest import Inbox


@pytest.fixture
def installed(github: GitHubStandIn, installation: Installation, inbox: Inbox) -> Installation:
    github.wait_for_deliveries()
    inbox.received.clear()
    return installation


def test_an_app_hears_of_its_webhook_and_its_installation(
    github: GitHubStandIn, installation: Installation, inbox: Inbox
) -> None:
    github.wait_for_deliveries()
    assert inbox.events() == ["ping", "installation"]
    assert json.loads(inbox.received[1].body)["installation"]["id"] == installation.id


@pytest.mark.usefixtures("installed")
def test_a_delivery_is_signed_with_the_apps_secret(
    github: GitHubStandIn, app: App, shop: HostedRepository, inbox: Inbox
) -> None:
    shop.push("main", {"app.yaml": "replicas: 2\n"})
    github.wait_for_deliveries()
    one = inbox.received[0]
    digest = hmac.new(app.webhook_secret.encode(), one.body, hashlib.sha256).hexdigest()
    assert one.headers["x-hub-signature-256"] == f"sha256={digest}"
    assert one.headers["user-agent"].startswith("GitHub-Hookshot/")
    assert one.headers["x-github-hook-installation-target-id"] == str(app.id)


@pytest.mark.usefixtures("installed")
def test_a_push_to_a_head_is_told_as_push_and_synchronize(
    github: GitHubStandIn, shop: HostedRepository, inbox: Inbox
) -> None:
    before = shop.push("feature", {"app.yaml": "replicas: 2\n"})
    shop.open_pull_request("feature")
    after = shop.push("feature", {"app.yaml": None, "new.yaml": "a: 1\n"})
    github.wait_for_deliveries()
    assert inbox.events() == ["push", "pull_request", "push", "pull_request"]
    push, synchronize = (json.loads(one.body) for one in inbox.received[2:])
    assert (push["before"], push["after"], push["forced"]) == (before, after, False)
    assert (push["commits"][0]["added"], push["commits"][0]["removed"]) == (["new.yaml"], ["app.yaml"])
    assert (synchronize["action"], synchronize["before"], synchronize["after"]) == ("synchronize", before, after)


@pytest.mark.usefixtures("installed")
def test_branches_that_appear_go_or_are_forced_say_so(
    github: GitHubStandIn, shop: HostedRepository, inbox: Inbox
) -> None:
    shop.push("feature", {"app.yaml": "replicas: 2\n"})
    shop.push("feature", {"app.yaml": "replicas: 3\n"}, onto="main")
    shop.delete_branch("feature")
    github.wait_for_deliveries()
    told = [json.loads(one.body) for one in inbox.received]
    assert [(one["created"], one["forced"], one["deleted"]) for one in told] == [
        (True, False, False),
        (False, True, False),
        (False, False, True),
    ]
    assert [len(one["commits"]) for one in told] == [1, 1, 0]


@pytest.mark.usefixtures("installed")
def test_a_merge_is_told_as_closed_and_push(github: GitHubStandIn, shop: HostedRepository, inbox: Inbox) -> None:
    shop.push("feature", {"app.yaml": "replicas: 2\n"})
    shop.open_pull_request("feature")
    sha = shop.merge(1, method="squash", user="alice")
    github.wait_for_deliveries()
    closed, push = (json.loads(one.body) for one in inbox.received[2:])
    assert (closed["action"], closed["pull_request"]["merged"]) == ("closed", True)
    assert closed["pull_request"]["merge_commit_sha"] == push["after"] == sha
    assert closed["sender"]["login"] == "alice"


@pytest.mark.usefixtures("installed")
def test_a_failed_delivery_is_not_sent_again_by_itself_but_on_request(
    github: GitHubStandIn, app: App, shop: HostedRepository, inbox: Inbox
) -> None:
    inbox.answer = 500
    shop.push("main", {"app.yaml": "replicas: 2\n"})
    github.wait_for_deliveries()
    inbox.answer = 202
    integration = GithubIntegration(auth=Auth.AppAuth(app.id, app.private_key_pem), base_url=github.url)
    _headers, log = integration.requester.requestJsonAndCheck("GET", "/app/hook/deliveries")
    assert (log[0]["status_code"], log[0]["event"], len(inbox.received)) == (500, "push", 1)
    integration.requester.requestJsonAndCheck("POST", f"/app/hook/deliveries/{log[0]['id']}/attempts")
    github.wait_for_deliveries()
    first, second = inbox.received
    assert first.headers["x-github-delivery"] == second.headers["x-github-delivery"]
    assert first.body == second.body


@pytest.mark.usefixtures("installed")
def test_a_dropped_webhook_never_arrives(github: GitHubStandIn, shop: HostedRepository, inbox: Inbox) -> None:
    github.webhooks.drop(event="push")
    shop.push("feature", {"app.yaml": "replicas: 2\n"})
    shop.open_pull_request("feature")
    github.wait_for_deliveries()
    assert inbox.events() == ["pull_request"]
    assert [one.response.code for one in github.webhooks.deliveries() if one.response][:2] == [202, 0]


@pytest.mark.usefixtures("installed")
def test_a_silent_commit_is_told_to_nobody(github: GitHubStandIn, shop: HostedRepository, inbox: Inbox) -> None:
    shop.push("feature", {"app.yaml": "replicas: 2\n"})
    pull = shop.open_pull_request("feature")
    sha = shop.commit("feature", {"app.yaml": "replicas: 3\n"})
    github.wait_for_deliveries()
    assert (pull.head_sha, len(inbox.received)) == (sha, 2)


@pytest.mark.usefixtures("installed")
def test_events_without_a_subscription_stay_at_home(
    github: GitHubStandIn, shop: HostedRepository, inbox: Inbox
) -> None:
    other = github.create_app("Other", permissions={}, events=["issue_comment"])
    github.install(other, owner="acme", repositories=["acme/shop"], webhook_url=inbox.url)
    github.wait_for_deliveries()
    inbox.received.clear()
    shop.push("main", {"app.yaml": "replicas: 2\n"})
    github.wait_for_deliveries()
    targets = [one.headers["x-github-hook-installation-target-id"] for one in inbox.received]
    assert str(other.id) not in targets


@pytest.mark.usefixtures("installed")
def test_the_merge_queue_asks_for_checks_and_lands_the_group(
    github: GitHubStandIn, shop: HostedRepository, inbox: Inbox
) -> None:
    shop.push("feature", {"app.yaml": "replicas: 2\n"})
    shop.open_pull_request("feature")
    entry = shop.enqueue(1)
    shop.leave_queue(1, merged=True)
    github.wait_for_deliveries()
    groups = [json.loads(one.body) for one in inbox.received if one.headers["x-github-event"] == "merge_group"]
    assert [one["action"] for one in groups] == ["checks_requested", "destroyed"]
    assert groups[0]["merge_group"]["head_sha"] == entry.head_sha == shop.head()
    assert shop.pull(1).merged_at is not None
