"""Pull requests, their conversation and reactions as GitHub writes them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from bot.sandbox.forge.accounts import Account
from bot.sandbox.forge.clock import timestamp
from bot.sandbox.forge.repositories import BareRepository
from bot.sandbox.github.diffs import three_dot
from bot.sandbox.github.payloads.accounts import integration, node_id, simple_user
from bot.sandbox.github.payloads.repositories import api_url, full, html_url, label
from bot.sandbox.github.payloads.teams import simple_team
from bot.sandbox.github.state import Comment, LabelEvent, PullRequest, Reaction, Repository, World

_EMOJI = ("+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes")
_ASSOCIATION = {"admin": "MEMBER", "maintain": "MEMBER", "write": "COLLABORATOR", "triage": "COLLABORATOR"}


def simple_pull(world: World, pull: PullRequest) -> dict[str, Any]:
    """Return a pull request as lists hold it."""
    repository = pull.repository
    url = f"{api_url(world, repository)}/pulls/{pull.number}"
    issue = f"{api_url(world, repository)}/issues/{pull.number}"
    site = f"{html_url(world, repository)}/pull/{pull.number}"
    links = {
        "issue_url": issue,
        "commits_url": f"{url}/commits",
        "review_comments_url": f"{url}/comments",
        "review_comment_url": f"{api_url(world, repository)}/pulls/comments{{/number}}",
        "comments_url": f"{issue}/comments",
        "statuses_url": f"{api_url(world, repository)}/statuses/{pull.head_sha}",
    }
    return {
        "url": url,
        "id": pull.id,
        "node_id": node_id("PullRequest", pull.id),
        "html_url": site,
        "diff_url": f"{site}.diff",
        "patch_url": f"{site}.patch",
        **links,
        "number": pull.number,
        **_progress(world, pull),
        "labels": [label(world, repository, one) for one in pull.labels],
        "head": _side(world, pull.head_repository, ref=pull.head_ref, sha=pull.head_sha),
        "base": _side(world, repository, ref=pull.base_ref, sha=pull.base_sha),
        "_links": {
            "self": {"href": url},
            "html": {"href": site},
            **{name.removesuffix("_url"): {"href": target} for name, target in links.items()},
        },
        "author_association": association(repository, pull.user),
        "auto_merge": None,
        "requested_reviewers": [simple_user(world, one) for one in pull.asked],
        "requested_teams": [simple_team(world, one) for one in pull.asked_teams],
    }


def full_pull(world: World, pull: PullRequest) -> dict[str, Any]:
    """Return a pull request's own answer, with its size and whether it can be merged."""
    git = BareRepository(pull.repository.path)
    files = three_dot(git, base=pull.base_sha, head=pull.head_sha)
    known = pull.mergeable is not None and pull.open
    state = {True: _checked(pull), False: "dirty", None: "unknown"}[pull.mergeable if pull.open else None]
    return {
        **simple_pull(world, pull),
        "merged": pull.merged_at is not None,
        "mergeable": pull.mergeable if pull.open else None,
        "rebaseable": pull.mergeable if known else None,
        "mergeable_state": "draft" if pull.draft and known else state,
        "merged_by": None if pull.merged_by is None else simple_user(world, pull.merged_by),
        "comments": len(pull.repository.comments_on(pull.number)),
        "review_comments": 0,
        "maintainer_can_modify": False,
        "commits": len(git.log(pull.head_sha, without=pull.base_sha)),
        "additions": sum(one.additions for one in files),
        "deletions": sum(one.deletions for one in files),
        "changed_files": len(files),
    }


_PASSED = frozenset({"success", "neutral", "skipped"})
"""https://docs.github.com/en/pull-requests/collaborating-with-pull-requests/collaborating-on-repositories-with-code-quality-features/about-status-checks"""


def _checked(pull: PullRequest) -> str:
    """Return what statuses make of a pull request that can be merged.

    https://docs.github.com/en/graphql/reference/enums#mergestatestatus
    """
    newest = {one.context: one.state for one in pull.repository.statuses.get(pull.head_sha, [])}
    for run in pull.repository.check_runs.values():
        if run.suite.head_sha == pull.head_sha:
            newest[run.name] = "success" if run.fields.get("conclusion") in _PASSED else "pending"
    if any(newest.get(context) != "success" for context in pull.repository.required):
        return "blocked"
    return "clean" if set(newest.values()) <= {"success"} else "unstable"


def minimal_pull(world: World, pull: PullRequest) -> dict[str, Any]:
    """Return a pull request as check runs and suites hold it."""
    return {
        "id": pull.id,
        "number": pull.number,
        "url": f"{api_url(world, pull.repository)}/pulls/{pull.number}",
        "head": _minimal_side(world, pull.head_repository, ref=pull.head_ref, sha=pull.head_sha),
        "base": _minimal_side(world, pull.repository, ref=pull.base_ref, sha=pull.base_sha),
    }


