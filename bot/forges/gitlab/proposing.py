"""Merge requests that Foresail opens: https://docs.gitlab.com/api/merge_requests/."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from bot.errors import Rejected, Temporary
from bot.forges.gitlab.errors import Forbidden, Invalid, NotFound
from bot.forges.gitlab.names import is_full_name
from bot.forges.gitlab.payload import read_change
from bot.forges.names import is_branch, is_sha
from bot.forges.port import GitCredentials
from bot.model.changes import Change, ChangeState, Repository
from bot.model.pacing import Charge

if TYPE_CHECKING:
    from bot.forges.gitlab.api import Api
    from bot.forges.port import Opening

_READY: Final = "mergeable"
"""https://docs.gitlab.com/api/merge_requests/#merge-status"""
_PASSED: Final = frozenset({"success", "skipped"})


class GitLabProposals:
    """What opens merge requests (bot.forges.port.Proposals)."""

    def __init__(self, api: Api, credentials: GitCredentials) -> None:
        self._api = api
        self._credentials = credentials

    def of_branch(self, repository: Repository, branch: str) -> tuple[Change, ...]:
        """Return the merge requests of a branch of the project; GitLab lists those of forks, too."""
        _check_branch(branch)
        query = {"state": "all", "source_branch": branch, "order_by": "created_at", "sort": "desc"}
        found = (one for one in self._api.pages(_root(repository), query=query) if one.find("sha") is not None)
        return tuple(one for each in found if not (one := read_change(each, repository)).from_fork)

    def open(self, repository: Repository, opening: Opening) -> Change:
        """Open a merge request; GitLab refuses a second one of a branch, with 409."""
        _check_branch(opening.branch)
        self._api.take(Charge.CONTENT, whose=f"{repository.full_name}: a change from {opening.branch}")
        body = {
            "source_branch": opening.branch,
            "target_branch": opening.base,
            "title": opening.title,
            "description": opening.body,
        }
        try:
            return read_change(self._api.ask("POST", _root(repository), body=body).payload, repository)
        except (Temporary, Invalid):
            found = [one for one in self.of_branch(repository, opening.branch) if one.state is ChangeState.OPEN]
            if not found:
                raise
            return found[0]

    def close(self, repository: Repository, number: int) -> None:
        """Close a merge request."""
        path = f"{_root(repository)}/{int(number)}"
        self._api.take(Charge.CONTENT, whose=f"closing {path}")
        self._api.ask("PUT", path, body={"state_event": "close"})

    def merge(self, repository: Repository, number: int, head_sha: str) -> str:
        """Merge a merge request: https://docs.gitlab.com/api/merge_requests/#merge-a-merge-request."""
        path = f"{_root(repository)}/{int(number)}"
        found = self._api.ask("GET", path).payload
        status, pipeline = found.at("detailed_merge_status").text(), found.find("head_pipeline")
        passed = pipeline is None or pipeline.at("status").text() in _PASSED
        if not is_sha(head_sha) or found.at("sha").sha() != head_sha:
            return "its head has moved"
        if status != _READY or not passed:
            return f"GitLab says that it is {status}" if status != _READY else "its pipeline has not passed"
        self._api.take(Charge.CONTENT, whose=f"merging {path}")
        try:
            self._api.ask("PUT", f"{path}/merge", body={"sha": head_sha})
        except (Invalid, NotFound, Forbidden) as error:
            return error.message
        return ""

    def push_credentials(self, repository: Repository) -> GitCredentials:
        """Return the token, which may push where its account may; it takes the scope `api` or `write_repository`."""
        _root(repository)
        return self._credentials


def _root(repository: Repository) -> str:
    if not is_full_name(repository.full_name):
        raise Rejected(f"{repository.full_name!r} is not a project's group/name")
    return f"/projects/{quote(repository.full_name, safe='')}/merge_requests"


def _check_branch(branch: str) -> None:
    if not is_branch(branch):
        raise Rejected(f"{branch!r} is not a branch's name")
