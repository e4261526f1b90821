"""Preview: what merging an open change does, told in its comments and its status."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import structlog

from bot.errors import Rejected, Temporary
from bot.model.changes import ChangeState, StatusState
from bot.model.checks import Button, Details
from bot.model.jobs import preview, preview_again
from bot.model.reports import STATUS_LENGTH, Outcome, Report
from bot.prediction.forecast import Forecast
from bot.prediction.preview import ChangeWords, Predicted
from bot.preview.configuration import is_previewed
from bot.preview.configured import configured, not_previewed
from bot.preview.inert import clipped
from bot.preview.markdown import comments, summary
from bot.preview.telling import Telling
from bot.repository.mirrors import Conflict
from bot.settings import Mode
from workers.changes import approvals
from workers.changes.forks import is_approved, wait_for_approval
from workers.changes.payloads import repository_in
from workers.changes.pointing import pointed_at
from workers.changes.proposal import Proposal
from workers.runtime import asked_at, job, job_with_excuse
from workers.tell import News, bring
from workers.telling.comments import Superseded
from workers.telling.neighbours import meet, part
from workers.telling.reports import keep, show
from workers.telling.statuses import STARTED, is_known, says, tell, withdraw
from workers.telling.turns import take_turn

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.model.changes import Change
    from bot.model.checks import Annotation
    from bot.model.jobs import JobRequest
    from bot.model.resources import JsonObject
    from bot.prediction.trees import Sides
    from bot.services import Services
    from workers.changes.landscape import Landscape

_log = structlog.get_logger()


def _excuse(services: Services, payload: JsonObject, words: str) -> None:
    _say(services, services.forge.change(repository_in(payload), int(payload["number"])), StatusState.ERROR, words)


@job_with_excuse(_excuse)
def run(services: Services, payload: JsonObject) -> JobRequest | None:
    """Preview a change as it is now, unless it is over."""
    repository, number = repository_in(payload), int(payload["number"])
    if payload.get("retargeted"):  # nothing may stand that was said of another base, though turns may be long
        if (change := services.forge.change(repository, number)).state is ChangeState.OPEN:
            tell(services, change, STARTED)
        return preview(repository, number)
    if not services.memory.is_noted(_approval(repository.change(number))):
        take_turn(services, repository, number)
    change = services.forge.change(repository, number)
    if change.state is not ChangeState.OPEN:
        withdraw(services, change, f"was {change.state} before its preview was done")
        part(services, change)
        return None
    _preview_and_tell(services, change, again=False)
    return None


@job
def again(services: Services, payload: JsonObject) -> JobRequest | None:
    """Preview the first of several changes again, in case something has moved, and leave the rest to the next job.

    What it was told stands until the next round while a cluster or the forge is away, unless somebody has marked it:
    that may have taken back what it was told, or approved what no round looks at.
    """
    repository, (number, *others) = repository_in(payload), payload["numbers"]
    if others:
        # One waits at a time, so that nobody's push waits for all of them; it waits already, should this one fail.
        services.queue.enqueue(preview_again(repository, others))
    try:
        change = services.forge.change(repository, int(number))
        if change.state is ChangeState.OPEN:
            reviewer = str(payload.get("reviewed_by", ""))
            if reviewer and not approvals.may_count(services, change, reviewer):
                return None
            _preview_and_tell(services, change, again=True)
    except Temporary as error:
        if payload.get("marked"):
            raise
        _log.warning("preview not made again", change=repository.change(number), reason=error.message)
    return None


def _preview_and_tell(services: Services, change: Change, *, again: bool) -> None:
    with structlog.contextvars.bound_contextvars(change=str(change), head=change.head_sha[:12]):
        try:
            _preview(services, change, again=again)
        except Superseded as error:
            _log.info("preview superseded", reason=error.message)
            withdraw(services, change, error.message)
            part(services, change, head_sha=change.head_sha)
        except Rejected as error:
            _say(services, change, StatusState.ERROR, error.message)
            part(services, change)
            _log.warning("preview rejected", reason=error.message, remedy=error.remedy)


def _preview(services: Services, change: Change, *, again: bool) -> None:
    if change.from_fork and not is_approved(services, change):
        part(services, change)  # what an earlier head touched says nothing of this one
        services.memory.note(_approval(str(change)))  # so that who pushes there again and again takes no more turns
        wait_for_approval(services, change)
        return
    if not again and change.from_fork and services.memory.is_noted(_approval(str(change))):
        take_turn(services, change.repository, change.number, anew=True)  # it has not taken its turn yet
    began = None if again and is_known(services, change) else tell(services, change, STARTED)
    number = services.memory.untold.begin(str(change))
    proposal = Proposal.of(services, change)
    seen = foreseen(proposal)
    found, report = seen.predicted, meet(services, change, seen.predicted.report)
    link = keep(services, change, report, number=number)
    bodies = _bodies(services, proposal, report, link.url)
    news = News(
        number=number,
        head_sha=change.head_sha,
        bodies=bodies,
        outcome=approvals.outcome(services, change, report),
        telling=Telling.of(report, bodies, versions=found.versions, link=link.url),
        details=_details(services, seen),
        forecast=None if report.conflict or report.skipped else found.forecast.to_json().decode(),
        only_over_earlier=not report.tells,
        unless_told=again,
        report=link.token,
        link=link.url,
        asked_at=0.0 if again else asked_at(),
    )
    if change.head_branch.startswith(f"{services.settings.instance}/"):  # those alone are ever merged by that
        on = report.base_sha if report.is_routine else ""
        services.memory.keep_routine(str(change), change.head_sha, base_sha=on)
    if again and _stands(services, change, found, news):
        show(services, link.token, number)
    else:
        bring(services, change, news, began=began)
        _log.info("preview made", headline=report.headline, seconds=round(report.seconds, 3), plan=report.plan)
    approvals.have_asked(services, change, report.reviewers)


def _approval(change: str) -> str:
    return f"approval of {change}"


def _bodies(services: Services, proposal: Proposal, report: Report, link: str) -> tuple[str, ...]:
    settings = services.settings
    return comments(
        report,
        instance=settings.instance,
        budget=min(settings.comment_budget, proposal.configuration.comments.budget or settings.comment_budget),
        report_url=link,
        prefix=settings.command_prefix,
        own=services.template,
    )


def _details(services: Services, seen: Foreseen) -> Details:
    buttons = () if services.settings.mode is Mode.PREVIEW else (Button.HOLD,)
    return Details(summary(seen.predicted.report), seen.annotations, buttons)


def _stands(services: Services, change: Change, found: Predicted, news: News) -> bool:
    """Whether comments, status, and what is kept for the sync are what they would be now; a conflict keeps that."""
    told = services.memory.told(str(change))
    if not news.telling.repeats(Telling.from_json(told) if told is not None else None):
        return False
    kept = services.memory.forecast(str(change), change.head_sha)
    foretold = news.forecast is None or (kept is not None and Forecast.from_json(kept) == found.forecast)
    return foretold and says(services, change, news.outcome)


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What is predicted, and at which lines of the head something of it is to be said."""

    predicted: Predicted
    annotations: tuple[Annotation, ...] = ()


