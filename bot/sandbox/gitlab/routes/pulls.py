"""Merge requests: https://docs.gitlab.com/api/merge_requests/."""

from __future__ import annotations

from http import HTTPStatus

from bot.errors import Rejected
from bot.sandbox.forge.merging import MergeMethod
from bot.sandbox.forge.repositories import BareRepository
from bot.sandbox.gitlab import branches, pulls
from bot.sandbox.gitlab.http import Answer, Call, Form, Refusal, Route, forbidden, not_found
from bot.sandbox.gitlab.payloads import api
from bot.sandbox.gitlab.state import DEVELOPER, MergeRequest


class _OpenForm(Form):
    source_branch: str
    target_branch: str
    title: str


class _MergeForm(Form):
    squash: bool = False


def _list(call: Call) -> Answer:
    state = call.query.get("state", "all")
    found = [one for one in call.project.pulls.values() if state in {"all", one.state}]
    newest_first = call.query.get("sort", "desc") == "desc"
    found.sort(key=lambda one: one.number, reverse=newest_first)
    return call.page([api.merge_request(call.world, one) for one in found])


def _one(call: Call) -> Answer:
    return Answer(api.whole_merge_request(call.world, call.pull(), asked_by=call.account))


def _open(call: Call) -> Answer:
    form = call.form(_OpenForm)
    proposal = pulls.Proposal(call.project, form.source_branch, form.target_branch, form.title, call.account)
    try:
        pull = pulls.open_pull(call.world, call.project, proposal)
    except Rejected as error:
        raise Refusal(HTTPStatus.CONFLICT, {"message": [error.message]}) from error
    return Answer(api.whole_merge_request(call.world, pull, asked_by=call.account), HTTPStatus.CREATED)


def _merge(call: Call) -> Answer:
    pull, form = call.pull(), call.form(_MergeForm)
    if call.project.level_of(call.account) < call.project.protected.get(pull.base_ref, DEVELOPER):
        raise forbidden()
    method = MergeMethod.SQUASH if form.squash else MergeMethod.MERGE
    try:
        branches.land(call.world, pull, method=method, user=call.account)
    except Rejected as error:
        raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, {"message": "Branch cannot be merged"}) from error
    return Answer(api.whole_merge_request(call.world, pull, asked_by=call.account))


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
    Route("POST", "/projects/:id/merge_requests", _open, level=DEVELOPER),
    Route("GET", "/projects/:id/merge_requests/:merge_request_iid", _one),
    Route("PUT", "/projects/:id/merge_requests/:merge_request_iid/merge", _merge, level=DEVELOPER),
    Route("GET", "/projects/:id/merge_requests/:merge_request_iid/versions", _versions),
    Route("GET", "/projects/:id/repository/commits/:sha/merge_requests", _of_commit),
)
