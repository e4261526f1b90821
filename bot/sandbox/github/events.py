"""What happened, told to the Apps that are installed and subscribed.

https://docs.github.com/en/webhooks/webhook-events-and-payloads
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Any

from bot.sandbox.forge.accounts import Account
from bot.sandbox.forge.clock import timestamp
from bot.sandbox.forge.repositories import ZERO, BareRepository
from bot.sandbox.forge.statuses import Status
from bot.sandbox.forge.webhooks import Event, Recipient
from bot.sandbox.github.payloads import accounts, checks, commits, pulls, repositories, reviews, teams
from bot.sandbox.github.state import (
    App,
    CheckRun,
    CheckSuite,
    Comment,
    Installation,
    PullRequest,
    QueueEntry,
    Repository,
    Review,
    Team,
    World,
)

_MOST_COMMITS = 2048
"""A push event lists no more."""


def delivery_headers(recipient: Recipient, event: Event, guid: str, body: bytes) -> dict[str, str]:
    """Return a delivery's headers: https://docs.github.com/en/webhooks/webhook-events-and-payloads#delivery-headers."""
    headers = {
        "Accept": "*/*",
        "Content-Type": "application/json",
        "User-Agent": "GitHub-Hookshot/f0re5a1",
        "X-GitHub-Delivery": guid,
        "X-GitHub-Event": event.name,
        "X-GitHub-Hook-ID": str(recipient.hook_id),
        "X-GitHub-Hook-Installation-Target-ID": str(recipient.app_id),
        "X-GitHub-Hook-Installation-Target-Type": "integration",
    }
    if recipient.secret:
        key = recipient.secret.encode()
        headers["X-Hub-Signature"] = f"sha1={hmac.new(key, body, hashlib.sha1).hexdigest()}"
        headers["X-Hub-Signature-256"] = f"sha256={hmac.new(key, body, hashlib.sha256).hexdigest()}"
    return headers


def recipient_of(app: App) -> Recipient:
    """Return where an App's deliveries go."""
    return Recipient(app_id=app.id, hook_id=app.hook_id, url=app.webhook_url, secret=app.webhook_secret)


def ping(world: World, app: App) -> None:
    """Tell an App that its webhook was set up."""
    config = {"content_type": "json", "insecure_ssl": "0", "url": app.webhook_url}
    hook = {
        "type": "App",
        "id": app.hook_id,
        "name": "web",
        "active": True,
        "events": list(app.events),
        "config": config,
        "updated_at": timestamp(app.created_at),
        "created_at": timestamp(app.created_at),
        "app_id": app.id,
        "deliveries_url": f"{world.api}/app/hook/deliveries",
    }
    _send(world, app, Event("ping", {"zen": "Keep it logically awesome.", "hook_id": app.hook_id, "hook": hook}))


def installed(world: World, installation: Installation, *, action: str, sender: Account) -> None:
    """Tell an App that it was installed (`created`) or removed (`deleted`)."""
    payload = {
        "action": action,
        "installation": accounts.installation(world, installation),
        "repositories": _repositories(world, installation.repository_ids),
        "requester": None,
        "sender": accounts.simple_user(world, sender),
    }
    _send(world, installation.app, Event("installation", payload, installation_id=installation.id))


def repositories_changed(
    world: World, installation: Installation, *, added: set[int], removed: set[int], sender: Account
) -> None:
    """Tell an App which repositories it may now see, or no longer."""
    payload = {
        "action": "added" if added else "removed",
        "installation": accounts.installation(world, installation),
        "repository_selection": "selected",
        "repositories_added": _repositories(world, added),
        "repositories_removed": _repositories(world, removed),
        "requester": None,
        "sender": accounts.simple_user(world, sender),
    }
    _send(world, installation.app, Event("installation_repositories", payload, installation_id=installation.id))


def pull_request(
    world: World, pull: PullRequest, *, action: str, sender: Account, extra: Mapping[str, Any] | None = None
) -> None:
    """Tell what became of a pull request; `extra` holds what the action adds (`before`, `changes`, `label`)."""
    payload = {
        "action": action,
        "number": pull.number,
        "pull_request": pulls.full_pull(world, pull),
        **(extra or {}),
    }
    _announce(world, Event("pull_request", payload), repository=pull.repository, sender=sender)


def review_requested(world: World, pull: PullRequest, whom: Account | Team, *, sender: Account) -> None:
    """Tell that somebody, or a team, is asked for a review."""
    asked = (
        {"requested_team": teams.simple_team(world, whom)}
        if isinstance(whom, Team)
        else {"requested_reviewer": accounts.simple_user(world, whom)}
    )
    pull_request(world, pull, action="review_requested", sender=sender, extra=asked)


def pull_request_review(world: World, pull: PullRequest, one: Review, *, action: str, sender: Account) -> None:
    """Tell that somebody has reviewed a pull request (`submitted`), or that it counts no more (`dismissed`)."""
    payload = {
        "action": action,
        "review": reviews.told_review(world, pull, one),
        "pull_request": pulls.simple_pull(world, pull),
    }
    _announce(world, Event("pull_request_review", payload), repository=pull.repository, sender=sender)


