"""What is said about commits: by check runs where an App may write them, else by commit statuses, never by both.

A context that a commit has as one goes on as that: were it said anew as the other, what was said first would stay, and
where it is required both would count.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from bot.forges import limits
from bot.forges.github import runs
from bot.forges.github.asking import TOGETHER, whole_sha
from bot.forges.github.errors import Forbidden
from bot.model.changes import CommitStatus, StatusState
from bot.model.pacing import Charge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from bot.forges.github.asking import Asking
    from bot.forges.github.payload import Payload
    from bot.model.changes import Repository

_DESCRIPTION: Final = 140
"""Characters: https://docs.github.com/en/rest/commits/statuses#create-a-commit-status"""


@dataclass(frozen=True, slots=True)
class _Write:
    method: str
    path: str
    body: Mapping[str, Any]


class Statuses:
    """The statuses of commits; safe to use from threads."""

    def __init__(self, asking: Asking, clock: Callable[[], float]) -> None:
        self._asking = asking
        self._clock = clock

    def say(self, repository: Repository, sha: str, statuses: Iterable[CommitStatus]) -> None:
        """Write those that are not there yet."""
        wanted = [limits.status(status, longest=_DESCRIPTION) for status in statuses]
        by_runs = self._asking.may_check(repository)
        found = self._runs(repository, sha) if by_runs else {}
        by_runs = by_runs and self._asking.may_check(repository)
        known = {} if all(one.context in found for one in wanted) else self._statuses(repository, sha)
        writes = []
        for one in wanted:
            run = found.get(one.context)
            if not by_runs or (run is None and one.context in known):
                writes += [] if known.get(one.context) == one else [_by_status(one, sha)]
            elif run is None or not run.says(one):
                writes.append(_by_run(one, run, sha, now=self._clock()))
        for start in range(0, len(writes), TOGETHER):
            some = writes[start : start + TOGETHER]
            self._asking.take(repository, Charge.WRITE, whose=f"/statuses/{sha}", requests=len(some))
            for write in some:
                self._asking.ask(write.method, write.path, repository, body=write.body)

    def read(self, repository: Repository, sha: str) -> dict[str, CommitStatus]:
        """Return what each context says; one request per 100 statuses, and one per 100 check runs.

        A run of ours counts where a commit status has its name: whoever may write those made it, and not this App.
        """
        found = self._runs(repository, sha) if self._asking.may_check(repository) else {}
        return self._statuses(repository, sha) | {name: run.status for name, run in found.items()}

    def _statuses(self, repository: Repository, sha: str) -> dict[str, CommitStatus]:
        """https://docs.github.com/en/rest/commits/statuses#get-the-combined-status-for-a-specific-reference."""
        found = self._asking.pages(f"/commits/{whole_sha(sha)}/status", repository, inside="statuses")
        return {one.context: one for one in map(_status, found)}

    def _runs(self, repository: Repository, sha: str) -> dict[str, runs.Run]:
        """https://docs.github.com/en/rest/checks/runs#list-check-runs-for-a-git-reference."""
        query: dict[str, str | int] = {"app_id": self._asking.credentials.app_id, "filter": "latest"}
        path = f"/commits/{whole_sha(sha)}/check-runs"
        try:
            return runs.newest(self._asking.pages(path, repository, query=query, inside="check_runs"))
        except Forbidden:
            if self._asking.may_check(repository):
                raise
            return {}  # somebody has just taken the permission away


def _by_status(wanted: CommitStatus, sha: str) -> _Write:
    target = {"target_url": wanted.url} if wanted.url else {}
    body = {"state": wanted.state.value, "context": wanted.context, "description": wanted.description}
    return _Write("POST", f"/statuses/{whole_sha(sha)}", body | target)


def _by_run(wanted: CommitStatus, run: runs.Run | None, sha: str, *, now: float) -> _Write:
    body = runs.body(wanted, now=now)
    if run is None or run.ended:
        return _Write("POST", "/check-runs", {**body, "head_sha": whole_sha(sha)})
    return _Write("PATCH", f"/check-runs/{run.id}", body)


def _status(found: Payload) -> CommitStatus:
    description, url = found.find("description"), found.find("target_url")
    state = found.at("state")
    if state.text() not in set(StatusState):
        raise state.wrong(state.path, "a status")
    return CommitStatus(
        context=found.at("context").text(),
        state=StatusState(state.text()),
        description="" if description is None else description.text(),
        url="" if url is None else url.text(),
        said_at=found.at("created_at").time().timestamp(),
    )
