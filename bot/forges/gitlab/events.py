"""Webhook deliveries to events: pure, for bytes from anybody; light, since the web process runs it.

https://docs.gitlab.com/user/project/integrations/webhook_events/
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final, TypeAlias

import orjson

from bot.errors import Rejected
from bot.forges.gitlab.names import is_bot
from bot.forges.gitlab.payload import Payload, landed_as, read_repository
from bot.forges.payload import Malformed
from bot.model.changes import Repository
from bot.model.events import (
    BranchPushed,
    ChangeClosed,
    ChangeMarked,
    ChangeReviewed,
    ChangeUpdated,
    CheckPressed,
    CommentWritten,
    Event,
    Ignored,
    MergeGroupFormed,
    MergeGroupGone,
    TagPushed,
)

__all__ = ["BadSignature", "Malformed", "delivery_id", "parse_delivery"]

SIGNING: Final = "whsec_"
"""What a signing token begins with; any other secret is one that GitLab sends along as it is."""
_ALGORITHM: Final = "v1,"
_DRIFT: Final = 300.0
"""Seconds a signature may be old, or ahead: https://www.standardwebhooks.com"""
_DELIVERY_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_BRANCHES: Final = "refs/heads/"
OF_MERGE_REQUEST: Final = "merge_request_event"
"""The source of pipelines of merge requests, of which those of merge trains are some."""
_REVIEWED: Final = frozenset({"approved", "approval", "unapproved", "unapproval"})
"""Somebody approves, or approves no more, whether with that there are as many as GitLab asks for or not."""
_AGAIN: Final = "repeat"
_BEGUN: Final = frozenset({"created", "pending", "running"})


class BadSignature(Rejected):
    """The delivery has no secret of ours: nobody knows who sent it."""


def parse_delivery(headers: Mapping[str, str], body: bytes, *, secrets: Sequence[str], now: float) -> Event:
    """Verify a delivery with any of `secrets` and read it; BadSignature or Malformed, nothing else.

    `now` in seconds since the epoch: a signature that is not fresh counts as none.
    """
    _verify(headers, body, secrets=secrets, now=now)
    name = _header(headers, "X-Gitlab-Event")
    if not name:
        raise Malformed("X-Gitlab-Event", "there")
    read = _READERS.get(name)
    if read is None:
        return Ignored("no use for this event")
    try:
        payload = Payload(orjson.loads(body))
    except orjson.JSONDecodeError as error:
        raise Malformed("", "JSON in UTF-8, not nested absurdly") from error
    payload.object()
    return read(payload)


def delivery_id(headers: Mapping[str, str]) -> str:
    """Return what is the same again when GitLab delivers again; Malformed when there is none.

    `webhook-id`, which is signed, is the same as `Idempotency-Key`; GitLab before 17.4 has neither.
    """
    names = ("webhook-id", "Idempotency-Key", "X-Gitlab-Event-UUID")
    value = next((found for name in names if (found := _header(headers, name))), "")
    if not _DELIVERY_ID.fullmatch(value):
        raise Malformed("Idempotency-Key", "the delivery's UUID")
    return value


def _header(headers: Mapping[str, str], name: str) -> str:
    wanted = name.lower()
    return next((value for key, value in headers.items() if key.lower() == wanted), "")


def _verify(headers: Mapping[str, str], body: bytes, *, secrets: Sequence[str], now: float) -> None:
    """Compare in constant time, with every secret: how long it takes must not tell which one was nearly right.

    https://docs.gitlab.com/user/project/integrations/webhooks/#validate-payloads-by-using-a-secret-token
    """
    token = _header(headers, "X-Gitlab-Token").encode("utf-8", "replace")
    plain = [one.encode() for one in secrets if one and not one.startswith(SIGNING)]
    matches = [hmac.compare_digest(one, token) for one in plain]
    matches += [_is_signed(headers, body, key=_key(one), now=now) for one in secrets if one.startswith(SIGNING)]
    if not any(matches):
        sent = token or _header(headers, "webhook-signature")
        raise BadSignature(
            "neither X-Gitlab-Token nor webhook-signature fits" if sent else "X-Gitlab-Token is missing",
            remedy="Give GitLab's webhook settings and FORESAIL_GITLAB_WEBHOOK_SECRET the same secret.",
        )


def _is_signed(headers: Mapping[str, str], body: bytes, *, key: bytes, now: float) -> bool:
    """Verify a signature of Standard Webhooks, over identity, time and body."""
    identity, at = _header(headers, "webhook-id"), _header(headers, "webhook-timestamp")
    given = _header(headers, "webhook-signature").encode("utf-8", "replace").split(b" ")
    message = b".".join((identity.encode("utf-8", "replace"), at.encode("utf-8", "replace"), body))
    signature = _ALGORITHM.encode() + base64.b64encode(hmac.new(key, message, hashlib.sha256).digest())
    matches = [hmac.compare_digest(signature, one) for one in given]
    fresh = at.isascii() and at.isdecimal() and abs(now - float(at)) <= _DRIFT
    return any(matches) and fresh


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(SIGNING), validate=True)
    except binascii.Error:
        raise Rejected(
            f"FORESAIL_GITLAB_WEBHOOK_SECRET has a line {SIGNING}… that is no signing token",
            remedy="Copy it again from the webhook's page in GitLab.",
        ) from None