def push(world: World, repository: Repository, *, ref: str, move: tuple[str, str], sender: Account) -> None:
    """Tell that a ref moved from one commit to another."""
    before, after = move
    git = BareRepository(repository.path)
    listed = [
        commits.pushed_commit(world, repository, one) for one in _new_commits(git, repository, ref=ref, move=move)
    ]
    deleted = after == ZERO
    payload = {
        "ref": ref,
        "before": before,
        "after": after,
        "created": before == ZERO,
        "deleted": deleted,
        "forced": ZERO not in move and not git.contains(after, ancestor=before),
        "base_ref": None,
        "compare": f"{repositories.html_url(world, repository)}/compare/{before[:12]}...{after[:12]}",
        "commits": listed,
        "head_commit": None if deleted else commits.pushed_commit(world, repository, git.commit(after)),
        "pusher": {"name": sender.login, "email": f"{sender.login}@users.noreply.github.com"},
    }
    _announce(world, Event("push", payload), repository=repository, sender=sender)


def issue_comment(world: World, comment: Comment, *, action: str, sender: Account, was: str | None = None) -> None:
    """Tell that a comment was created, edited (`was`: its body before) or deleted."""
    payload: dict[str, Any] = {
        "action": action,
        "issue": pulls.issue(world, comment.pull),
        "comment": pulls.comment(world, comment),
    }
    if was is not None:
        payload["changes"] = {"body": {"from": was}}
    _announce(world, Event("issue_comment", payload), repository=comment.pull.repository, sender=sender)


def check_run(world: World, repository: Repository, run: CheckRun, *, sender: Account, button: str = "") -> None:
    """Tell a check run's own App that somebody wants it again, or has pressed one of its buttons."""
    payload: dict[str, Any] = {"action": "rerequested", "check_run": checks.check_run_event(world, repository, run)}
    if button:
        payload |= {"action": "requested_action", "requested_action": {"identifier": button}}
    _announce(world, Event("check_run", payload), repository=repository, sender=sender, only=run.suite.app)


def check_suite(world: World, repository: Repository, suite: CheckSuite, *, action: str, sender: Account) -> None:
    """Tell a check suite's own App that somebody wants it again (`rerequested`)."""
    told = checks.check_suite(world, repository, suite)
    del told["repository"]
    payload = {"action": action, "check_suite": told}
    _announce(world, Event("check_suite", payload), repository=repository, sender=sender, only=suite.app)


def merge_group(
    world: World, repository: Repository, entry: QueueEntry, *, sender: Account, destroyed: str = ""
) -> None:
    """Tell that the merge queue wants checks for a speculative commit, or why it was `destroyed`."""
    group = {
        "head_sha": entry.head_sha,
        "head_ref": entry.ref,
        "base_sha": entry.base_sha,
        "base_ref": f"refs/heads/{entry.base_ref}",
        "head_commit": commits.simple_commit(BareRepository(repository.path).commit(entry.head_sha)),
    }
    payload = {"action": "checks_requested", "merge_group": group}
    if destroyed:
        payload |= {"action": "destroyed", "reason": destroyed}
    _announce(world, Event("merge_group", payload), repository=repository, sender=sender)


def status(world: World, repository: Repository, one: Status) -> None:
    """Tell that a commit got a status."""
    git = BareRepository(repository.path)
    told = checks.status(world, repository, one)
    payload = {
        **{name: told[name] for name in ("id", "state", "context", "description", "target_url", "avatar_url")},
        "sha": one.sha,
        "name": repository.full_name,
        "created_at": told["created_at"],
        "updated_at": told["updated_at"],
        "commit": commits.commit_item(world, repository, git.commit(one.sha)),
        "branches": [
            repositories.short_branch(world, repository, name=name, sha=sha)
            for name, sha in git.branches().items()
            if sha == one.sha
        ],
    }
    _announce(world, Event("status", payload), repository=repository, sender=one.creator)


def _announce(world: World, event: Event, *, repository: Repository, sender: Account, only: App | None = None) -> None:
    describe = repositories.pushed if event.name == "push" else repositories.full
    for installation in world.installations_of(repository):
        app = installation.app
        # Whoever may write checks is told of the own ones by that.
        subscribed = event.name in app.events if only is None else app.permissions.get("checks") == "write"
        if not subscribed or only not in {None, app}:
            continue
        payload = {
            **event.payload,
            "repository": describe(world, repository),
            "sender": accounts.simple_user(world, sender),
            "installation": {
                "id": installation.id,
                "node_id": accounts.node_id("Installation", installation.id),
            },
        }
        _send(world, app, Event(event.name, payload, installation_id=installation.id, repository_id=repository.id))


def _send(world: World, app: App, event: Event) -> None:
    if app.webhook_url:
        world.hooks.deliver(recipient_of(app), event)


def _repositories(world: World, ids: set[int]) -> list[dict[str, Any]]:
    return [accounts.installed_repository(one) for one in world.repositories.values() if one.id in ids]


def _new_commits(git: BareRepository, repository: Repository, *, ref: str, move: tuple[str, str]) -> Sequence[Any]:
    before, after = move
    if after == ZERO:
        return ()
    known: str | None = before
    if before == ZERO:
        branches = git.branches()
        known = branches.get(repository.default_branch) if ref != f"refs/heads/{repository.default_branch}" else None
    return git.log(after, without=known)[::-1][:_MOST_COMMITS]
