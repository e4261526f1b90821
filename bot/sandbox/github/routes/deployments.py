"""Deployments and the steps they go through."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Literal

from bot.sandbox.forge.repositories import BareRepository
from bot.sandbox.github.http import Answer, Call, Form, Refusal, Route, not_found
from bot.sandbox.github.payloads import checks
from bot.sandbox.github.state import Deployment, DeploymentStatus

_READ, _WRITE = ("deployments:read",), ("deployments:write",)
_LIST = "/repos/{owner}/{repo}/deployments"
_ONE = "/repos/{owner}/{repo}/deployments/{deployment_id}"


class DeploymentForm(Form):
    """Body that asks for a deployment."""

    ref: str
    task: str = "deploy"
    auto_merge: bool = True
    required_contexts: list[str] | None = None
    payload: dict[str, Any] | str = ""
    environment: str = "production"
    description: str | None = None
    transient_environment: bool = False
    production_environment: bool | None = None


class DeploymentStatusForm(Form):
    """Body that says where a deployment stands."""

    state: Literal["error", "failure", "inactive", "in_progress", "queued", "pending", "success"]
    log_url: str = ""
    target_url: str = ""
    description: str = ""
    environment: str | None = None
    environment_url: str = ""
    auto_inactive: bool = True


def create(call: Call) -> Answer:
    """Ask for a deployment of a ref; refused with 409 while required statuses are not green."""
    form, repository = call.form(DeploymentForm), call.repository
    sha = BareRepository(repository.path).resolve(form.ref)
    if sha is None:
        raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, f"No ref found for: {form.ref}")
    _check_contexts(call, form, sha)
    fields = form.model_dump(exclude={"auto_merge", "required_contexts"})
    one = Deployment(
        id=call.world.next_id(),
        creator=call.account,
        sha=sha,
        fields={**fields, "production_environment": _is_production(form)},
        created_at=call.world.clock.now(),
    )
    repository.deployments[one.id] = one
    return Answer(checks.deployment(call.world, repository, one), HTTPStatus.CREATED)


def list_all(call: Call) -> Answer:
    """Answer with deployments, newest first, filtered by sha, ref, task and environment."""
    wanted = {name: call.query[name] for name in ("ref", "task", "environment") if name in call.query}
    sha = call.query.get("sha")
    found = [
        one
        for one in reversed(call.repository.deployments.values())
        if sha in {None, one.sha} and all(one.fields[name] == value for name, value in wanted.items())
    ]
    return call.page([checks.deployment(call.world, call.repository, one) for one in found])


def get(call: Call) -> Answer:
    """Answer with one deployment."""
    return Answer(checks.deployment(call.world, call.repository, _deployment(call)))


def create_status(call: Call) -> Answer:
    """Say where a deployment stands; a success makes earlier ones of the environment inactive."""
    form, parent = call.form(DeploymentStatusForm), _deployment(call)
    fields = form.model_dump(exclude={"target_url", "auto_inactive"})
    fields["log_url"] = form.log_url or form.target_url
    fields["environment"] = form.environment or parent.fields["environment"]
    one = _step(call, fields)
    if form.state == "success" and form.auto_inactive:
        _retire(call, parent)
    parent.statuses.append(one)
    answer = checks.deployment_status(call.world, call.repository, parent=parent, one=one)
    return Answer(answer, HTTPStatus.CREATED)


def list_statuses(call: Call) -> Answer:
    """Answer with a deployment's steps, newest first."""
    parent = _deployment(call)
    return call.page(
        [
            checks.deployment_status(call.world, call.repository, parent=parent, one=one)
            for one in reversed(parent.statuses)
        ]
    )


ROUTES = (
    Route("POST", _LIST, create, _WRITE, creates_content=True),
    Route("GET", _LIST, list_all, _READ),
    Route("GET", _ONE, get, _READ),
    Route("POST", f"{_ONE}/statuses", create_status, _WRITE, creates_content=True),
    Route("GET", f"{_ONE}/statuses", list_statuses, _READ),
)


def _is_production(form: DeploymentForm) -> bool:
    said = form.production_environment
    return form.environment == "production" if said is None else said


def _deployment(call: Call) -> Deployment:
    found = call.repository.deployments.get(call.number("deployment_id"))
    if found is None:
        raise not_found()
    return found


def _step(call: Call, fields: dict[str, object]) -> DeploymentStatus:
    world = call.world
    return DeploymentStatus(id=world.next_id(), creator=call.account, fields=fields, created_at=world.clock.now())


def _check_contexts(call: Call, form: DeploymentForm, sha: str) -> None:
    newest = {one.context: one.state for one in checks.latest_statuses(call.repository, sha)}
    required = list(newest) if form.required_contexts is None else form.required_contexts
    if any(newest.get(context) != "success" for context in required):
        raise Refusal(HTTPStatus.CONFLICT, f"Conflict: Commit status checks failed for {form.ref}.")


def _retire(call: Call, current: Deployment) -> None:
    for other in call.repository.deployments.values():
        same = other.fields["environment"] == current.fields["environment"]
        lasting = not (other.fields["transient_environment"] or other.fields["production_environment"])
        if other is current or not same or not lasting or not other.statuses:
            continue
        latest = other.statuses[-1].fields
        if latest["state"] == "success":
            other.statuses.append(_step(call, {**latest, "state": "inactive", "description": ""}))
