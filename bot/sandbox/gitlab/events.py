"""What happened, told to the webhooks of a project that ask for it.

https://docs.gitlab.com/user/project/integrations/webhook_events/
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from bot.sandbox.forge.accounts import Account
from bot.sandbox.forge.clock import Clock
from bot.sandbox.forge.repositories import ZERO, BareRepository
from bot.sandbox.forge.webhooks import Event, Headers, Recipient
from bot.sandbox.gitlab.payloads import hooks
from bot.sandbox.gitlab.state import Award, MergeRequest, Note, Pipeline, Project, World

_MOST_COMMITS = 20
"""A push event lists no more."""
_EVENTS = {
    "Push Hook": "push_events",
    "Tag Push Hook": "tag_push_events",
    "Merge Request Hook": "merge_requests_events",
    "Note Hook": "note_events",
    "Pipeline Hook": "pipeline_events",
    "Emoji Hook": "emoji_events",
}
SIGNING = "whsec_"


def headers_by(clock: Clock) -> Headers:
    """Return what makes a delivery's headers: https://docs.gitlab.com/user/project/integrations/webhooks/#delivery-headers."""

    def made(recipient: Recipient, event: Event, guid: str, body: bytes) -> dict[str, str]:
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "GitLab/18.11.0-ee",
            "Idempotency-Key": guid,
            "X-Gitlab-Event": event.name,
            "X-Gitlab-Webhook-UUID": f"webhook-{recipient.hook_id}",
            "X-Gitlab-Instance": "http://127.0.0.1",
            "X-Gitlab-Event-UUID": guid,
        }
        token, _, signing = recipient.secret.partition("\n")
        if token:
            headers["X-Gitlab-Token"] = token
        if signing:
            at = str(int(clock.now()))
            key = base64.b64decode(signing.removeprefix(SIGNING))
            signature = hmac.new(key, b".".join((guid.encode(), at.encode(), body)), hashlib.sha256).digest()
            headers["webhook-id"], headers["webhook-timestamp"] = guid, at
            headers["webhook-signature"] = f"v1,{base64.b64encode(signature).decode()}"
        return headers

    return made


def merge_request(
    world: World, pull: MergeRequest, *, action: str, sender: Account, extra: Mapping[str, Any] | None = None
) -> None:
    """Tell what became of a merge request; `extra` has `changes`, and of a push `oldrev`, the head before it."""
    more = dict(extra or {})
    changes = more.pop("changes", {})
    payload = {
        "object_kind": "merge_request",
        "event_type": "merge_request",
        "user": hooks.user(sender),
        "project": hooks.project(world, pull.project),
        "object_attributes": hooks.merge_request(world, pull) | {"action": action} | more,
        "labels": hooks.labels(pull, pull.labels),
        "changes": changes,
        "repository": hooks.repository(world, pull.project),
    }
    _send(world, pull.project, Event("Merge Request Hook", payload))


def push(world: World, project: Project, *, ref: str, move: tuple[str, str], sender: Account) -> None:
    """Tell that a branch or tag moved from one commit to another."""
    before, after = move
    git, tag = BareRepository(project.path), ref.startswith("refs/tags/")
    known = ZERO in move or tag
    listed = [] if known else git.log(after, without=before)[:_MOST_COMMITS]
    kind = "tag_push" if tag else "push"
    payload = {
        "object_kind": kind,
        "event_name": kind,
        "before": before,
        "after": after,
        "ref": ref,
        "ref_protected": ref.removeprefix("refs/heads/") in project.protected,
        "checkout_sha": None if after == ZERO else after,
        "message": None,
        "user_id": sender.id,
        "user_name": sender.login.title(),
        "user_username": sender.login,
        "user_email": "",
        "user_avatar": None,
        "project_id": project.id,
        "project": hooks.project(world, project),
        "commits": [
            hooks.commit(world, project, one) | {"added": [], "modified": [], "removed": []} for one in reversed(listed)
        ],
        "total_commits_count": len(listed),
        "push_options": {},
        "repository": hooks.repository(world, project, for_push=True),
    }
    _send(world, project, Event("Tag Push Hook" if tag else "Push Hook", payload))


def note(world: World, one: Note, *, action: str, sender: Account) -> None:
    """Tell of a comment on a merge request."""
    payload = {
        "object_kind": "note",
        "event_type": "note",
        "user": hooks.user(sender),
        "project_id": one.pull.project.id,
        "project": hooks.project(world, one.pull.project),
        "object_attributes": hooks.note(world, one, action=action),
        "repository": hooks.repository(world, one.pull.project),
        "merge_request": hooks.merge_request(world, one.pull),
    }
    _send(world, one.pull.project, Event("Note Hook", payload))


def emoji(world: World, one: Award, under: Note, *, action: str) -> None:
    """Tell of an emoji under a note."""
    project = under.pull.project
    payload = {
        "object_kind": "emoji",
        "event_type": action,
        "user": hooks.user(one.user),
        "project_id": project.id,
        "project": hooks.project(world, project),
        "object_attributes": {
            "user_id": one.user.id,
            "created_at": hooks.old_timestamp(one.created_at),
            "id": one.id,
            "name": one.name,
            "awardable_type": "Note",
            "awardable_id": under.id,
            "updated_at": hooks.old_timestamp(one.created_at),
            "action": action,
            "awarded_on_url": f"{world.site}/{project.full_name}/-/merge_requests/{under.pull.number}#note_{under.id}",
        },
        "note": hooks.note(world, under, action="create"),
        "merge_request": hooks.merge_request(world, under.pull),
    }
    _send(world, project, Event("Emoji Hook", payload))


def pipeline(world: World, one: Pipeline, pull: MergeRequest, *, status: str, sender: Account) -> None:
    """Tell of a pipeline of a merge request, by the source branch, whatever it is for."""
    project = pull.project
    payload = {
        "object_kind": "pipeline",
        "object_attributes": {
            "id": one.id,
            "iid": one.id,
            "name": None,
            "ref": pull.head_ref,
            "tag": False,
            "sha": one.sha,
            "before_sha": ZERO,
            "source": "merge_request_event",
            "status": status,
            "detailed_status": status,
            "stages": [],
            "created_at": hooks.old_timestamp(world.clock.now()),
            "finished_at": None,
            "duration": None,
            "queued_duration": None,
            "variables": [],
            "url": f"{world.site}/{project.full_name}/-/pipelines/{one.id}",
        },
        "merge_request": hooks.merge_request_of_pipeline(world, pull),
        "user": hooks.user(sender),
        "project": hooks.project(world, project),
        "commit": hooks.commit(world, project, BareRepository(project.path).commit(one.sha)),
        "builds": [],
    }
    _send(world, project, Event("Pipeline Hook", payload))


def _send(world: World, project: Project, event: Event) -> None:
    for hook in project.hooks.values():
        if _EVENTS[event.name] in hook.events:
            secret = f"{hook.token}\n{hook.signing_token}"
            world.hooks.deliver(Recipient(app_id=project.id, hook_id=hook.id, url=hook.url, secret=secret), event)
