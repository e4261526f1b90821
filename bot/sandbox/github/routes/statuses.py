"""Commit statuses, and GitHub's limits on them."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Literal

from pydantic import AfterValidator

from bot.sandbox.forge.repositories import BareRepository
from bot.sandbox.forge.statuses import Status
from bot.sandbox.github import events
from bot.sandbox.github.http import Answer, Call, Form, Refusal, Route, not_found
from bot.sandbox.github.payloads import checks

_MOST_PER_CONTEXT = 1000
_READ = ("statuses:read",)


def _at_most(limit: int, name: str) -> AfterValidator:
    def check(text: str) -> str:
        if len(text) > limit:
            raise ValueError(f"{name} is too long (maximum is {limit} characters)")
        return text

    return AfterValidator(check)


def _web_address(text: str) -> str:
    if text and not text.startswith(("http://", "https://")):
        raise ValueError("target_url must use http(s) scheme")
    return text


class StatusForm(Form):
    """Body of a status."""

    state: Literal["error", "failure", "pending", "success"]
    target_url: Annotated[str, AfterValidator(_web_address)] | None = None
    description: Annotated[str, _at_most(140, "description")] | None = None
    context: Annotated[str, _at_most(255, "context")] = "default"


def create_status(call: Call) -> Answer:
    """Say something about a commit; the SHA must be whole and known."""
    form, sha, repository = call.form(StatusForm), call.params["sha"], call.repository
    if BareRepository(repository.path).resolve(sha) != sha:
        raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, f"No commit found for SHA: {sha}")
    said = repository.statuses[sha]
    if sum(one.context == form.context for one in said) >= _MOST_PER_CONTEXT:
        message = "This SHA and context has reached the maximum number of statuses."
        error = {"resource": "Status", "code": "custom", "field": "context", "message": message}
        raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "Validation Failed", errors=[error])
    status = Status(
        id=call.world.next_id(),
        sha=sha,
        state=form.state,
        context=form.context,
        description=form.description,
        target_url=form.target_url,
        creator=call.account,
        created_at=call.world.clock.now(),
    )
    said.append(status)
    events.status(call.world, repository, status)
    return Answer(checks.status(call.world, repository, status), HTTPStatus.CREATED)


def combined(call: Call) -> Answer:
    """Answer with the newest status of each context and their sum."""
    return Answer(checks.combined_status(call.world, call.repository, sha=_sha(call)))


def list_statuses(call: Call) -> Answer:
    """Answer with every status of a commit, newest first."""
    said = call.repository.statuses.get(_sha(call), [])
    return call.page([checks.status(call.world, call.repository, one) for one in reversed(said)])


ROUTES = (
    Route("POST", "/repos/{owner}/{repo}/statuses/{sha}", create_status, ("statuses:write",)),
    Route("GET", "/repos/{owner}/{repo}/commits/{ref}/status", combined, _READ),
    Route("GET", "/repos/{owner}/{repo}/commits/{ref}/statuses", list_statuses, _READ),
    Route("GET", "/repos/{owner}/{repo}/statuses/{ref}", list_statuses, _READ),
)


def _sha(call: Call) -> str:
    found = BareRepository(call.repository.path).resolve(call.params["ref"])
    if found is None:
        raise not_found()
    return found
