"""Commit statuses as GitLab keeps them: jobs of an external pipeline, which go through states one way only. Pure.

https://docs.gitlab.com/api/commits/#commit-status
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from bot.forges import limits
from bot.forges.gitlab.payload import Payload
from bot.model.changes import CommitStatus, StatusState

_DESCRIPTION: Final = 255
"""Characters that GitLab keeps of a description."""
ANEW: Final = "goes on in the next job of this name"
"""What a job says that was canceled only because the status has something else to say; read as pending."""
_PENDING, _RUNNING, _CANCELED = "pending", "running", "canceled"
_ENDS: Final[Mapping[StatusState, str]] = MappingProxyType(
    {
        StatusState.SUCCESS: "success",
        StatusState.FAILURE: "failed",
        StatusState.ERROR: _CANCELED,  # stops a merge as a failure does, and is nothing the author could repair
    }
)
_READ: Final[Mapping[str, StatusState]] = MappingProxyType(
    {
        **{word: state for state, word in _ENDS.items()},
        "skipped": StatusState.SUCCESS,
        "canceling": StatusState.PENDING,
        "created": StatusState.PENDING,
        "waiting_for_resource": StatusState.PENDING,
        "waiting_for_callback": StatusState.PENDING,
        "preparing": StatusState.PENDING,
        "scheduled": StatusState.PENDING,
        "manual": StatusState.PENDING,
        _PENDING: StatusState.PENDING,
        _RUNNING: StatusState.PENDING,
    }
)


@dataclass(frozen=True, slots=True)
class Said:
    """What one context says about a commit now."""

    id: int
    name: str
    word: str
    """GitLab's state."""
    description: str
    url: str
    pipeline: int | None
    at: float = 0.0
    """Unix seconds."""
    overtaken: bool = False
    """Whether the commit has had another pipeline since, which is what GitLab looks at now."""

    @property
    def status(self) -> CommitStatus | None:
        """The same in Foresail's words; None for a state that nobody knows here."""
        anew = (self.word, self.description) == (_CANCELED, ANEW)
        state = StatusState.PENDING if anew else _READ.get(self.word)
        return None if state is None else CommitStatus(self.name, state, self.description, self.url, self.at)


def newest(statuses: Iterable[Payload]) -> dict[str, Said]:
    """Return the newest status of each context; a commit may have several pipelines, each with its own."""
    every = sorted((_said(one) for one in statuses), key=lambda said: said.id)
    latest = max((one.pipeline or 0 for one in every), default=0)
    began = next((one.id for one in every if one.pipeline == latest), 0)
    return {
        # What was said since is where GitLab wants it: jobs of child pipelines are listed, too.
        one.name: replace(one, overtaken=one.pipeline is not None and one.pipeline < latest and one.id < began)
        for one in every
    }


def steps(status: CommitStatus, known: Mapping[str, Said]) -> Iterator[dict[str, str | int]]:
    """Yield the bodies of the requests that make `status` what its context says; none when it says that.

    A status that ends is said in the newest pipeline as well, where that began after the status: it is what a merge
    request waits for. One that is pending takes new words only with a new state: from pending to running, then by
    ending it and beginning another. One that has ended is followed by another of the same name.
    https://gitlab.com/gitlab-org/gitlab/-/blob/master/app/services/ci/create_commit_status_service.rb
    """
    wanted = limits.status(status, longest=_DESCRIPTION)
    said = known.get(wanted.context)
    overtaken = said is not None and said.overtaken and wanted.state is not StatusState.PENDING
    if said is not None and said.status == wanted and not overtaken:
        return
    goes_on = said is not None and said.word in {_PENDING, _RUNNING}
    # Without its pipeline, a status that was begun in one could be ended in another, and stay pending in the first.
    pipeline = {"pipeline_id": said.pipeline} if said is not None and goes_on and said.pipeline is not None else {}
    if wanted.state is not StatusState.PENDING:
        body = _body(wanted, _ENDS[wanted.state])
        if goes_on:
            yield {**body, **pipeline}
        if overtaken or not goes_on:
            yield body
        return
    if said is not None and said.word == _RUNNING:
        yield {**_body(replace(wanted, description=ANEW), _CANCELED), **pipeline}
    yield {**_body(wanted, _RUNNING if said is not None and said.word == _PENDING else _PENDING), **pipeline}


def _body(status: CommitStatus, word: str) -> dict[str, str | int]:
    target: dict[str, str | int] = {"target_url": status.url} if status.url else {}
    return {"state": word, "name": status.context, "description": status.description, **target}


def _said(one: Payload) -> Said:
    description, url, pipeline = one.find("description"), one.find("target_url"), one.find("pipeline_id")
    return Said(
        id=one.at("id").number(),
        name=one.at("name").text(),
        word=one.at("status").text(),
        description="" if description is None else description.text(),
        url="" if url is None else url.text(),
        pipeline=None if pipeline is None else pipeline.number(),
        # what runs has been said anew since it was made
        at=0.0 if (said := one.find("started_at") or one.find("created_at")) is None else said.time().timestamp(),
    )
