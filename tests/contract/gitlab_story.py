"""The story: a bot and people use every route, cause every event and meet every kind of refusal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import requests

from bot.sandbox.forge.faults import Fault
from bot.sandbox.gitlab.people import HostedProject
from bot.sandbox.gitlab.server import GitLabStandIn

EVENTS = ("push", "tag_push", "merge_requests", "note", "pipeline", "emoji")
SIGNING_TOKEN = "whsec_" + "c2VjcmV0" * 5 + "c2U="
_NOWHERE = "http://127.0.0.1:9/hook"
_SHOP = "/projects/acme%2Fteam%2Fshop"

Ask: TypeAlias = Callable[..., Any]


def caller(gitlab: GitLabStandIn, token: str) -> Ask:
    """Return a function that sends a request and returns the answer's JSON."""
    headers = {"PRIVATE-TOKEN": token} if token else {}

    def ask(method: str, path: str, body: Any = None) -> Any:
        answer = requests.request(method, f"{gitlab.url}/api/v4{path}", json=body, headers=headers, timeout=10)
        kind = answer.headers.get("Content-Type", "")
        return answer.json() if answer.content and kind == "application/json" else None

    return ask


def tell(gitlab: GitLabStandIn) -> None:
    """Let everything happen once."""
    shop = gitlab.create_repository("acme/team/shop", files={"app.yaml": "replicas: 1\n"})
    gitlab.create_repository("acme/site", files={"index.html": "hello\n"}, private=False)
    gitlab.create_repository("acme/secret")
    gitlab.create_group("acme/team", ["alice", "foresail"])
    shop.grant("foresail", "maintain")
    bot = caller(gitlab, gitlab.access_token("foresail").value)
    asked = {f"{name}_events": True for name in EVENTS}
    bot("POST", f"{_SHOP}/hooks", {"url": _NOWHERE, "token": "open sesame", "signing_token": SIGNING_TOKEN, **asked})
    sha = _merge_request(bot, shop)
    _conversation(bot, shop)
    _say(bot, sha)
    _deploy(bot, sha)
    _read(bot, sha)
    _merges(gitlab, bot, shop)
    _refusals(gitlab, bot, shop)
    _hooks(bot)


def _merge_request(bot: Ask, shop: HostedProject) -> str:
    shop.grant("alice", "write")
    shop.push("feature", {"app.yaml": "replicas: 2\n"}, author="alice")
    shop.open_pull_request("feature", title="Scale", user="alice")
    sha = shop.push("feature", {"logo.png": b"\x89PNG\x00\x01"}, author="alice")
    shop.set_draft(1, draft=True)
    shop.set_draft(1, draft=False)
    shop.close(1)
    shop.reopen(1)
    shop.point("release", shop.head("main"))
    shop.retarget(1, "release")
    shop.retarget(1, "main")
    shop.rename(1, "Scale up")
    for path in ("", "/1", "/1/versions", "?state=opened&order_by=created_at&sort=desc"):
        bot("GET", f"{_SHOP}/merge_requests{path}")
    bot("GET", f"{_SHOP}/repository/commits/{sha}/merge_requests")
    bot("PUT", f"{_SHOP}/merge_requests/1", {"state_event": "close"})
    bot("PUT", f"{_SHOP}/merge_requests/1", {"state_event": "reopen"})
    bot("GET", f"{_SHOP}/merge_requests?state=all&source_branch=feature")
    reviewer = bot("GET", "/users?username=alice")[0]["id"]
    bot("PUT", f"{_SHOP}/merge_requests/1", {"reviewer_ids": [reviewer]})
    for change in (shop.approve, shop.take_back_approval, shop.approve):
        change(1, user="carol")
    bot("GET", f"{_SHOP}/merge_requests/1/approvals")
    bot("GET", f"{_SHOP}/merge_requests/1/reviewers")
    shop.ask_for_changes(1, user="carol")
    bot("GET", f"{_SHOP}/merge_requests/1/reviewers")
    shop.approve(1, user="carol")
    return sha


def _conversation(bot: Ask, shop: HostedProject) -> None:
    notes = f"{_SHOP}/merge_requests/1/notes"
    mine = bot("POST", notes, {"body": "a preview"})
    bot("PUT", f"{notes}/{mine['id']}", {"body": "a better preview"})
    bot("GET", f"{notes}/{mine['id']}")
    theirs = shop.comment(1, "/foresail help", user="alice")
    bot("POST", f"{notes}/{theirs.id}/award_emoji", {"name": "eyes"})
    bot("POST", f"{notes}/{theirs.id}/award_emoji", {"name": "eyes"})
    bot("GET", f"{notes}/{theirs.id}/award_emoji")
    shop.edit_comment(theirs.id, "/foresail preview", user="alice")
    bot("GET", f"{notes}?sort=asc&order_by=created_at&per_page=1&page=2")
    bot("DELETE", f"{notes}/{mine['id']}")


def _say(bot: Ask, sha: str) -> None:
    status = {"name": "foresail/preview", "description": "previewing", "target_url": "https://x.test"}
    for state in ("pending", "pending", "running", "success", "failed"):
        bot("POST", f"{_SHOP}/statuses/{sha}", {**status, "state": state})
    bot("GET", f"{_SHOP}/repository/commits/{sha}/statuses")