def _merge_request(payload: Payload) -> Event:
    """https://docs.gitlab.com/user/project/integrations/webhook_events/#merge-request-events."""
    change = payload.at("object_attributes")
    action = "" if (found := change.find("action")) is None else found.text()
    number = change.at("iid").number()
    if action in {"close", "merge"}:
        head = change.at("last_commit", "id")
        merge_sha = landed_as(change, head=head) if action == "merge" else ""
        return ChangeClosed(repository=_repository(payload), number=number, merge_sha=merge_sha)
    if action in _REVIEWED:
        return ChangeReviewed(_repository(payload), number, payload.at("user", "username").username())
    if action == "update" and _is_marked(payload, change):
        return ChangeMarked(_repository(payload), number)
    if action not in {"open", "reopen"} and not (action == "update" and _is_new(payload, change)):
        return Ignored("neither commits nor target of the merge request changed")
    if change.find("last_commit") is None:
        return Ignored("the merge request has no commits")
    head_sha, retargeted = change.at("last_commit", "id").sha(), False
    if action == "update":
        retargeted = payload.at("changes").find("target_branch") is not None
    return ChangeUpdated(_repository(payload), number, head_sha, retargeted=retargeted)


def _is_marked(payload: Payload, change: Payload) -> bool:
    """Whether an update has nothing in it that a preview is about but labels, or that it is a draft now."""
    changes = payload.at("changes")
    return not _is_new(payload, change) and (changes.find("labels") is not None or changes.find("draft") is not None)


def _is_new(payload: Payload, change: Payload) -> bool:
    """Whether an update has commits, another target, or an end of being a draft in it."""
    changes = payload.at("changes")
    draft = changes.find("draft")
    ready = draft is not None and not draft.at("current").flag()
    return ready or change.find("oldrev") is not None or changes.find("target_branch") is not None


def _push(payload: Payload) -> Event:
    """https://docs.gitlab.com/user/project/integrations/webhook_events/#push-events."""
    ref = payload.at("ref")
    if not ref.text().startswith(_BRANCHES):
        raise Malformed(ref.path, f"a branch's whole name, {_BRANCHES}…")
    return BranchPushed(
        repository=_repository(payload),
        branch=replace(ref, value=ref.text().removeprefix(_BRANCHES)).branch(),
        before=payload.at("before").sha(),
        after=payload.at("after").sha(),
    )


def _tag_push(payload: Payload) -> Event:
    """https://docs.gitlab.com/user/project/integrations/webhook_events/#tag-events."""
    return TagPushed(_repository(payload))


def _note(payload: Payload) -> Event:
    """https://docs.gitlab.com/user/project/integrations/webhook_events/#comment-events."""
    note, author = payload.at("object_attributes"), payload.at("user", "username")
    if note.at("noteable_type").text() != "MergeRequest":
        return Ignored("a comment on something else than a merge request")
    action = note.find("action")  # GitLab before 16.11 tells new comments only, and does not say so
    if action is not None and action.text() != "create":
        return Ignored("only new comments count: an edited one is not what somebody agreed to")
    if is_bot(author.username()) or ((system := note.find("system")) is not None and system.flag()):
        return Ignored("no person's comment")
    return CommentWritten(
        repository=_repository(payload),
        number=payload.at("merge_request", "iid").number(),
        comment_id=note.at("id").number(),
        author=author.username(),
        body=note.at("note").text(),
    )


def _emoji(payload: Payload) -> Event:
    """https://docs.gitlab.com/user/project/integrations/webhook_events/#emoji-events.

    Under a merge request `:repeat:` is what GitHub has a button for, *Re-run*; all others are only meant for people.
    """
    award, request, author = payload.at("object_attributes"), payload.find("merge_request"), payload.at("user")
    awarded = payload.at("event_type").text() == "award" and award.at("name").text() == _AGAIN
    if request is None or not awarded or is_bot(author.at("username").username()):
        return Ignored("nobody asks for a preview by it")
    return CheckPressed(
        repository=_repository(payload),
        head_sha=request.at("last_commit", "id").sha(),
        author=author.at("username").username(),
        id=-award.at("id").number(),
    )


def _pipeline(payload: Payload) -> Event:
    """https://docs.gitlab.com/user/project/integrations/webhook_events/#pipeline-events."""
    pipeline = payload.at("object_attributes")
    if pipeline.at("source").text() != OF_MERGE_REQUEST:
        return Ignored("no merge train")
    status = pipeline.at("status").text()
    if status == "canceled":
        return MergeGroupGone(_repository(payload), pipeline.at("sha").sha())
    if status not in _BEGUN:
        return Ignored("the merge train goes on")
    return MergeGroupFormed(
        repository=_repository(payload),
        base_branch=payload.at("merge_request", "target_branch").branch(),
        base_sha="",
        head_sha=pipeline.at("sha").sha(),
        pipeline=pipeline.at("id").number(),
    )


def _repository(payload: Payload) -> Repository:
    return read_repository(payload.at("project"), clone_url="git_http_url")


_Reader: TypeAlias = Callable[[Payload], Event]

_READERS: Final[Mapping[str, _Reader]] = MappingProxyType(
    {
        "Merge Request Hook": _merge_request,
        "Push Hook": _push,
        "Tag Push Hook": _tag_push,
        "Note Hook": _note,
        "Emoji Hook": _emoji,
        "Pipeline Hook": _pipeline,
    }
)
"""Every event that is understood; any other is ignored."""
