"""The stand-in is GitLab as GitLab documents itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from bot.forges.gitlab import EVENTS as SUBSCRIBED
from bot.sandbox.gitlab.routes import ROUTES
from bot.sandbox.gitlab.server import GitLabStandIn
from tests.contract.gitlab_schema import OPERATIONS, assert_deliveries_conform, assert_exchanges_conform
from tests.contract.gitlab_story import EVENTS, tell
from tests.contract.schema import SchemaMismatchError


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitLabStandIn]:
    with GitLabStandIn.start(tmp_path_factory.mktemp("gitlab")) as gitlab:
        tell(gitlab)
        gitlab.wait_for_deliveries()
        yield gitlab


def test_every_answer_is_one_that_gitlab_documents(story: GitLabStandIn) -> None:
    assert_exchanges_conform(story.requests)


def test_every_webhook_is_one_that_gitlab_documents(story: GitLabStandIn) -> None:
    assert_deliveries_conform(story.webhooks.deliveries())


def test_the_story_uses_every_route_with_success(story: GitLabStandIn) -> None:
    used = {(one.method, one.template) for one in story.requests if one.status < 400}
    assert {(route.method, route.template) for route in ROUTES} == used == set(OPERATIONS)


def test_the_story_meets_every_kind_of_refusal(story: GitLabStandIn) -> None:
    assert {400, 401, 403, 404, 429, 500} <= {one.status for one in story.requests}


def test_the_story_causes_every_event(story: GitLabStandIn) -> None:
    seen = {json.loads(one.body)["object_kind"] for one in story.webhooks.deliveries()}
    assert seen == {"push", "merge_request", "note", "pipeline", "emoji"}
    assert {name.removesuffix("_events") for name in SUBSCRIBED} <= set(EVENTS)


def test_the_story_has_every_action_of_merge_requests(story: GitLabStandIn) -> None:
    told = [json.loads(one.body) for one in story.webhooks.deliveries() if one.event.name == "Merge Request Hook"]
    actions = {one["object_attributes"]["action"] for one in told}
    assert actions == {"open", "update", "close", "reopen", "merge", "approved", "unapproved"}


def test_an_answer_without_a_documented_field_is_noticed(story: GitLabStandIn) -> None:
    exchange = next(one for one in story.requests if one.template == "/user" and one.status == 200)
    answer = {name: value for name, value in exchange.answer.items() if name != "id"}
    with pytest.raises(SchemaMismatchError, match="'id' is a required property"):
        assert_exchanges_conform([replace(exchange, answer=answer)])


def test_a_field_that_gitlab_does_not_know_is_noticed(story: GitLabStandIn) -> None:
    exchange = next(one for one in story.requests if one.method == "POST" and "statuses" in one.template)
    with pytest.raises(SchemaMismatchError, match="'colour' was unexpected"):
        assert_exchanges_conform([replace(exchange, body={**exchange.body, "colour": "green"})])
