"""Reviews as GitHub writes them: https://docs.github.com/en/rest/pulls/reviews."""

from __future__ import annotations

from typing import Any

from bot.sandbox.forge.clock import timestamp
from bot.sandbox.github.payloads.accounts import node_id, simple_user
from bot.sandbox.github.payloads.pulls import association
from bot.sandbox.github.payloads.repositories import api_url, html_url
from bot.sandbox.github.state import PullRequest, Review, World


def review(world: World, pull: PullRequest, one: Review) -> dict[str, Any]:
    """Return a review."""
    url = f"{api_url(world, pull.repository)}/pulls/{pull.number}"
    site = f"{html_url(world, pull.repository)}/pull/{pull.number}#pullrequestreview-{one.id}"
    return {
        "id": one.id,
        "node_id": node_id("PullRequestReview", one.id),
        "user": simple_user(world, one.user),
        "body": one.body,
        "state": one.state,
        "html_url": site,
        "pull_request_url": url,
        "_links": {"html": {"href": site}, "pull_request": {"href": url}},
        "submitted_at": timestamp(one.submitted_at),
        "commit_id": one.commit_id,
        "author_association": association(pull.repository, one.user),
    }


def told_review(world: World, pull: PullRequest, one: Review) -> dict[str, Any]:
    """Return a review as webhooks tell of it, which write its state in small letters."""
    return {**review(world, pull, one), "body": one.body or None, "state": one.state.lower()}
