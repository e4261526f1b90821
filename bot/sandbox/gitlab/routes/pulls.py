"""Merge requests: https://docs.gitlab.com/api/merge_requests/."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import Literal

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
    description: str | None = None


class _ChangeForm(Form):
    state_event: Literal["close", "reopen"] | None = None
    reviewer_ids: list[int] | None = None


class _MergeForm(Form):
    squash: bool = False
    sha: str | None = None


def _list(call: Call) -> Answer:
    state = call.query.get("state", "all")
    branch = call.query.get("source_branch")
    found = [
        one for one in call.project.pulls.values() if state in {"all", one.state} and branch in {None, one.head_ref}
    ]
    newest_first = call.query.get("sort", "desc") == "desc"
    found.sort(key=lambda one: one.number, reverse=newest_first)
    return call.page([api.merge_request(call.world, one) for one in found])


def _one(call: Call) -> Answer:
    return Answer(api.whole_merge_request(call.world, call.pull(), asked_by=call.account))


def _open(call: Call) -> Answer:
    form = call.form(_OpenForm)
    proposal = pulls.Proposal(call.project, form.source_branch, form.target_branch, form.title, call.account)
    proposal = replace(proposal, description=form.description)
    try:
        pull = pulls.open_pull(call.world, call.project, proposal)
    except Rejected as error:
        raise Refusal(HTTPStatus.CONFLICT, {"message": [error.message]}) from error
    return Answer(api.whole_merge_request(call.world, pull, asked_by=call.account), HTTPStatus.CREATED)


def _change(call: Call) -> Answer:
    pull, form = call.pull(), call.form(_ChangeForm)
    if form.state_event == "close":
        pulls.close(call.world, pull, sender=call.account)
    elif form.state_event == "reopen" and pull.state == "closed":
        pulls.reopen(call.world, pull, sender=call.account)
    if form.reviewer_ids is not None:
        known = {one.id: one for one in call.world.accounts.values()}
        wanted = [known[number] for number in form.reviewer_ids if number in known]
        pulls.review_by(call.world, pull, wanted, sender=call.account)
    return Answer(api.whole_merge_request(call.world, pull, asked_by=call.account))


def _merge(call: Call) -> Answer:
    pull, form = call.pull(), call.form(_MergeForm)
    if form.sha not in {None, pull.head_sha}:
        raise Refusal(HTTPStatus.CONFLICT, {"message": "SHA does not match HEAD of source branch"})
    if call.project.level_of(call.account) < call.project.protected.get(pull.base_ref, DEVELOPER):
        raise forbidden()
    method = MergeMethod.SQUASH if form.squash else MergeMethod.MERGE
    try:
        branches.land(call.world, pull, method=method, user=call.account)
    except Rejected as error:
        raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, {"message": "Branch cannot be merged"}) from error
    return Answer(api.whole_merge_request(call.world, pull, asked_by=call.account))


def _approvals(call: Call) -> Answer:
    return Answer(api.approvals(call.world, call.pull(), asked_by=call.account))


def _reviewers(call: Call) -> Answer:
    return Answer(api.reviewers(call.world, call.pull()))


def _versions(call: Call) -> Answer:
    pull = call.pull()
    return call.page([api.version(pull, one) for one in reversed(pull.versions)])


def _label_events(call: Call) -> Answer:
    pull = call.pull()
    return call.page([api.label_event(call.world, pull, one) for one in pull.label_events])


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
    Route("PUT", "/projects/:id/merge_requests/:merge_request_iid", _change, level=DEVELOPER),
    Route("PUT", "/projects/:id/merge_requests/:merge_request_iid/merge", _merge, level=DEVELOPER),
    Route("GET", "/projects/:id/merge_requests/:merge_request_iid/versions", _versions),
    Route("GET", "/projects/:id/merge_requests/:merge_request_iid/approvals", _approvals),
    Route("GET", "/projects/:id/merge_requests/:merge_request_iid/reviewers", _reviewers),
    Route("GET", "/projects/:id/merge_requests/:merge_request_iid/resource_label_events", _label_events),
    Route("GET", "/projects/:id/repository/commits/:sha/merge_requests", _of_commit),
)
