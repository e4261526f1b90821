"""Check: a merge queue's speculative commit, predicted like a change; only its status is told."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog

from bot.errors import Rejected
from bot.model.changes import ChangeState, CommitStatus, StatusState
from bot.model.jobs import preview
from bot.model.reports import STATUS_LENGTH, Outcome
from bot.prediction.preview import ChangeWords
from bot.prediction.trees import Sides
from bot.preview.configuration import is_previewed
from bot.preview.configured import not_used
from bot.preview.inert import clipped
from workers.changes.landscape import Landscape
from workers.changes.payloads import repository_in
from workers.changes.said import said_on
from workers.preview import between
from workers.runtime import job, job_with_excuse
from workers.telling.statuses import context, saying

if TYPE_CHECKING:
    from bot.model.changes import Change
    from bot.model.jobs import JobRequest
    from bot.model.resources import JsonObject
    from bot.services import Services

_log = structlog.get_logger()
_STARTED: Final = Outcome(StatusState.PENDING, "predicting what this merge group changes")
_GONE: Final = Outcome(StatusState.ERROR, "not predicted: the merge queue has thrown this commit away")


def _excuse(services: Services, payload: JsonObject, words: str) -> None:
    _say(services, payload, Outcome(StatusState.ERROR, clipped(words, STATUS_LENGTH)))


@job_with_excuse(_excuse)
def run(services: Services, payload: JsonObject) -> JobRequest | None:
    """Say whether the speculative commit may land, under the context that guards changes too."""
    outcome = _GONE
    pipeline = int(payload.get("pipeline") or 0)
    if pipeline and not services.forge.is_merge_group(repository_in(payload), pipeline, str(payload["head"])):
        return None
    if heads := _heads(services, payload):
        services.queue.enqueue(*(preview(one.repository, one.number) for one in heads))
        return None
    if not _is_gone(services, payload):
        _say(services, payload, _STARTED)
        outcome = _outcome(services, payload)
    # It may be thrown away at any time; whoever comes last, this job or the other, ends the status.
    _say(services, payload, _GONE if _is_gone(services, payload) else outcome)
    return None


@job
def gone(services: Services, payload: JsonObject) -> JobRequest | None:
    """Have nobody begin to predict a commit that was thrown away, and end its status if it is pending."""
    repository, head = repository_in(payload), str(payload["head"])
    services.memory.note(_name(payload))
    try:
        if _heads(services, payload):
            return None
        told = services.forge.statuses(repository, head).get(context(services))
        if told is not None and told.state is StatusState.PENDING:
            _say(services, payload, _GONE)
    except Rejected as error:
        _log.warning("merge group not ended", reason=error.message)
    return None


def _outcome(services: Services, payload: JsonObject) -> Outcome:
    base, head = str(payload["base"]), str(payload["head"])
    try:
        landscape = Landscape.survey(services, repository_in(payload), wanted=[head])
        base = base or landscape.mirror.first_parents(head, most=2)[-1]
        words = ChangeWords("", str(payload["base_branch"]), base, head)
        sides = Sides(landscape.tree(base), landscape.tree(head))
        # A change is configured by the branch that it is for, as that is now, and not by what waits before it.
        found = said_on(landscape, words.base_branch)
        report = between(landscape, sides, words, wants=partial(is_previewed, found.configuration)).predicted.report
        return replace(report, notes=(*report.notes, *not_used(found, words.base_branch))).outcome
    except Rejected as error:
        return Outcome(StatusState.ERROR, clipped(error.message, STATUS_LENGTH))


def _heads(services: Services, payload: JsonObject) -> list[Change]:
    """Return the open changes that have the commit as their head.

    Their previews alone say its status, with the approvals that it waits for.
    """
    head = str(payload["head"])
    found = services.forge.changes_of_commit(repository_in(payload), head)
    return [one for one in found if one.state is ChangeState.OPEN and one.head_sha == head]


def _is_gone(services: Services, payload: JsonObject) -> bool:
    return services.memory.is_noted(_name(payload))


def _name(payload: JsonObject) -> str:
    return f"merge group {repository_in(payload).full_name}@{payload['head']}"


def _say(services: Services, payload: JsonObject, outcome: Outcome) -> None:
    status = CommitStatus(context(services), outcome.state, outcome.description)
    repository, head = repository_in(payload), str(payload["head"])
    services.memory.take_turn(saying(repository, head))
    services.forge.set_statuses(repository, head, [status])