def foreseen(proposal: Proposal) -> Foreseen:
    """Predict what merging a change does; nothing while there is a conflict, or where nobody wants to know."""
    change, merging = proposal.change, proposal.merging
    words = ChangeWords(str(change), change.base_branch, merging.base_sha, change.head_sha)
    if isinstance(merging.merged, Conflict):
        return _nothing(replace(_empty(words), conflict=merging.merged.paths))
    if proposal.skipped:
        why = replace(_empty(words), skipped=proposal.skipped, blocked=proposal.blocked)
        return _nothing(replace(why, notes=proposal.notes))
    configuration = proposal.configuration
    found = between(merging.landscape, merging.merged, words, wants=partial(is_previewed, configuration))
    services = merging.landscape.services
    now = services.clock.now() if configuration.holds else 0.0
    syncs = services.settings.mode is Mode.FULL
    report = configured(found.predicted.report, proposal.read, now=now, syncs=syncs)
    report = replace(report, notes=(*report.notes, *proposal.notes))
    return replace(found, predicted=replace(found.predicted, report=report))


def between(
    landscape: Landscape, sides: Sides, words: ChangeWords, *, wants: Callable[[str], bool] = lambda _name: True
) -> Foreseen:
    """Predict what a step between two states of a branch does, in the applications whose names are wanted."""
    predictor = landscape.services.predictor
    ahead = predictor.ask_ahead(words.change)
    branch = landscape.branch(words.base_branch)
    selection = landscape.select(sides, branch, generating=True)
    left_out = [one.either.name for one in selection.candidates if not wants(one.either.name)]
    selection = replace(selection, candidates=tuple(one for one in selection.candidates if wants(one.either.name)))
    found = predictor.predict(
        selection.candidates, selection.sides, words=words, considered=selection.considered, ahead=ahead
    )
    notes = (*landscape.own_problems, *selection.notes, *not_previewed(left_out))
    report = replace(found.report, notes=notes, left_out=tuple(left_out), unpredicted=selection.unpredicted)
    found = replace(found, report=report, forecast=replace(found.forecast, left_out=left_out))
    return Foreseen(found, pointed_at(report, selection, landscape.services.sources.reading, branch))


def _nothing(report: Report) -> Foreseen:
    return Foreseen(Predicted(report, Forecast.joined(()), {}))


def _empty(words: ChangeWords) -> Report:
    return Report(
        change=words.change,
        base_branch=words.base_branch,
        base_sha=words.base_sha,
        head_sha=words.head_sha,
        applications=(),
        considered=0,
        plan="",
        clusters=(),
        seconds=0.0,
    )


def _say(services: Services, change: Change, state: StatusState, words: str) -> None:
    tell(services, change, Outcome(state, clipped(words, STATUS_LENGTH)))
