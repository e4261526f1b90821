"""The story: an App and people use every route, cause every event and meet every kind of refusal."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeAlias
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from github import Auth, Github

from bot.errors import Rejected
from bot.forges.github.registering import Registration
from bot.sandbox.forge.faults import Fault
from bot.sandbox.github.people import HostedRepository
from bot.sandbox.github.server import GitHubStandIn
from bot.sandbox.github.state import App, Installation

PERMISSIONS = {
    "metadata": "read",
    "contents": "write",
    "pull_requests": "write",
    "statuses": "write",
    "checks": "write",
    "deployments": "write",
    "members": "read",
}
EVENTS = ("pull_request", "pull_request_review", "push", "issue_comment", "merge_group", "status")
BY_PERMISSION = ("check_run", "check_suite")
"""What an App is told of without asking, as it may write checks."""
_NOWHERE = "http://127.0.0.1:9/hook"
_SHOP = "/repos/acme/shop"

Ask: TypeAlias = Callable[..., Any]


def caller(github: GitHubStandIn, auth: Auth.Auth | None) -> Ask:
    """Return a function that sends a request through PyGithub's requester and returns the answer's JSON."""
    client = Github(auth=auth, base_url=github.url, seconds_between_requests=0, seconds_between_writes=0, retry=None)

    def ask(method: str, path: str, body: Any = None) -> Any:
        _status, _headers, text = client.requester.requestJson(method, path, input=body)
        return json.loads(text) if text else None

    return ask


def tell(github: GitHubStandIn) -> None:
    """Let everything happen once."""
    shop = github.create_repository("acme/shop", files={"app.yaml": "replicas: 1\n", "docs/a.md": "text\n" * 9})
    github.create_repository("acme/site", files={"index.html": "hello\n"}, private=False)
    github.create_repository("acme/secret")
    app = github.create_app("Foresail", permissions=PERMISSIONS, events=EVENTS)
    github.create_team("acme/platform", ["alice"])
    installation = github.install(app, owner="acme", repositories=["acme/shop"], webhook_url=_NOWHERE)
    github.change_installation(installation, add=["acme/site"])
    auth = Auth.AppAuth(app.id, app.private_key_pem)
    token = auth.get_installation_auth(installation.id, token_permissions=PERMISSIONS)
    bot, jwt = caller(github, token), caller(github, auth)
    _as_app(jwt, installation)
    sha = _pull_request(bot, shop)
    _conversation(bot, shop)
    _reviews(bot, shop)
    _say(bot, shop, sha)
    _read(bot, shop, sha)
    _queue_and_forks(github, bot, shop)
    _refusals(github, bot, installation)
    _people(github)
    _register(github)
    github.change_installation(installation, remove=["acme/site"])
    github.uninstall(installation)
    _deliveries(github, jwt, app)


def _register(github: GitHubStandIn) -> None:
    registration = Registration(github.site, "Second", "https://foresail.example.com")
    manifest = json.dumps(registration.manifest(back="http://127.0.0.1:9/registered"))
    answer = requests.post(registration.form("state"), {"manifest": manifest}, timeout=30.0, allow_redirects=False)
    code = parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]
    registration.exchange(code, timeout=30.0)
    with pytest.raises(Rejected, match="good for once"):
        registration.exchange(code, timeout=30.0)


def _as_app(jwt: Ask, installation: Installation) -> None:
    jwt("GET", "/app")
    jwt("GET", "/app/installations")
    jwt("GET", f"/app/installations/{installation.id}")
    jwt("GET", f"{_SHOP}/installation")
    jwt("POST", f"/app/installations/{installation.id}/access_tokens", {"repositories": ["shop"]})
    jwt("GET", "/app/installations/1")


def _pull_request(bot: Ask, shop: HostedRepository) -> str:
    shop.grant("alice", "write")
    shop.push("feature", {"app.yaml": "replicas: 2\n", "docs/a.md": None, "docs/b.md": "text\n" * 9}, author="alice")
    bot("POST", f"{_SHOP}/pulls", {"title": "Scale", "head": "feature", "base": "main", "body": "More"})
    sha = shop.push("feature", {"logo.png": b"\x89PNG\x00\x01"}, author="alice")
    shop.push("feature", {"new.yaml": "a: 1\n"}, author="alice", onto="main")
    shop.point("feature", sha, user="alice")
    shop.set_draft(1, draft=True)
    shop.set_draft(1, draft=False)
    shop.close(1)
    shop.reopen(1)
    shop.point("release", shop.head("main"))
    shop.retarget(1, "release")
    shop.retarget(1, "main")
    bot("PATCH", f"{_SHOP}/pulls/1", {"title": "Scale up", "body": "Much more"})
    for path in ("", "/files", "/commits", "", "/merge"):
        bot("GET", f"{_SHOP}/pulls/1{path}")
    bot("GET", f"{_SHOP}/pulls?state=all&head=acme:feature")
    bot("GET", f"{_SHOP}/commits/{sha}/pulls")
    return sha


def _conversation(bot: Ask, shop: HostedRepository) -> None:
    mine = bot("POST", f"{_SHOP}/issues/1/comments", {"body": "a preview"})
    bot("PATCH", f"{_SHOP}/issues/comments/{mine['id']}", {"body": "a better preview"})
    bot("GET", f"{_SHOP}/issues/comments/{mine['id']}")
    theirs = shop.comment(1, "/foresail help", user="alice")
    reaction = bot("POST", f"{_SHOP}/issues/comments/{theirs.id}/reactions", {"content": "eyes"})
    bot("GET", f"{_SHOP}/issues/comments/{theirs.id}/reactions")
    bot("DELETE", f"{_SHOP}/issues/comments/{theirs.id}/reactions/{reaction['id']}")
    bot("POST", f"{_SHOP}/issues/1/reactions", {"content": "rocket"})
    shop.edit_comment(theirs.id, "/foresail preview", user="alice")
    bot("GET", f"{_SHOP}/issues/1/comments")
    bot("DELETE", f"{_SHOP}/issues/comments/{mine['id']}")
    bot("POST", f"{_SHOP}/issues/1/labels", {"labels": ["risky", "needs review"]})
    bot("GET", f"{_SHOP}/issues/1/labels")
    bot("DELETE", f"{_SHOP}/issues/1/labels/needs%20review")
    bot("GET", f"{_SHOP}/issues/1/timeline")
    bot("GET", f"{_SHOP}/issues/1")


def _reviews(bot: Ask, shop: HostedRepository) -> None:
    shop.grant("carol", "write")
    asked = {"reviewers": ["alice", "carol"], "team_reviewers": ["platform"]}
    bot("POST", f"{_SHOP}/pulls/1/requested_reviewers", asked)
    bot("POST", f"{_SHOP}/pulls/1/requested_reviewers", {"reviewers": ["stranger"]})
    shop.take_back_approval(1, user="carol")
    shop.approve(1, user="alice")
    shop.approve(1, user="carol")
    shop.dismiss(1, user="carol")
    bot("GET", f"{_SHOP}/pulls/1/reviews")


def _say(bot: Ask, shop: HostedRepository, sha: str) -> None:
    status = {"state": "pending", "context": "foresail", "description": "previewing", "target_url": "https://x.test"}
    bot("POST", f"{_SHOP}/statuses/{sha}", status)
    bot("POST", f"{_SHOP}/statuses/{sha}", {"state": "success", "context": "foresail"})
    bot("GET", f"{_SHOP}/commits/{sha}/status")
    bot("GET", f"{_SHOP}/commits/{sha}/statuses")
    bot("GET", f"{_SHOP}/statuses/{sha}")
    note = {"path": "app.yaml", "start_line": 1, "end_line": 1, "annotation_level": "warning", "message": "scales"}
    run = bot("POST", f"{_SHOP}/check-runs", {"name": "Foresail", "head_sha": sha, "status": "in_progress"})
    output = {"title": "2 changes", "summary": "two", "annotations": [note]}
    button = {"label": "Hold", "description": "Have nothing delivered", "identifier": "hold"}
    done = {"status": "completed", "conclusion": "success", "output": output, "actions": [button], "external_id": "7"}
    bot("PATCH", f"{_SHOP}/check-runs/{run['id']}", done)
    bot("GET", f"{_SHOP}/check-runs/{run['id']}")
    bot("GET", f"{_SHOP}/check-runs/{run['id']}/annotations")
    bot("POST", f"{_SHOP}/check-runs/{run['id']}/rerequest")
    bot("GET", f"{_SHOP}/commits/{sha}/check-runs")
    shop.press(shop.check_runs(sha)[0], "hold", user="alice")
    suites = bot("GET", f"{_SHOP}/commits/{sha}/check-suites")
    bot("GET", f"{_SHOP}/check-suites/{suites['check_suites'][0]['id']}")
    shop.rerequest(shop.check_runs(sha)[0].suite)
    made = bot("POST", f"{_SHOP}/deployments", {"ref": sha, "environment": "prod", "required_contexts": []})
    step = {"state": "in_progress", "description": "syncing", "log_url": "https://x.test/log"}
    bot("POST", f"{_SHOP}/deployments/{made['id']}/statuses", step)
    bot("GET", f"{_SHOP}/deployments")
    bot("GET", f"{_SHOP}/deployments/{made['id']}")
    bot("GET", f"{_SHOP}/deployments/{made['id']}/statuses")


def _read(bot: Ask, shop: HostedRepository, sha: str) -> None:
    bot("GET", "/installation/repositories")
    bot("GET", "/rate_limit")
    bot("GET", "/users/alice")
    bot("GET", _SHOP)
    for path in ("branches", "branches/main", "git/ref/heads/main", f"git/commits/{sha}", "commits", f"commits/{sha}"):
        bot("GET", f"{_SHOP}/{path}")
    bot("GET", f"{_SHOP}/commits/{shop.head('main')}")
    bot("GET", f"{_SHOP}/compare/main...feature")
    bot("GET", f"{_SHOP}/contents/app.yaml?ref=main")
    bot("GET", f"{_SHOP}/contents/docs")
    bot("GET", f"{_SHOP}/collaborators/alice/permission")
    for path in ("", "/memberships/alice", "/memberships/octocat"):
        bot("GET", f"/orgs/acme/teams/platform{path}")


def _queue_and_forks(github: GitHubStandIn, bot: Ask, shop: HostedRepository) -> None:
    shop.push("other", {"other.yaml": "a: 1\n"})
    dropped = shop.open_pull_request("other")
    shop.enqueue(dropped.number)
    shop.leave_queue(dropped.number, merged=False)
    shop.enqueue(dropped.number)
    shop.leave_queue(dropped.number, merged=True)
    bot("PUT", f"{_SHOP}/pulls/1/merge", {"merge_method": "squash"})
    bot("GET", f"{_SHOP}/pulls/1/merge")
    fork = github.create_fork("acme/shop", "mallory")
    fork.push("patch", {"app.yaml": "replicas: 100\n"}, author="mallory")
    theirs = shop.open_pull_request("mallory:patch", user="mallory")
    fork.push("patch", {"app.yaml": "replicas: 1000\n"}, author="mallory")
    bot("GET", f"{_SHOP}/pulls/{theirs.number}")
    fork.delete_branch("patch", user="mallory")


def _refusals(github: GitHubStandIn, bot: Ask, installation: Installation) -> None:
    bot("GET", "/repos/acme/secret")
    bot("GET", f"{_SHOP}/pulls/99")
    bot("GET", "/no/such/route")
    bot("POST", f"{_SHOP}/issues/1/comments", {"body": "x" * 65_537})
    bot("POST", f"{_SHOP}/issues/1/comments", {})
    bot("POST", f"{_SHOP}/statuses/{'0' * 40}", {"state": "success"})
    bot("POST", f"{_SHOP}/pulls", {"title": "Nothing", "head": "main", "base": "main"})
    bot("PUT", f"{_SHOP}/pulls/1/merge", {})
    bot("PUT", f"{_SHOP}/pulls/2/merge", {"sha": "0" * 40})
    caller(github, Auth.Token("ghs_forged"))("GET", _SHOP)
    caller(github, None)("GET", "/user")
    github.faults.add("GET /repos/acme/shop", kind=Fault.ERROR)
    bot("GET", _SHOP)
    github.faults.add("GET /repos/acme/shop", kind=Fault.SECONDARY_LIMIT)
    bot("GET", _SHOP)
    bot("POST", f"/app/installations/{installation.id}/access_tokens")


def _people(github: GitHubStandIn) -> None:
    alice = caller(github, Auth.Token(github.personal_access_token("alice")))
    alice("GET", "/user")
    alice("GET", "/repos/acme/site")
    caller(github, None)("GET", "/repos/acme/site/branches")


def _deliveries(github: GitHubStandIn, jwt: Ask, app: App) -> None:
    github.wait_for_deliveries()
    newest = github.webhooks.deliveries(app_id=app.id)[0]
    jwt("GET", "/app/hook/deliveries?per_page=5")
    jwt("GET", f"/app/hook/deliveries/{newest.id}")
    jwt("POST", f"/app/hook/deliveries/{newest.id}/attempts")
