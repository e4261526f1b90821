"""The stand-in is GitHub as GitHub describes itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.sandbox.github.routes import ROUTES
from bot.sandbox.github.server import GitHubStandIn
from tests.contract.schema import SchemaMismatchError, assert_deliveries_conform, assert_exchanges_conform
from tests.contract.story import BY_PERMISSION, EVENTS


def test_every_answer_is_one_that_github_describes(story: GitHubStandIn) -> None:
    assert_exchanges_conform(story.requests)


def test_every_webhook_is_one_that_github_describes(story: GitHubStandIn) -> None:
    assert_deliveries_conform(story.webhooks.deliveries())


def test_the_story_uses_every_route_with_success(story: GitHubStandIn) -> None:
    used = {(one.method, one.template) for one in story.requests if one.status < 400}
    assert {(route.method, route.template) for route in ROUTES} == used


def test_the_story_causes_every_event(story: GitHubStandIn) -> None:
    seen = {one.event.name for one in story.webhooks.deliveries()}
    assert seen == {*EVENTS, *BY_PERMISSION, "ping", "installation", "installation_repositories"}


@pytest.mark.parametrize(
    ("event", "actions"),
    [
        ("installation", {"created", "deleted"}),
        ("installation_repositories", {"added", "removed"}),
        ("check_run", {"rerequested", "requested_action"}),
        ("issue_comment", {"created", "edited", "deleted"}),
        ("merge_group", {"checks_requested", "destroyed"}),
        ("pull_request_review", {"submitted", "dismissed"}),
        (
            "pull_request",
            {
                "opened",
                "synchronize",
                "closed",
                "reopened",
                "edited",
                "labeled",
                "review_requested",
                "unlabeled",
                "converted_to_draft",
                "ready_for_review",
            },
        ),
    ],
)
def test_the_story_has_every_action(story: GitHubStandIn, event: str, actions: set[str]) -> None:
    assert {one.event.action for one in story.webhooks.deliveries() if one.event.name == event} == actions


def test_an_answer_without_a_required_field_is_noticed(story: GitHubStandIn) -> None:
    exchange = next(one for one in story.requests if one.template == "/app" and one.status == 200)
    answer = {name: value for name, value in exchange.answer.items() if name != "id"}
    with pytest.raises(SchemaMismatchError, match="id: Field required"):
        assert_exchanges_conform([replace(exchange, answer=answer)])


def test_a_field_that_github_does_not_know_is_noticed(story: GitHubStandIn) -> None:
    exchange = next(one for one in story.requests if one.method == "POST" and "statuses" in one.template)
    with pytest.raises(SchemaMismatchError, match="request colour: is not in the description"):
        assert_exchanges_conform([replace(exchange, body={**exchange.body, "colour": "green"})])


def test_a_wrong_type_is_noticed(story: GitHubStandIn) -> None:
    exchange = next(one for one in story.requests if one.template == "/app" and one.status == 200)
    with pytest.raises(SchemaMismatchError, match="valid integer"):
        assert_exchanges_conform([replace(exchange, answer={**exchange.answer, "id": "12"})])
