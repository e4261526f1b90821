"""Everything the GitHub stand-in delivers in its story, as Foresail reads it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.forges.github import EVENTS, PERMISSIONS
from bot.forges.github.events import delivery_id, parse_delivery
from bot.model.changes import Repository
from bot.model.events import (
    BranchPushed,
    ChangeClosed,
    ChangeMarked,
    ChangeReviewed,
    ChangeUpdated,
    CheckPressed,
    CommentWritten,
    Event,
    Ignored,
    InstallationChanged,
    MergeGroupFormed,
    MergeGroupGone,
    Ping,
)
from bot.sandbox.forge.webhooks import Delivery
from bot.sandbox.github.server import GitHubStandIn
from tests.contract.story import tell

MEANING: dict[tuple[str, str | None], type[Event]] = {
    ("ping", None): Ping,
    ("installation", "created"): InstallationChanged,
    ("installation", "deleted"): InstallationChanged,
    ("installation_repositories", "added"): InstallationChanged,
    ("installation_repositories", "removed"): InstallationChanged,
    ("pull_request", "opened"): ChangeUpdated,
    ("pull_request", "reopened"): ChangeUpdated,
    ("pull_request", "synchronize"): ChangeUpdated,
    ("pull_request", "ready_for_review"): ChangeUpdated,
    ("pull_request", "closed"): ChangeClosed,
    ("pull_request", "labeled"): ChangeMarked,
    ("pull_request", "unlabeled"): ChangeMarked,
    ("pull_request", "converted_to_draft"): ChangeMarked,
    ("pull_request_review", "submitted"): ChangeReviewed,
    ("pull_request_review", "dismissed"): ChangeReviewed,
    ("push", None): BranchPushed,
    ("check_run", "rerequested"): CheckPressed,
    ("check_run", "requested_action"): CheckPressed,
    ("check_suite", "rerequested"): CheckPressed,
    ("merge_group", "checks_requested"): MergeGroupFormed,
}
"""Deliveries that always mean the same; the others depend on what is in them."""


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitHubStandIn]:
    with GitHubStandIn.start(tmp_path_factory.mktemp("github")) as github:
        tell(github)
        github.wait_for_deliveries()
        yield github


@pytest.fixture(scope="module")
def deliveries(story: GitHubStandIn) -> list[Delivery]:
    """Return every delivery, oldest first."""
    return story.webhooks.deliveries()[::-1]


def read(delivery: Delivery) -> Event:
    return parse_delivery(delivery.headers, delivery.body, secrets=[delivery.recipient.secret])


def test_every_delivery_is_understood_or_ignored(deliveries: list[Delivery]) -> None:
    for delivery in deliveries:
        kind = MEANING.get((delivery.event.name, delivery.event.action))
        assert kind is None or isinstance(read(delivery), kind), delivery.event
        assert delivery_id(delivery.headers) == delivery.guid


def test_every_kind_of_event_comes_of_some_delivery(deliveries: list[Delivery]) -> None:
    kinds = {type(read(delivery)) for delivery in deliveries}
    assert kinds == {*MEANING.values(), CommentWritten, MergeGroupGone, Ignored}


def test_a_persons_comment_counts_and_the_bots_does_not(deliveries: list[Delivery]) -> None:
    written = [one for one in map(read, deliveries) if isinstance(one, CommentWritten)]
    assert [(one.author, one.body) for one in written] == [("alice", "/foresail help")]


def test_the_repository_is_complete(story: GitHubStandIn, deliveries: list[Delivery]) -> None:
    opened = next(one for one in map(read, deliveries) if isinstance(one, ChangeUpdated))
    installation = next(one for one in map(read, deliveries) if isinstance(one, InstallationChanged)).installation
    assert opened.repository == Repository("acme/shop", f"{story.site}/acme/shop.git", installation, "main")


def test_only_a_merged_change_names_a_merge_commit(deliveries: list[Delivery]) -> None:
    closed = [one for one in map(read, deliveries) if isinstance(one, ChangeClosed)]
    assert {bool(one.merge_sha) for one in closed} == {True, False}


def test_what_the_app_subscribes_to_it_may_read() -> None:
    needs = {
        "pull_request": "pull_requests",
        "pull_request_review": "pull_requests",
        "push": "contents",
        "issue_comment": "issues",
        "merge_group": "merge_queues",
    }
    assert set(needs) == set(EVENTS)
    assert set(needs.values()) <= set(PERMISSIONS)
