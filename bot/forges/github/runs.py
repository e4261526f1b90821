"""Check runs as statuses are said by them, and read from them. Pure.

A run that has ended is left as it is, and followed by another of the same name: GitHub goes by the newest, keeps the
annotations of each to itself, and would add to them where one is changed.
https://docs.github.com/en/rest/checks/runs
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import orjson

from bot.model.changes import CommitStatus, StatusState
from bot.model.checks import MOST_ANNOTATIONS, Button, Details

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.forges.github.payload import Payload

_DIGEST: Final = 16
_LINKED: Final = "+"
"""Behind the digest of a run with an address of ours: without one GitHub answers with the App's own page."""
_COMPLETED: Final = "completed"
_CONCLUSIONS: Final[Mapping[StatusState, str]] = MappingProxyType(
    {
        StatusState.SUCCESS: "success",
        StatusState.FAILURE: "failure",
        StatusState.ERROR: "cancelled",  # stops a merge as a failure does, and is nothing the author could repair
    }
)
_READ: Final[Mapping[str, StatusState]] = MappingProxyType(
    {
        **{word: state for state, word in _CONCLUSIONS.items()},
        "neutral": StatusState.SUCCESS,
        "skipped": StatusState.SUCCESS,
        "timed_out": StatusState.ERROR,
        "action_required": StatusState.FAILURE,
        "stale": StatusState.PENDING,  # so GitHub itself ends what has been pending for two weeks
    }
)
_BUTTONS: Final[Mapping[Button, tuple[str, str]]] = MappingProxyType(
    {
        Button.SYNC: ("Sync", "Sync to what was merged"),
        Button.RETRY: ("Retry", "Try again what failed"),
        Button.HOLD: ("Hold", "Have nothing delivered by itself"),
    }
)
"""Label and description, of which GitHub takes 20 and 40 characters, and three buttons."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a check run of ours says."""

    id: int
    status: CommitStatus
    ended: bool
    digest: str
    """Of the details that it was written with."""

    def says(self, wanted: CommitStatus) -> bool:
        """Whether it says that already; whoever has no details to add leaves those that are there."""
        return self.status == wanted and (wanted.details is None or self.digest == _digest(wanted))


def newest(found: Iterable[Payload]) -> dict[str, Run]:
    """Return the newest run of each name."""
    runs = sorted((read(one) for one in found), key=lambda run: run.id)
    return {run.status.context: run for run in runs}


def body(status: CommitStatus, *, now: float) -> dict[str, Any]:
    """Return what makes a run say a status; `now` is in seconds since the epoch.

    When it began is when it was said last that somebody is at work: GitHub keeps no other time of it.
    """
    details = status.details or Details()
    output: dict[str, Any] = {
        "title": status.description or status.context,
        "summary": details.summary or status.description or status.context,
    }
    if details.annotations:
        output["annotations"] = [
            {
                "path": one.path,
                "start_line": one.first,
                "end_line": one.last,
                "annotation_level": one.level.value,
                "title": one.title,
                "message": one.message,
            }
            for one in details.annotations[:MOST_ANNOTATIONS]
        ]
    said: dict[str, Any] = {"name": status.context, "external_id": _digest(status), "output": output}
    if status.url:
        said["details_url"] = status.url
    said["actions"] = [
        {"label": _BUTTONS[one][0], "description": _BUTTONS[one][1], "identifier": one.value} for one in details.buttons
    ]
    if status.state is StatusState.PENDING:
        return {**said, "status": "in_progress", "started_at": _timestamp(now)}
    return {**said, "status": _COMPLETED, "conclusion": _CONCLUSIONS[status.state]}


def _digest(status: CommitStatus) -> str:
    text = orjson.dumps(None if status.details is None else status.details.to_json())
    return hashlib.sha256(text).hexdigest()[:_DIGEST] + (_LINKED if status.url else "")


def read(one: Payload) -> Run:
    """Read a run, from a list or as it was written."""
    title, external, conclusion = one.at("output").find("title"), one.find("external_id"), one.find("conclusion")
    said = one.find("completed_at") or one.find("started_at")
    name, ended = one.at("name").text(), one.at("status").text() == _COMPLETED
    words, digest = ("" if found is None else found.text() for found in (title, external))
    status = CommitStatus(
        context=name,
        state=_state(conclusion) if ended else StatusState.PENDING,
        description="" if words == name else words,
        url=one.at("details_url").text() if digest.endswith(_LINKED) else "",
        said_at=0.0 if said is None else said.time().timestamp(),
    )
    return Run(one.at("id").number(), status, ended, digest)


def _state(conclusion: Payload | None) -> StatusState:
    if conclusion is None:
        return StatusState.PENDING
    if conclusion.text() not in _READ:
        raise conclusion.wrong(conclusion.path, "a conclusion")
    return _READ[conclusion.text()]


def _timestamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