def issue(world: World, pull: PullRequest) -> dict[str, Any]:
    """Return a pull request as the issue that carries its conversation."""
    repository = pull.repository
    url = f"{api_url(world, repository)}/issues/{pull.number}"
    site = f"{html_url(world, repository)}/pull/{pull.number}"
    return {
        "id": pull.id,
        "node_id": node_id("PullRequest", pull.id),
        "url": url,
        "repository_url": api_url(world, repository),
        "labels_url": f"{url}/labels{{/name}}",
        "comments_url": f"{url}/comments",
        "events_url": f"{url}/events",
        "timeline_url": f"{url}/timeline",
        "html_url": site,
        "number": pull.number,
        **{
            name: value
            for name, value in _progress(world, pull).items()
            if name not in {"merged_at", "merge_commit_sha"}
        },
        "labels": [label(world, repository, one) for one in pull.labels],
        "comments": len(repository.comments_on(pull.number)),
        "author_association": association(repository, pull.user),
        "state_reason": None,
        "performed_via_github_app": None,
        "reactions": reaction_counts(url, pull.reactions),
        "pull_request": {
            "url": f"{api_url(world, repository)}/pulls/{pull.number}",
            "html_url": site,
            "diff_url": f"{site}.diff",
            "patch_url": f"{site}.patch",
            "merged_at": None if pull.merged_at is None else timestamp(pull.merged_at),
        },
    }


def label_event(world: World, repository: Repository, one: LabelEvent) -> dict[str, Any]:
    """Return a label put on or taken off, as a timeline has it."""
    return {
        "id": one.id,
        "node_id": node_id("LabeledEvent" if one.put else "UnlabeledEvent", one.id),
        "url": f"{api_url(world, repository)}/issues/events/{one.id}",
        "actor": simple_user(world, one.actor),
        "event": "labeled" if one.put else "unlabeled",
        "commit_id": None,
        "commit_url": None,
        "created_at": timestamp(one.created_at),
        "performed_via_github_app": None,
        "label": {"name": one.label.name, "color": one.label.color},
    }


def comment(world: World, one: Comment) -> dict[str, Any]:
    """Return a comment in a pull request's conversation."""
    repository = one.pull.repository
    url = f"{api_url(world, repository)}/issues/comments/{one.id}"
    return {
        "id": one.id,
        "node_id": node_id("IssueComment", one.id),
        "url": url,
        "html_url": f"{html_url(world, repository)}/pull/{one.pull.number}#issuecomment-{one.id}",
        "issue_url": f"{api_url(world, repository)}/issues/{one.pull.number}",
        "body": one.body,
        "user": simple_user(world, one.user),
        "created_at": timestamp(one.created_at),
        "updated_at": timestamp(one.updated_at),
        "author_association": association(repository, one.user),
        "performed_via_github_app": None if one.app is None else integration(world, one.app),
        "reactions": reaction_counts(url, one.reactions),
    }


def reaction(world: World, one: Reaction) -> dict[str, Any]:
    """Return one reaction."""
    return {
        "id": one.id,
        "node_id": node_id("Reaction", one.id),
        "user": simple_user(world, one.user),
        "content": one.content,
        "created_at": timestamp(one.created_at),
    }


def reaction_counts(url: str, reactions: Sequence[Reaction]) -> dict[str, Any]:
    """Return how many reactions of each kind there are."""
    counts = Counter(one.content for one in reactions)
    return {"url": f"{url}/reactions", "total_count": len(reactions), **{name: counts[name] for name in _EMOJI}}


def association(repository: Repository, account: Account) -> str:
    """Return how an author relates to a repository."""
    if account.id == repository.owner.id:
        return "OWNER"
    return _ASSOCIATION.get(repository.role_of(account), "NONE")


def _progress(world: World, pull: PullRequest) -> dict[str, Any]:
    return {
        "state": "open" if pull.open else "closed",
        "locked": False,
        "active_lock_reason": None,
        "title": pull.title,
        "user": simple_user(world, pull.user),
        "body": pull.body,
        "assignee": None,
        "assignees": [],
        "milestone": None,
        "draft": pull.draft,
        "created_at": timestamp(pull.created_at),
        "updated_at": timestamp(pull.updated_at),
        "closed_at": None if pull.closed_at is None else timestamp(pull.closed_at),
        "merged_at": None if pull.merged_at is None else timestamp(pull.merged_at),
        "merge_commit_sha": pull.merge_commit_sha,
    }


def _side(world: World, repository: Repository, *, ref: str, sha: str) -> dict[str, Any]:
    return {
        "label": f"{repository.owner.login}:{ref}",
        "ref": ref,
        "sha": sha,
        "user": simple_user(world, repository.owner),
        "repo": full(world, repository),
    }


def _minimal_side(world: World, repository: Repository, *, ref: str, sha: str) -> dict[str, Any]:
    repo = {"id": repository.id, "url": api_url(world, repository), "name": repository.name}
    return {"ref": ref, "sha": sha, "repo": repo}
