"""What is said about commits: by check runs where an App may write them, else by commit statuses, never by both.

A context that a commit has as one goes on as that: were it said anew as the other, what was said first would stay, and
where it is required both would count.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from bot.forges import limits
from bot.forges.github import runs
from bot.forges.github.asking import TOGETHER, whole_sha
from bot.forges.github.errors import Forbidden
from bot.forges.github.payload import BadAnswer
from bot.model.changes import CommitStatus, StatusState
from bot.model.pacing import Charge

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from bot.forges.github.asking import Asking
    from bot.forges.github.payload import Payload
    from bot.forges.port import Said
    from bot.model.changes import Repository

_DESCRIPTION: Final = 140
"""Characters: https://docs.github.com/en/rest/commits/statuses#create-a-commit-status"""


@dataclass(frozen=True, slots=True)
class _Write:
    context: str
    method: str
    path: str
    body: Mapping[str, Any]
    by_run: bool


class Statuses:
    """The statuses of commits; safe to use from threads."""

    def __init__(self, asking: Asking, clock: Callable[[], float]) -> None:
        self._asking = asking
        self._clock = clock

    def say(self, repository: Repository, sha: str, statuses: Iterable[CommitStatus], *, before: Said) -> Said:
        """Write those that are not there yet; return the run, or the status, that says each."""
        wanted = [limits.status(status, longest=_DESCRIPTION) for status in statuses]
        by_runs, found, known = self._known(repository, sha, [one.context for one in wanted], before)
        writes = []
        for one in wanted:
            run = found.get(one.context)
            if not by_runs or (run is None and one.context in known):
                writes += [] if known.get(one.context) == one else [_by_status(one, sha)]
            elif run is None or not run.says(one):
                writes.append(_by_run(one, run, sha, now=self._clock()))
        said: dict[str, object] = {**known, **found}
        for start in range(0, len(writes), TOGETHER):
            some = writes[start : start + TOGETHER]
            self._asking.take(repository, Charge.WRITE, whose=f"/statuses/{sha}", requests=len(some))
            for write in some:
                said.pop(write.context, None)
                answer = self._asking.ask(write.method, write.path, repository, body=write.body).payload
                with suppress(BadAnswer):  # it is written; who speaks next reads it
                    said[write.context] = runs.read(answer) if write.by_run else _status(answer)
        return {one.context: said[one.context] for one in wanted if one.context in said}

    def _known(
        self, repository: Repository, sha: str, contexts: Collection[str], before: Said
    ) -> tuple[bool, dict[str, runs.Run], dict[str, CommitStatus]]:
        """Return whether runs may be written, and what is said of a commit; nothing is read where `before` knows it."""
        by_runs = self._asking.may_check(repository)
        earlier_runs = {name: one for name in contexts if isinstance(one := before.get(name), runs.Run)}
        earlier = {name: one for name in contexts if isinstance(one := before.get(name), CommitStatus)}
        if earlier_runs.keys() | earlier.keys() == set(contexts):
            return by_runs, earlier_runs, earlier
        found = self._runs(repository, sha) if by_runs else {}
        by_runs = by_runs and self._asking.may_check(repository)
        known = {} if all(one in found for one in contexts) else self._statuses(repository, sha)
        return by_runs, found, known

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
    return _Write(wanted.context, "POST", f"/statuses/{whole_sha(sha)}", body | target, by_run=False)


def _by_run(wanted: CommitStatus, run: runs.Run | None, sha: str, *, now: float) -> _Write:
    body = runs.body(wanted, now=now)
    if run is None or run.ended:
        return _Write(wanted.context, "POST", "/check-runs", {**body, "head_sha": whole_sha(sha)}, by_run=True)
    return _Write(wanted.context, "PATCH", f"/check-runs/{run.id}", body, by_run=True)


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
