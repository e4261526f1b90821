"""Tell: bring what was predicted of a change to where people look, at once or as soon as the forge takes it.

What could not be told is kept, and left to a job of its own, so that a limit or an outage of the forge costs no second
prediction. That job tells what was predicted last: pushes that come while it waits cost no more writes.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Self

import structlog

from bot.errors import Temporary
from bot.model import jobs
from bot.model.changes import ChangeState, StatusState
from bot.model.checks import Details
from bot.model.metrics import TOLD, Sample
from bot.model.reports import STATUS_LENGTH, Outcome
from bot.preview.inert import clipped
from bot.preview.telling import Telling, what_moved
from workers.changes.payloads import repository_in
from workers.runtime import job_with_excuse
from workers.telling import statuses
from workers.telling.comments import Page, Superseded, publish, still_open
from workers.telling.reports import show

if TYPE_CHECKING:
    from bot.model.changes import Change
    from bot.model.jobs import JobRequest
    from bot.model.resources import JsonObject
    from bot.services import Services

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class News:
    """What a change is to be told: words for people, and a forecast without a value of anything."""

    number: int
    """Of the prediction: a larger one is newer."""
    head_sha: str
    bodies: tuple[str, ...]
    outcome: Outcome
    telling: Telling
    details: Details
    forecast: str | None
    """None where there is none, as there is a conflict; an earlier one is left then."""
    only_over_earlier: bool
    unless_told: bool
    report: str = ""
    """By what the full report is kept; empty where it is not."""
    link: str = ""
    asked_at: float = 0.0
    """Unix seconds: when the event came that asked for it; 0: none did."""

    @classmethod
    def from_json(cls, text: bytes) -> Self:
        """Read back what `to_json` wrote."""
        fields = json.loads(text)
        outcome = Outcome(StatusState(fields["outcome"]["state"]), fields["outcome"]["description"])
        telling = Telling.from_json(fields["telling"].encode())
        read = {"outcome": outcome, "telling": telling, "bodies": tuple(fields["bodies"])}
        return cls(**{**fields, **read, "details": Details.from_json(fields["details"])})

    def to_json(self) -> bytes:
        """Write it for Redis."""
        fields = {"outcome": asdict(self.outcome), "telling": self.telling.to_json().decode()}
        fields["details"] = self.details.to_json()
        kept = {name: getattr(self, name) for name in self.__slots__}
        return json.dumps({**kept, **fields}).encode()


def bring(services: Services, change: Change, news: News, *, began: statuses.Told | None = None) -> None:
    """Tell a change what was predicted of it, or have it told by a job when the forge does not take it now.

    `began` is what this job told when it began. Raises Superseded when the change has moved on.
    """
    try:
        _tell(services, change, news, began=began)
    except Temporary as error:
        services.memory.untold.keep(str(change), news.number, news.to_json())
        services.queue.enqueue(jobs.tell(change.repository, change.number))
        _log.warning("preview kept until it can be told", reason=error.message, retry_after=error.retry_after)


def _excuse(services: Services, payload: JsonObject, words: str) -> None:
    change = services.forge.change(repository_in(payload), int(payload["number"]))
    if change.state is ChangeState.OPEN:
        told = Outcome(StatusState.ERROR, clipped(f"what was predicted could not be told: {words}", STATUS_LENGTH))
        statuses.tell(services, change, told)


@job_with_excuse(_excuse)
def run(services: Services, payload: JsonObject) -> JobRequest | None:
    """Tell a change what was predicted of it last and could not be told."""
    repository, number = repository_in(payload), int(payload["number"])
    kept = services.memory.untold.find(repository.change(number))
    if kept is None:
        return None
    news = News.from_json(kept)
    change = services.forge.change(repository, number)
    with structlog.contextvars.bound_contextvars(change=str(change), head=news.head_sha[:12]):
        try:
            if change.state is ChangeState.OPEN and change.head_sha == news.head_sha:
                _tell(services, change, news)
        except Superseded as error:
            _log.info("preview superseded", reason=error.message)
    services.memory.untold.drop(str(change), news.number)
    return None


def _tell(services: Services, change: Change, news: News, *, began: statuses.Told | None = None) -> None:
    memory, name = services.memory, str(change)
    with still_open(services, change):
        if not memory.untold.claim(name, news.number):
            _log.info("preview not told", reason="something newer was")
            return
        if news.forecast is not None:
            memory.keep_forecast(name, change.head_sha, news.forecast.encode())
        kept = memory.told(name)
        earlier = Telling.from_json(kept) if kept is not None else None
        page = Page(
            only_over_earlier=news.only_over_earlier,
            unless_told=news.unless_told,
            mark=lambda before: what_moved(before, news.telling, earlier=earlier),
            link=news.link,
        )
        show(services, news.report, news.number)
        teller = memory.begin_telling(name)
        publish(services, change, news.bodies, page=page)
        # Before somebody newer may say something else.
        statuses.tell(services, change, news.outcome, news.details, before=began)
    memory.end_telling(name, teller, news.telling.to_json())
    if news.asked_at:
        services.metrics.count(Sample(TOLD, (), max(0.0, services.clock.now() - news.asked_at)))
    memory.untold.drop(name, news.number)
