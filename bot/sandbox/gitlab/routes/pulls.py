"""Merge requests: https://docs.gitlab.com/api/merge_requests/."""

from __future__ import annotations

from bot.sandbox.github.repositories import BareRepository
from bot.sandbox.gitlab.http import Answer, Call, Route, not_found
from bot.sandbox.gitlab.payloads import api
from bot.sandbox.gitlab.state import MergeRequest


def _list(call: Call) -> Answer:
    state = call.query.get("state", "all")
    found = [one for one in call.project.pulls.values() if state in {"all", one.state}]
    newest_first = call.query.get("sort", "desc") == "desc"
    found.sort(key=lambda one: one.number, reverse=newest_first)
    return call.page([api.merge_request(call.world, one) for one in found])


def _one(call: Call) -> Answer:
    return Answer(api.whole_merge_request(call.world, call.pull(), asked_by=call.account))


def _versions(call: Call) -> Answer:
    pull = call.pull()
    return call.page([api.version(pull, one) for one in reversed(pull.versions)])


def _of_commit(call: Call) -> Answer:
    sha = BareRepository(call.project.path).resolve(call.params["sha"])
    if sha is None:
        raise not_found("Commit")
    found = [one for one in call.project.pulls.values() if _has(one, sha)]
    return call.page([api.merge_request(call.world, one) for one in found])


def _has(pull: MergeRequest, sha: str) -> bool:
    """Whether a merge request introduced a commit, or landed as it."""
    if sha in {pull.merge_commit_sha, pull.squash_commit_sha, pull.head_sha}:
        return True
    git, version = BareRepository(pull.project.path), pull.versions[-1]
    return any(str(one.id) == sha for one in git.log(version.head_sha, without=version.base_sha))


ROUTES = (
    Route("GET", "/projects/:id/merge_requests", _list),
    Route("GET", "/projects/:id/merge_requests/:merge_request_iid", _one),
    Route("GET", "/projects/:id/merge_requests/:merge_request_iid/versions", _versions),
    Route("GET", "/projects/:id/repository/commits/:sha/merge_requests", _of_commit),
)
