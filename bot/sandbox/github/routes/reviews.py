"""Reviews of pull requests, and who is asked for one."""

from __future__ import annotations

from http import HTTPStatus

from pydantic import Field

from bot.sandbox.github import reviews as rules
from bot.sandbox.github.http import Answer, Call, Form, Route
from bot.sandbox.github.payloads import pulls, reviews


class RequestedReviewersForm(Form):
    """Body that asks for reviews."""

    reviewers: tuple[str, ...] = Field(default=(), strict=False)
    team_reviewers: tuple[str, ...] = Field(default=(), strict=False)


def list_reviews(call: Call) -> Answer:
    """Answer with a pull request's reviews, oldest first."""
    pull = call.pull()
    return call.page([reviews.review(call.world, pull, one) for one in pull.reviews])


def ask(call: Call) -> Answer:
    """Ask people and teams for a review."""
    form, pull = call.form(RequestedReviewersForm), call.pull()
    rules.ask(call.world, pull, form.reviewers, form.team_reviewers, sender=call.account)
    return Answer(pulls.simple_pull(call.world, pull), HTTPStatus.CREATED)


_PULL = "/repos/{owner}/{repo}/pulls/{pull_number}"

ROUTES = (
    Route("GET", f"{_PULL}/reviews", list_reviews, ("pull_requests:read",)),
    Route("POST", f"{_PULL}/requested_reviewers", ask, ("pull_requests:write",), creates_content=True),
)