def _deploy(bot: Ask, sha: str) -> None:
    asked = {"environment": "shop", "sha": sha, "ref": "feature", "tag": False, "status": "running"}
    made = bot("POST", f"{_SHOP}/deployments", asked)
    for status in ("success", "success", "running"):
        bot("PUT", f"{_SHOP}/deployments/{made['id']}", {"status": status})
    bot("GET", f"{_SHOP}/deployments/{made['id']}")
    bot("GET", f"{_SHOP}/deployments?environment=shop&order_by=id&sort=desc")
    bot("PUT", f"{_SHOP}/environments/{made['environment']['id']}", {"external_url": "https://shop.test"})
    bot("GET", f"{_SHOP}/environments")
    bot("POST", f"{_SHOP}/deployments", {**asked, "sha": "0" * 40})


def _read(bot: Ask, sha: str) -> None:
    bot("GET", "/user")
    user = bot("GET", "/users?username=alice")[0]
    bot("GET", "/projects?membership=true&simple=true&min_access_level=30")
    bot("GET", _SHOP)
    bot("GET", f"{_SHOP}/members/all/{user['id']}")
    bot("GET", f"/groups/acme%2Fteam/members/all/{user['id']}")
    bot("GET", "/groups/acme%2Fteam?with_projects=false")
    bot("GET", "/groups/acme%2Fsecret")
    bot("GET", f"{_SHOP}/repository/branches")
    bot("GET", f"{_SHOP}/repository/branches/feature")
    bot("GET", f"{_SHOP}/repository/commits/{sha}/merge_requests")


def _merges(gitlab: GitLabStandIn, bot: Ask, shop: HostedProject) -> None:
    for pipeline in (shop.try_merged(1), shop.enqueue(1)):
        bot("GET", f"{_SHOP}/pipelines/{pipeline.id}")
    shop.merge(1)
    for method in ("squash", "rebase"):
        shop.push(method, {f"{method}.yaml": "a: 1\n"}, onto="release")
        shop.merge(shop.open_pull_request(method).number, method=method)
    bot("GET", f"{_SHOP}/merge_requests/2")
    shop.push("by-api", {"by-api.yaml": "a: 1\n"})
    asked = {"source_branch": "by-api", "target_branch": "main", "title": "By API"}
    made = bot("POST", f"{_SHOP}/merge_requests", asked)
    bot("POST", f"{_SHOP}/merge_requests", asked)
    bot("PUT", f"{_SHOP}/merge_requests/{made['iid']}/merge", {"squash": True})
    bot("PUT", f"{_SHOP}/merge_requests/{made['iid']}/merge", {})
    fork = gitlab.create_fork("acme/team/shop", "mallory")
    fork.push("patch", {"app.yaml": "replicas: 100\n"}, author="mallory")
    theirs = shop.open_pull_request("mallory:patch", user="mallory")
    head = fork.push("patch", {"app.yaml": "replicas: 1000\n"}, author="mallory")
    shop.label(theirs.number, "ok-to-preview", user="alice")
    shop.unlabel(theirs.number, "ok-to-preview", user="alice")
    shop.label(theirs.number, "ok-to-preview", user="alice")
    bot("GET", f"{_SHOP}/merge_requests/{theirs.number}/resource_label_events")
    bot("GET", f"{_SHOP}/merge_requests/{theirs.number}")
    ref = f"refs/merge-requests/{theirs.number}/head"
    bot("POST", f"{_SHOP}/statuses/{head}", {"state": "failed"})
    bot("POST", f"{_SHOP}/statuses/{head}", {"state": "failed", "ref": ref})


def _refusals(gitlab: GitLabStandIn, bot: Ask, shop: HostedProject) -> None:
    bot("GET", "/projects/acme%2Fsecret")
    bot("GET", f"{_SHOP}/merge_requests/99")
    bot("GET", "/no/such/route")
    bot("POST", f"{_SHOP}/merge_requests/1/notes", {"body": "x" * 1_000_001})
    bot("POST", f"{_SHOP}/merge_requests/1/notes", {})
    bot("POST", f"{_SHOP}/statuses/{'0' * 40}", {"state": "success"})
    bot("POST", f"{_SHOP}/statuses/{shop.head()}", {"state": "green"})
    bot("POST", f"{_SHOP}/statuses/{shop.head()}", {"state": "success", "description": "x" * 256})
    bot("POST", f"{_SHOP}/statuses/{shop.head()}", {"state": "success", "pipeline_id": 7})
    caller(gitlab, "glpat-forged")("GET", _SHOP)
    caller(gitlab, "")("GET", _SHOP)
    caller(gitlab, "")("GET", "/projects/acme%2Fsite")
    alice = caller(gitlab, gitlab.access_token("alice").value)
    alice("POST", f"{_SHOP}/statuses/{shop.head()}", {"state": "success"})
    reader = caller(gitlab, gitlab.access_token("alice", scopes=["read_api"]).value)
    reader("POST", f"{_SHOP}/merge_requests/1/notes", {"body": "no"})
    for kind in (Fault.ERROR, Fault.SECONDARY_LIMIT):
        gitlab.faults.add("GET /projects/acme/team/shop", kind=kind)
        bot("GET", _SHOP)
    gitlab.limits.notes_per_minute = 0
    bot("POST", f"{_SHOP}/merge_requests/1/notes", {"body": "too many"})


def _hooks(bot: Ask) -> None:
    hook = bot("GET", f"{_SHOP}/hooks")[0]
    bot("POST", f"{_SHOP}/hooks", {"url": _NOWHERE, "signing_token": "whsec_short"})
    bot("DELETE", f"{_SHOP}/hooks/{hook['id']}")
