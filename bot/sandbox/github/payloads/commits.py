"""Commits, changed files and comparisons as GitHub writes them."""

from __future__ import annotations

from typing import Any

import pygit2

from bot.sandbox.forge.accounts import Account
from bot.sandbox.forge.clock import timestamp
from bot.sandbox.forge.repositories import BareRepository
from bot.sandbox.github.diffs import ChangedFile, changed_files
from bot.sandbox.github.payloads.accounts import node_id, simple_user
from bot.sandbox.github.payloads.repositories import api_url, html_url
from bot.sandbox.github.state import Repository, World

_VERIFICATION = {"verified": False, "reason": "unsigned", "signature": None, "payload": None, "verified_at": None}


def git_commit(world: World, repository: Repository, commit: pygit2.Commit) -> dict[str, Any]:
    """Return a commit as the Git database sees it."""
    url, sha = api_url(world, repository), str(commit.id)
    return {
        "sha": sha,
        "node_id": node_id("Commit", sha),
        "url": f"{url}/git/commits/{sha}",
        "html_url": f"{html_url(world, repository)}/commit/{sha}",
        "author": _git_user(commit.author),
        "committer": _git_user(commit.committer),
        "message": commit.message,
        "tree": {"sha": str(commit.tree_id), "url": f"{url}/git/trees/{commit.tree_id}"},
        "parents": _parents(world, repository, commit, place="git/commits"),
        "verification": _VERIFICATION,
    }


def commit_item(world: World, repository: Repository, commit: pygit2.Commit) -> dict[str, Any]:
    """Return a commit as lists of commits hold it."""
    url, sha = api_url(world, repository), str(commit.id)
    return {
        "sha": sha,
        "node_id": node_id("Commit", sha),
        "url": f"{url}/commits/{sha}",
        "html_url": f"{html_url(world, repository)}/commit/{sha}",
        "comments_url": f"{url}/commits/{sha}/comments",
        "commit": {
            "url": f"{url}/git/commits/{sha}",
            "author": _git_user(commit.author),
            "committer": _git_user(commit.committer),
            "message": commit.message,
            "comment_count": 0,
            "tree": {"sha": str(commit.tree_id), "url": f"{url}/git/trees/{commit.tree_id}"},
            "verification": _VERIFICATION,
        },
        "author": _account(world, commit.author.name),
        "committer": _account(world, commit.committer.name),
        "parents": _parents(world, repository, commit, place="commits"),
    }


def commit_page(world: World, repository: Repository, sha: str) -> dict[str, Any]:
    """Return a commit's own answer, with what it changed against its first parent."""
    git = BareRepository(repository.path)
    commit = git.commit(sha)
    parent = str(commit.parent_ids[0]) if commit.parent_ids else None
    files = [diff_entry(world, repository, one, at=sha) for one in changed_files(git, base=parent, head=sha)]
    additions, deletions = (sum(int(one[key]) for one in files) for key in ("additions", "deletions"))
    stats = {"additions": additions, "deletions": deletions, "total": additions + deletions}
    return {**commit_item(world, repository, commit), "stats": stats, "files": files}


def simple_commit(commit: pygit2.Commit) -> dict[str, Any]:
    """Return a commit as check suites and merge groups hold it."""
    return {
        "id": str(commit.id),
        "tree_id": str(commit.tree_id),
        "message": commit.message,
        "timestamp": timestamp(commit.committer.time),
        "author": {"name": commit.author.name, "email": commit.author.email},
        "committer": {"name": commit.committer.name, "email": commit.committer.email},
    }


def pushed_commit(world: World, repository: Repository, commit: pygit2.Commit) -> dict[str, Any]:
    """Return a commit as push events hold it, with the paths it touched."""
    parent = str(commit.parent_ids[0]) if commit.parent_ids else None
    files = changed_files(BareRepository(repository.path), base=parent, head=str(commit.id))
    return {
        **simple_commit(commit),
        "distinct": True,
        "url": f"{html_url(world, repository)}/commit/{commit.id}",
        "author": _pusher(commit.author),
        "committer": _pusher(commit.committer),
        "added": [one.path for one in files if one.status in {"added", "renamed", "copied"}],
        "removed": [one.previous_path or one.path for one in files if one.status in {"removed", "renamed"}],
        "modified": [one.path for one in files if one.status in {"modified", "changed"}],
    }


def diff_entry(world: World, repository: Repository, one: ChangedFile, *, at: str) -> dict[str, Any]:
    """Return one changed file; `at` is the commit whose content the links show."""
    site = html_url(world, repository)
    entry: dict[str, Any] = {
        "sha": one.sha,
        "filename": one.path,
        "status": one.status,
        "additions": one.additions,
        "deletions": one.deletions,
        "changes": one.additions + one.deletions,
        "blob_url": f"{site}/blob/{at}/{one.path}",
        "raw_url": f"{site}/raw/{at}/{one.path}",
        "contents_url": f"{api_url(world, repository)}/contents/{one.path}?ref={at}",
    }
    if one.patch is not None and len(one.patch) <= world.behaviour.patch_limit:
        entry["patch"] = one.patch
    if one.previous_path is not None:
        entry["previous_filename"] = one.previous_path
    return entry


def comparison(world: World, repository: Repository, *, base: str, head: str) -> dict[str, Any]:
    """Return how two commits relate, `base...head`; they must share history."""
    git = BareRepository(repository.path)
    ancestor = git.merge_base(base, head) or base
    ahead, behind = git.log(head, without=base), git.log(base, without=head)
    word = {(False, False): "identical", (True, False): "ahead", (False, True): "behind", (True, True): "diverged"}
    url = f"{api_url(world, repository)}/compare/{base}...{head}"
    site = f"{html_url(world, repository)}/compare/{base}...{head}"
    changes = changed_files(git, base=ancestor, head=head)
    return {
        "url": url,
        "html_url": site,
        "permalink_url": site,
        "diff_url": f"{site}.diff",
        "patch_url": f"{site}.patch",
        "base_commit": commit_item(world, repository, git.commit(base)),
        "merge_base_commit": commit_item(world, repository, git.commit(ancestor)),
        "status": word[bool(ahead), bool(behind)],
        "ahead_by": len(ahead),
        "behind_by": len(behind),
        "total_commits": len(ahead),
        "commits": [commit_item(world, repository, one) for one in reversed(ahead)],
        "files": [diff_entry(world, repository, one, at=head) for one in changes],
    }


def _git_user(signature: pygit2.Signature) -> dict[str, str]:
    return {"name": signature.name, "email": signature.email, "date": timestamp(signature.time)}


def _pusher(signature: pygit2.Signature) -> dict[str, str]:
    return {"name": signature.name, "email": signature.email, "username": signature.name}


def _account(world: World, name: str) -> dict[str, Any] | None:
    account: Account | None = world.accounts.get(name.lower())
    return None if account is None else simple_user(world, account)


def _parents(world: World, repository: Repository, commit: pygit2.Commit, *, place: str) -> list[dict[str, str]]:
    url, site = api_url(world, repository), html_url(world, repository)
    return [
        {"sha": str(sha), "url": f"{url}/{place}/{sha}", "html_url": f"{site}/commit/{sha}"}
        for sha in commit.parent_ids
    ]
