"""Repositories, branches, refs and contents as GitHub writes them."""

from __future__ import annotations

from typing import Any

from bot.sandbox.forge.accounts import Account
from bot.sandbox.forge.clock import timestamp
from bot.sandbox.github.payloads.accounts import node_id, simple_user
from bot.sandbox.github.state import Label, Repository, World

_PATHS = {
    "archive_url": "{archive_format}{/ref}",
    "assignees_url": "assignees{/user}",
    "blobs_url": "git/blobs{/sha}",
    "branches_url": "branches{/branch}",
    "collaborators_url": "collaborators{/collaborator}",
    "comments_url": "comments{/number}",
    "commits_url": "commits{/sha}",
    "compare_url": "compare/{base}...{head}",
    "contents_url": "contents/{+path}",
    "contributors_url": "contributors",
    "deployments_url": "deployments",
    "downloads_url": "downloads",
    "events_url": "events",
    "forks_url": "forks",
    "git_commits_url": "git/commits{/sha}",
    "git_refs_url": "git/refs{/sha}",
    "git_tags_url": "git/tags{/sha}",
    "hooks_url": "hooks",
    "issue_comment_url": "issues/comments{/number}",
    "issue_events_url": "issues/events{/number}",
    "issues_url": "issues{/number}",
    "keys_url": "keys{/key_id}",
    "labels_url": "labels{/name}",
    "languages_url": "languages",
    "merges_url": "merges",
    "milestones_url": "milestones{/number}",
    "notifications_url": "notifications{?since,all,participating}",
    "pulls_url": "pulls{/number}",
    "releases_url": "releases{/id}",
    "stargazers_url": "stargazers",
    "statuses_url": "statuses/{sha}",
    "subscribers_url": "subscribers",
    "subscription_url": "subscription",
    "tags_url": "tags",
    "teams_url": "teams",
    "trees_url": "git/trees{/sha}",
}
_ROLES = ("read", "triage", "write", "maintain", "admin")
_WORDS = {"read": "pull", "triage": "triage", "write": "push", "maintain": "maintain", "admin": "admin"}


def api_url(world: World, repository: Repository) -> str:
    """Return a repository's place in the API."""
    return f"{world.api}/repos/{repository.full_name}"


def html_url(world: World, repository: Repository) -> str:
    """Return a repository's page."""
    return f"{world.site}/{repository.full_name}"


def clone_url(world: World, repository: Repository) -> str:
    """Return where Git finds a repository."""
    return f"{world.site}/{repository.full_name}.git"


def minimal(world: World, repository: Repository) -> dict[str, Any]:
    """Return a repository as it appears inside other answers."""
    url = api_url(world, repository)
    return {
        "id": repository.id,
        "node_id": node_id("Repository", repository.id),
        "name": repository.name,
        "full_name": repository.full_name,
        "owner": simple_user(world, repository.owner),
        "private": repository.private,
        "html_url": html_url(world, repository),
        "description": None,
        "fork": repository.parent is not None,
        "url": url,
        **{name: f"{url}/{path}" for name, path in _PATHS.items()},
    }


def full(world: World, repository: Repository) -> dict[str, Any]:
    """Return a repository as lists of repositories and pull requests hold it."""
    forks = sum(one.parent is repository for one in world.repositories.values())
    open_pulls = sum(pull.open for pull in repository.pulls.values())
    site = html_url(world, repository)
    pushed = timestamp(repository.pushed_at or repository.created_at)
    zero = dict.fromkeys(("stargazers_count", "watchers_count", "watchers", "size"), 0)
    off = ("has_pages", "has_discussions", "archived", "disabled", "is_template", "web_commit_signoff_required")
    return {
        **minimal(world, repository),
        **zero,
        **dict.fromkeys(off, False),
        **dict.fromkeys(("has_issues", "has_projects", "has_wiki", "allow_forking"), True),
        **dict.fromkeys(("mirror_url", "homepage", "language", "license")),
        "git_url": clone_url(world, repository),
        "ssh_url": clone_url(world, repository),
        "clone_url": clone_url(world, repository),
        "svn_url": site,
        "topics": [],
        "visibility": "private" if repository.private else "public",
        "default_branch": repository.default_branch,
        "forks": forks,
        "forks_count": forks,
        "open_issues": open_pulls,
        "open_issues_count": open_pulls,
        "created_at": timestamp(repository.created_at),
        "updated_at": pushed,
        "pushed_at": pushed,
    }


def own_page(world: World, repository: Repository, *, role: str) -> dict[str, Any]:
    """Return a repository's own answer, with what the caller may do in it."""
    page = {
        **full(world, repository),
        "permissions": role_permissions(role),
        "allow_merge_commit": True,
        "allow_squash_merge": True,
        "allow_rebase_merge": True,
        "delete_branch_on_merge": False,
        "subscribers_count": 0,
        "network_count": 0,
    }
    if repository.parent is not None:
        page["parent"] = page["source"] = full(world, repository.parent)
    return page


def pushed(world: World, repository: Repository) -> dict[str, Any]:
    """Return a repository as push events hold it: times of creation and push in seconds."""
    owner = {**simple_user(world, repository.owner), "name": repository.owner.login, "email": None}
    return {
        **full(world, repository),
        "owner": owner,
        "url": html_url(world, repository),
        "created_at": int(repository.created_at),
        "pushed_at": int(repository.pushed_at),
        "stargazers": 0,
        "master_branch": repository.default_branch,
    }


def role_permissions(role: str) -> dict[str, bool]:
    """Return what a role includes, in the old five words."""
    rank = _ROLES.index(role) if role in _ROLES else -1
    return {_WORDS[name]: index <= rank for index, name in enumerate(_ROLES)}


def collaborator_permission(world: World, repository: Repository, account: Account) -> dict[str, Any]:
    """Return what an account may do: in `permission` as one of admin, write, read, none, in `role_name` exactly."""
    role = repository.role_of(account)
    legacy = {"maintain": "write", "triage": "read"}.get(role, role)
    user = {**simple_user(world, account), "permissions": role_permissions(role), "role_name": role}
    return {"permission": legacy, "role_name": role, "user": user}


def label(world: World, repository: Repository, one: Label) -> dict[str, Any]:
    """Return a label."""
    return {
        "id": one.id,
        "node_id": node_id("Label", one.id),
        "url": f"{api_url(world, repository)}/labels/{one.name}",
        "name": one.name,
        "description": None,
        "color": one.color,
        "default": False,
        "archived_at": None,
        "archived_by": None,
    }


def git_ref(world: World, repository: Repository, *, ref: str, sha: str) -> dict[str, Any]:
    """Return a Git ref that points at a commit."""
    url = api_url(world, repository)
    return {
        "ref": ref,
        "node_id": node_id("Ref", f"{repository.full_name}:{ref}"),
        "url": f"{url}/git/{ref}",
        "object": {"sha": sha, "type": "commit", "url": f"{url}/git/commits/{sha}"},
    }


def short_branch(world: World, repository: Repository, *, name: str, sha: str) -> dict[str, Any]:
    """Return a branch as the list of branches holds it."""
    commit = {"sha": sha, "url": f"{api_url(world, repository)}/commits/{sha}"}
    return {"name": name, "commit": commit, "protected": False}
