"""Pull requests: list, read, open, change, files, commits, merge."""

from __future__ import annotations

from http import HTTPStatus
from typing import Literal

from bot.sandbox.forge.merging import MergeMethod
from bot.sandbox.forge.repositories import BareRepository
from bot.sandbox.github import branches
from bot.sandbox.github import pulls as rules
from bot.sandbox.github.diffs import three_dot
from bot.sandbox.github.http import Answer, Call, Form, Refusal, Route, invalid, not_found
from bot.sandbox.github.payloads import commits, pulls
from bot.sandbox.github.state import PullRequest

_READ, _WRITE = ("pull_requests:read",), ("pull_requests:write",)
_MOST_FILES, _MOST_COMMITS = 3000, 250
"""GitHub lists no more: https://docs.github.com/en/rest/pulls/pulls#list-pull-requests-files"""


class PullRequestForm(Form):
    """Body that opens a pull request."""

    title: str
    head: str
    base: str
    body: str | None = None
    draft: bool = False


class PullRequestChangeForm(Form):
    """Body that changes a pull request; None leaves a field."""

    title: str | None = None
    body: str | None = None
    state: Literal["open", "closed"] | None = None
    base: str | None = None


class MergeForm(Form):
    """Body that merges a pull request."""

    commit_title: str | None = None
    commit_message: str | None = None
    sha: str | None = None
    merge_method: Literal["merge", "squash", "rebase"] = "merge"


def list_pulls(call: Call) -> Answer:
    """Answer with pull requests, filtered by state, head and base; newest first unless asked otherwise."""
    query = call.query
    state, head, base = query.get("state", "open"), query.get("head"), query.get("base")
    found = [
        pull
        for pull in call.repository.pulls.values()
        if (state == "all" or pull.open == (state == "open"))
        and head in {None, pull.head_label}
        and base in {None, pull.base_ref}
    ]
    by_update = query.get("sort") == "updated"
    ascending = query.get("direction", "desc" if query.get("sort", "created") == "created" else "asc") == "asc"
    found.sort(key=lambda pull: (pull.updated_at if by_update else 0.0, pull.number), reverse=not ascending)
    return call.page([pulls.simple_pull(call.world, pull) for pull in found])


def get_pull(call: Call) -> Answer:
    """Answer with a pull request; `mergeable` is null until GitHub has tried."""
    pull = call.pull()
    rules.learn_mergeability(call.world, pull)
    return Answer(pulls.full_pull(call.world, pull))


def open_pull(call: Call) -> Answer:
    """Open a pull request; `head` may name a fork's owner, `owner:branch`."""
    form, source = call.form(PullRequestForm), call.repository
    owner, colon, branch = form.head.partition(":")
    if colon and owner.lower() != source.owner.login.lower():
        forks = [one for one in call.world.repositories.values() if one.parent is source]
        source = next((one for one in forks if one.owner.login.lower() == owner.lower()), source)
        if source is call.repository:
            raise invalid("PullRequest", "head")
    proposal = rules.Proposal(
        head_repository=source,
        head=branch if colon else form.head,
        base=form.base,
        title=form.title,
        user=call.account,
        body=form.body,
        draft=form.draft,
    )
    pull = rules.open_pull(call.world, call.repository, proposal)
    return Answer(pulls.full_pull(call.world, pull), HTTPStatus.CREATED)


def change_pull(call: Call) -> Answer:
    """Change title, body, base or state."""
    form, pull, world = call.form(PullRequestChangeForm), call.pull(), call.world
    rules.describe(world, pull, title=form.title, body=form.body, sender=call.account)
    if form.base is not None and form.base != pull.base_ref:
        rules.retarget(world, pull, base=form.base, sender=call.account)
    if form.state == "closed":
        rules.close(world, pull, sender=call.account)
    elif form.state == "open" and not pull.open:
        rules.reopen(world, pull, sender=call.account)
    return Answer(pulls.full_pull(world, pull))


def list_files(call: Call) -> Answer:
    """Answer with the files a pull request changes since it left its base."""
    pull = call.pull()
    changed = three_dot(_git(pull), base=pull.base_sha, head=pull.head_sha)[:_MOST_FILES]
    return call.page([commits.diff_entry(call.world, pull.head_repository, one, at=pull.head_sha) for one in changed])


def list_commits(call: Call) -> Answer:
    """Answer with the commits of a pull request, oldest first."""
    pull = call.pull()
    found = _git(pull).log(pull.head_sha, without=pull.base_sha)[::-1][:_MOST_COMMITS]
    return call.page([commits.commit_item(call.world, pull.repository, one) for one in found])


def is_merged(call: Call) -> Answer:
    """Answer 204 when merged, else 404."""
    if call.pull().merged_at is None:
        raise not_found()
    return Answer(status=HTTPStatus.NO_CONTENT)


def merge(call: Call) -> Answer:
    """Merge a pull request."""
    form, pull = call.form(MergeForm), call.pull()
    order = rules.MergeOrder(
        user=call.account,
        method=MergeMethod(form.merge_method),
        title=form.commit_title,
        message=form.commit_message,
        expected_head=form.sha,
    )
    sha = branches.land(call.world, pull, order)
    return Answer({"sha": sha, "merged": True, "message": "Pull Request successfully merged"})


def pulls_of_commit(call: Call) -> Answer:
    """Answer with the pull requests that brought a commit, or that have it among theirs."""
    sha = BareRepository(call.repository.path).resolve(call.params["commit_sha"])
    if sha is None:
        message = f"No commit found for SHA: {call.params['commit_sha']}"
        raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, message)
    found = [pull for pull in call.repository.pulls.values() if _brought(pull, sha)]
    return call.page([pulls.simple_pull(call.world, pull) for pull in found])


ROUTES = (
    Route("GET", "/repos/{owner}/{repo}/pulls", list_pulls, _READ),
    Route("POST", "/repos/{owner}/{repo}/pulls", open_pull, _WRITE, creates_content=True),
    Route("GET", "/repos/{owner}/{repo}/pulls/{pull_number}", get_pull, _READ),
    Route("PATCH", "/repos/{owner}/{repo}/pulls/{pull_number}", change_pull, _WRITE),
    Route("GET", "/repos/{owner}/{repo}/pulls/{pull_number}/files", list_files, _READ),
    Route("GET", "/repos/{owner}/{repo}/pulls/{pull_number}/commits", list_commits, _READ),
    Route("GET", "/repos/{owner}/{repo}/pulls/{pull_number}/merge", is_merged, ("contents:read",)),
    Route("PUT", "/repos/{owner}/{repo}/pulls/{pull_number}/merge", merge, ("contents:write",)),
    Route("GET", "/repos/{owner}/{repo}/commits/{commit_sha}/pulls", pulls_of_commit, _READ),
)


def _git(pull: PullRequest) -> BareRepository:
    return BareRepository(pull.repository.path)


def _brought(pull: PullRequest, sha: str) -> bool:
    if pull.merged_at is not None and pull.merge_commit_sha == sha:
        return True
    return sha in {str(one.id) for one in _git(pull).log(pull.head_sha, without=pull.base_sha)}
