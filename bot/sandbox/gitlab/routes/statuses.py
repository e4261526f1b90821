"""Commit statuses and pipelines: https://docs.gitlab.com/api/commits/#commit-status."""

from __future__ import annotations

from http import HTTPStatus
from typing import Literal

from bot.sandbox.forge.repositories import BareRepository
from bot.sandbox.gitlab import conversation
from bot.sandbox.gitlab.http import Answer, Call, Form, Route, not_found
from bot.sandbox.gitlab.payloads import api
from bot.sandbox.gitlab.state import DEVELOPER, REPORTER, Pipeline, Status


class _StatusForm(Form):
    state: Literal["pending", "running", "success", "failed", "canceled"]
    name: str = ""
    context: str = "default"
    ref: str = ""
    description: str | None = None
    target_url: str | None = None
    pipeline_id: int | None = None


def _list(call: Call) -> Answer:
    found = conversation.latest_statuses(call.project, _sha(call))
    return call.page([api.status(call.world, one) for one in found])


def _say(call: Call) -> Answer:
    form, world = call.form(_StatusForm), call.world
    wanted = Status(
        id=world.next_id(),
        pipeline=Pipeline(0, _sha(call), form.ref),
        name=form.name or form.context,
        word=form.state,
        description=form.description,
        target_url=form.target_url,
        user=call.account,
        created_at=world.clock.now(),
    )
    said = conversation.say(world, call.project, wanted, pipeline_id=form.pipeline_id)
    return Answer(api.status(world, said), HTTPStatus.CREATED)


def _pipeline(call: Call) -> Answer:
    number = call.params["pipeline_id"]
    found = next((one for one in call.project.pipelines if str(one.id) == number), None)
    if found is None:
        raise not_found("Pipeline")
    return Answer(api.pipeline(call.world, call.project, found, asked_by=call.account))


def _sha(call: Call) -> str:
    sha = BareRepository(call.project.path).resolve(call.params["sha"])
    if sha is None:
        raise not_found("Commit")
    return sha


ROUTES = (
    Route("GET", "/projects/:id/repository/commits/:sha/statuses", _list, level=REPORTER),
    Route("GET", "/projects/:id/pipelines/:pipeline_id", _pipeline, level=REPORTER),
    Route("POST", "/projects/:id/statuses/:sha", _say, level=DEVELOPER),
)
