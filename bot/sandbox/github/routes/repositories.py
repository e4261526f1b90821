"""Repositories, people and what they may do, branches, refs, commits and contents."""

from __future__ import annotations

import base64
from http import HTTPStatus
from typing import Any

import pygit2

from bot.sandbox.forge.accounts import Account
from bot.sandbox.forge.repositories import BareRepository
from bot.sandbox.github.http import Answer, Audience, Call, Refusal, Route, not_found
from bot.sandbox.github.payloads import accounts, commits, repositories

_CONTENTS = ("contents:read",)


def get_repository(call: Call) -> Answer:
    """Answer with a repository."""
    account = call.actor.account
    role = "none" if account is None else call.repository.role_of(account)
    return Answer(repositories.own_page(call.world, call.repository, role=role))


def get_user(call: Call) -> Answer:
    """Answer with an account."""
    return Answer(accounts.public_user(call.world, _account(call, call.params["username"])))


def get_self(call: Call) -> Answer:
    """Answer with the person whose token this is; an installation is nobody."""
    if call.actor.installation is not None:
        raise Refusal(HTTPStatus.FORBIDDEN, "Resource not accessible by integration")
    return Answer(accounts.public_user(call.world, call.account))


def get_rate_limit(call: Call) -> Answer:
    """Answer with what the caller has left; asking costs nothing."""
    now = call.world.clock.now()
    left = call.world.limits.count(call.actor.name, now=now, cost=0)
    core = {"limit": left.limit, "used": left.used, "remaining": left.remaining, "reset": left.reset}
    search = {"limit": 30, "used": 0, "remaining": 30, "reset": int(now) + 60}
    return Answer({"resources": {"core": core, "search": search}, "rate": core})


def get_permission(call: Call) -> Answer:
    """Answer with what a person may do in a repository."""
    account = _account(call, call.params["username"])
    return Answer(repositories.collaborator_permission(call.world, call.repository, account))


def list_branches(call: Call) -> Answer:
    """Answer with the branches by name."""
    found = _git(call).branches().items()
    return call.page(
        [repositories.short_branch(call.world, call.repository, name=name, sha=sha) for name, sha in found]
    )


def get_branch(call: Call) -> Answer:
    """Answer with one branch and its commit."""
    name = call.params["branch"]
    sha = _git(call).branches().get(name)
    if sha is None:
        raise not_found()
    url = f"{repositories.api_url(call.world, call.repository)}/branches/{name}"
    page = f"{repositories.html_url(call.world, call.repository)}/tree/{name}"
    commit = commits.commit_item(call.world, call.repository, _git(call).commit(sha))
    checks = {"enforcement_level": "off", "contexts": [], "checks": []}
    return Answer(
        {
            "name": name,
            "commit": commit,
            "_links": {"self": url, "html": page},
            "protected": False,
            "protection": {"enabled": False, "required_status_checks": checks},
            "protection_url": f"{url}/protection",
        }
    )


def get_ref(call: Call) -> Answer:
    """Answer with a Git ref by its whole name below `refs/`."""
    ref = f"refs/{call.params['ref']}"
    sha = _git(call).ref(ref)
    if sha is None:
        raise not_found()
    return Answer(repositories.git_ref(call.world, call.repository, ref=ref, sha=sha))


def get_git_commit(call: Call) -> Answer:
    """Answer with a commit as Git sees it."""
    commit = _git(call).commit(_resolve(call, call.params["commit_sha"]))
    return Answer(commits.git_commit(call.world, call.repository, commit))


def list_commits(call: Call) -> Answer:
    """Answer with the history of a branch or commit, newest first."""
    git = _git(call)
    history = git.log(_resolve(call, call.query.get("sha", call.repository.default_branch)))
    return call.page([commits.commit_item(call.world, call.repository, one) for one in history])


def get_commit(call: Call) -> Answer:
    """Answer with a commit and what it changed."""
    return Answer(commits.commit_page(call.world, call.repository, _resolve(call, call.params["ref"])))


def compare(call: Call) -> Answer:
    """Answer with how two commits relate, `base...head`."""
    base, dots, head = call.params["basehead"].partition("...")
    first, second = _resolve(call, base), _resolve(call, head)
    if not dots or _git(call).merge_base(first, second) is None:
        raise not_found()
    return Answer(commits.comparison(call.world, call.repository, base=first, head=second))


def get_contents(call: Call) -> Answer:
    """Answer with a file, or with what a directory holds."""
    sha = _resolve(call, call.query.get("ref", call.repository.default_branch))
    found: Any = _git(call).commit(sha).tree
    path = call.params.get("path", "").strip("/")
    try:
        found = found[path] if path else found
    except KeyError:
        raise not_found() from None
    if isinstance(found, pygit2.Tree):
        inside = [_entry(call, one, path=f"{path}/{one.name}".lstrip("/"), at=sha) for one in found]
        return Answer(inside)
    content = {"encoding": "base64", "content": base64.encodebytes(found.data).decode()}
    return Answer({**_entry(call, found, path=path, at=sha), **content})


ROUTES = (
    Route("GET", "/repos/{owner}/{repo}", get_repository, ("metadata:read",)),
    Route("GET", "/rate_limit", get_rate_limit, audience=Audience.ANYBODY),
    Route("GET", "/user", get_self),
    Route("GET", "/users/{username}", get_user),
    Route("GET", "/repos/{owner}/{repo}/collaborators/{username}/permission", get_permission, ("metadata:read",)),
    Route("GET", "/repos/{owner}/{repo}/branches", list_branches, _CONTENTS),
    Route("GET", "/repos/{owner}/{repo}/branches/{branch}", get_branch, _CONTENTS),
    Route("GET", "/repos/{owner}/{repo}/git/ref/{ref}", get_ref, _CONTENTS),
    Route("GET", "/repos/{owner}/{repo}/git/commits/{commit_sha}", get_git_commit, _CONTENTS),
    Route("GET", "/repos/{owner}/{repo}/commits", list_commits, _CONTENTS),
    Route("GET", "/repos/{owner}/{repo}/commits/{ref}", get_commit, _CONTENTS),
    Route("GET", "/repos/{owner}/{repo}/compare/{basehead}", compare, _CONTENTS),
    Route("GET", "/repos/{owner}/{repo}/contents/{path}", get_contents, _CONTENTS),
)


def _git(call: Call) -> BareRepository:
    return BareRepository(call.repository.path)


def _resolve(call: Call, name: str) -> str:
    found = _git(call).resolve(name)
    if found is None:
        raise not_found()
    return found


def _account(call: Call, login: str) -> Account:
    found = call.world.accounts.get(login.lower())
    if found is None:
        raise not_found()
    return found


def _entry(call: Call, one: pygit2.Object, *, path: str, at: str) -> dict[str, Any]:
    directory = isinstance(one, pygit2.Tree)
    url = repositories.api_url(call.world, call.repository)
    page = f"{repositories.html_url(call.world, call.repository)}/{'tree' if directory else 'blob'}/{at}/{path}"
    git_url = f"{url}/git/{'trees' if directory else 'blobs'}/{one.id}"
    own = f"{url}/contents/{path}?ref={at}"
    return {
        "type": "dir" if directory else "file",
        "size": one.size if isinstance(one, pygit2.Blob) else 0,
        "name": path.rpartition("/")[2],
        "path": path,
        "sha": str(one.id),
        "url": own,
        "git_url": git_url,
        "html_url": page,
        "download_url": None if directory else page.replace("/blob/", "/raw/"),
        "_links": {"self": own, "git": git_url, "html": page},
    }
