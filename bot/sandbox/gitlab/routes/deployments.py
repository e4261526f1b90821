"""Deployments and environments: https://docs.gitlab.com/api/deployments/, https://docs.gitlab.com/api/environments/."""

from __future__ import annotations

from http import HTTPStatus
from typing import Literal

from bot.sandbox.forge.repositories import BareRepository
from bot.sandbox.gitlab.http import Answer, Call, Form, Route, bad_request, forbidden, not_found
from bot.sandbox.gitlab.payloads import deployments
from bot.sandbox.gitlab.state import DEVELOPER, REPORTER, Deployment, Environment

_DEPLOYMENTS = "/projects/:id/deployments"
_ENVIRONMENTS = "/projects/:id/environments"
_EVENTS = {"running": "run", "success": "succeed", "failed": "drop", "canceled": "cancel"}


class _DeploymentForm(Form):
    environment: str
    sha: str
    ref: str
    tag: bool
    status: Literal["running", "success", "failed", "canceled"]


class _StatusForm(Form):
    status: Literal["running", "success", "failed", "canceled"]


class _EnvironmentForm(Form):
    external_url: str


def _list(call: Call) -> Answer:
    name = call.query.get("environment")
    found = [one for one in call.project.deployments.values() if name in {None, one.environment.name}]
    if call.query.get("sort") == "desc":
        found.reverse()
    return call.page([deployments.deployment(call.world, one) for one in found])


def _create(call: Call) -> Answer:
    form, world, project = call.form(_DeploymentForm), call.world, call.project
    if BareRepository(project.path).resolve(form.sha) is None:
        raise bad_request({"sha": ["The commit does not exist"]})
    environment = project.environments.get(form.environment)
    if environment is None:
        environment = Environment(world.next_id(), form.environment)
        project.environments[form.environment] = environment
    if call.project.level_of(call.account) < environment.level:
        raise forbidden()
    one = Deployment(
        id=world.next_id(),
        number=len(project.deployments) + 1,
        environment=environment,
        sha=form.sha,
        ref=form.ref,
        status=form.status,
        user=call.account,
        created_at=world.clock.now(),
        updated_at=world.clock.now(),
        said=[form.status],
    )
    project.deployments[one.id] = one
    return Answer(deployments.deployment(world, one), HTTPStatus.CREATED)


def _one(call: Call) -> Answer:
    return Answer(deployments.deployment(call.world, _deployment(call)))


def _update(call: Call) -> Answer:
    """Move a deployment on; none gets a state that it has, and none that has ended runs again."""
    one, wanted = _deployment(call), call.form(_StatusForm).status
    if wanted in {one.status, "running"}:
        event = _EVENTS[wanted]
        words = f"Cannot transition status via :{event} from :{one.status}"
        raise bad_request(f'{words} (Reason(s): Status cannot transition via "{event}")')
    one.status, one.updated_at = wanted, call.world.clock.now()
    one.said.append(wanted)
    return Answer(deployments.deployment(call.world, one))


def _environments(call: Call) -> Answer:
    return call.page(
        [deployments.environment(call.world, call.project, one) for one in call.project.environments.values()]
    )


def _change_environment(call: Call) -> Answer:
    number = call.number("environment_id")
    found = next((one for one in call.project.environments.values() if one.id == number), None)
    if found is None:
        raise not_found("Environment")
    found.external_url = call.form(_EnvironmentForm).external_url
    return Answer(deployments.environment(call.world, call.project, found))


def _deployment(call: Call) -> Deployment:
    found = call.project.deployments.get(call.number("deployment_id"))
    if found is None:
        raise not_found("Deployment")
    return found


ROUTES = (
    Route("GET", _DEPLOYMENTS, _list, level=REPORTER),
    Route("POST", _DEPLOYMENTS, _create, level=DEVELOPER),
    Route("GET", f"{_DEPLOYMENTS}/:deployment_id", _one, level=REPORTER),
    Route("PUT", f"{_DEPLOYMENTS}/:deployment_id", _update, level=DEVELOPER),
    Route("GET", _ENVIRONMENTS, _environments, level=REPORTER),
    Route("PUT", f"{_ENVIRONMENTS}/:environment_id", _change_environment, level=DEVELOPER),
)
