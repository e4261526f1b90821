"""Check: a merge queue's speculative commit, predicted like a change; only its status is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.errors import Rejected
from bot.model.changes import CommitStatus, StatusState
from bot.model.reports import STATUS_LENGTH, Outcome
from bot.prediction.preview import ChangeWords
from bot.prediction.trees import Sides
from bot.preview.inert import clipped
from workers.landscape import Landscape
from workers.payloads import repository_in
from workers.preview import prediction
from workers.runtime import job_with_excuse

if TYPE_CHECKING:
    from bot.model.jobs import JobRequest
    from bot.model.resources import JsonObject
    from bot.services import Services


def _excuse(services: Services, payload: JsonObject, words: str) -> None:
    status = CommitStatus(f"{services.settings.instance}/preview", StatusState.ERROR, clipped(words, STATUS_LENGTH))
    services.forge.set_statuses(repository_in(payload), str(payload["head"]), [status])


@job_with_excuse(_excuse)
def run(services: Services, payload: JsonObject) -> JobRequest | None:
    """Say whether the speculative commit may land, under the context that guards changes too."""
    repository = repository_in(payload)
    base, head = str(payload["base"]), str(payload["head"])
    words = ChangeWords("", str(payload["base_branch"]), base, head)
    try:
        landscape = Landscape.survey(services, repository, wanted=[head])
        sides = Sides(landscape.tree(base), landscape.tree(head))
        outcome = prediction(landscape, sides, words).report.outcome
    except Rejected as error:
        outcome = Outcome(StatusState.ERROR, clipped(error.message, STATUS_LENGTH))
    status = CommitStatus(f"{services.settings.instance}/preview", outcome.state, outcome.description)
    services.forge.set_statuses(repository, head, [status])
    return None
