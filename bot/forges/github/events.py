"""Webhook deliveries to events: pure, for bytes from anybody; light, since the web process runs it.

https://docs.github.com/en/webhooks/webhook-events-and-payloads
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final, TypeAlias
from urllib.parse import parse_qs

import orjson

from bot.errors import Rejected
from bot.forges.github.payload import Payload, read_repository
from bot.forges.payload import Malformed
from bot.model.changes import Repository
from bot.model.checks import Button
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
    InstallationChanged,
    MergeGroupFormed,
    MergeGroupGone,
    Ping,
    TagPushed,
)

__all__ = ["BadSignature", "Malformed", "delivery_id", "parse_delivery"]

_DELIVERY_ID: Final = re.compile(r"[A-Za-z0-9-]{1,64}")
_BRANCHES: Final = "refs/heads/"
_TAGS: Final = "refs/tags/"
_FORM: Final = "application/x-www-form-urlencoded"
_MOST_FORM_FIELDS: Final = 8
_BOT_SUFFIX: Final = "[bot]"


class BadSignature(Rejected):
    """The delivery was not signed with a secret of ours: nobody knows who sent it."""


def parse_delivery(headers: Mapping[str, str], body: bytes, *, secrets: Sequence[str]) -> Event:
    """Verify a delivery's signature with any of `secrets` and read it; BadSignature or Malformed, nothing else.

    https://docs.github.com/en/webhooks/webhook-events-and-payloads#delivery-headers
    """
    _verify(_header(headers, "X-Hub-Signature-256"), body, secrets=secrets)
    name = _header(headers, "X-GitHub-Event")
    if not name:
        raise Malformed("X-GitHub-Event", "there")
    read = _READERS.get(name)
    if read is None:
        return Ignored("no use for this event")
    payload = Payload(_decode(_header(headers, "Content-Type"), body))
    payload.object()
    event = read(payload)
    return replace(event, id=_number(delivery_id(headers))) if isinstance(event, CheckPressed) else event


def delivery_id(headers: Mapping[str, str]) -> str:
    """Return the delivery's GUID, the same again when GitHub delivers again; Malformed when there is none."""
    value = _header(headers, "X-GitHub-Delivery")
    if not _DELIVERY_ID.fullmatch(value):
        raise Malformed("X-GitHub-Delivery", "the delivery's GUID")
    return value


def _header(headers: Mapping[str, str], name: str) -> str:
    wanted = name.lower()
    return next((value for key, value in headers.items() if key.lower() == wanted), "")


def _number(guid: str) -> int:
    """Return a number below zero that stands for a delivery: comments have those above."""
    return -int.from_bytes(hashlib.sha256(guid.encode()).digest()[:6], "big") - 1


def _verify(signature: str, body: bytes, *, secrets: Sequence[str]) -> None:
    """Compare in constant time, with every secret: how long it takes must not tell which one was nearly right.

    https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
    """
    given = signature.encode("utf-8", "replace")
    matches = [hmac.compare_digest(_sign(secret, body), given) for secret in secrets if secret]
    if not any(matches):
        raise BadSignature(
            "X-Hub-Signature-256 does not fit the body" if signature else "X-Hub-Signature-256 is missing",
            remedy="Give GitHub's webhook settings and FORESAIL_GITHUB_WEBHOOK_SECRET the same secret.",
        )


def _sign(secret: str, body: bytes) -> bytes:
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}".encode()


def _decode(content_type: str, body: bytes) -> object:
    """Return the JSON, sent as it is or in a form's field `payload`.

    https://docs.github.com/en/webhooks/using-webhooks/creating-webhooks#creating-a-repository-webhook
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in {"application/json", _FORM}:
        raise Malformed("Content-Type", f"application/json or {_FORM}")
    text = _form_field(body) if kind == _FORM else body
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Malformed("", "JSON in UTF-8, not nested absurdly") from error


def _form_field(body: bytes) -> str:
    try:
        fields = parse_qs(body.decode("ascii"), errors="strict", max_num_fields=_MOST_FORM_FIELDS)
    except ValueError as error:
        raise Malformed("", "a form with the field payload") from error
    values = fields.get("payload", [])
    if len(values) != 1:
        raise Malformed("payload", "there once")
    return values[0]


def _ping(_payload: Payload) -> Event:
    return Ping()


def _installation(payload: Payload) -> Event:
    """https://docs.github.com/en/webhooks/webhook-events-and-payloads#installation."""
    action = payload.at("action").text()
    if action not in {"created", "deleted", "suspend", "unsuspend"}:
        return Ignored("the same repositories as before")
    names = _names(payload.find("repositories"))
    gone = action in {"deleted", "suspend"}
    return InstallationChanged(
        installation=payload.at("installation", "id").number(),
        added=() if gone else names,
        removed=names if gone else (),
    )


def _installation_repositories(payload: Payload) -> Event:
    """https://docs.github.com/en/webhooks/webhook-events-and-payloads#installation_repositories."""
    return InstallationChanged(
        installation=payload.at("installation", "id").number(),
        added=_names(payload.at("repositories_added")),
        removed=_names(payload.at("repositories_removed")),
    )


def _pull_request(payload: Payload) -> Event:
    """https://docs.github.com/en/webhooks/webhook-events-and-payloads#pull_request."""
    action, change = payload.at("action").text(), payload.at("pull_request")
    if action == "closed":
        merged = change.at("merged").flag()
        return ChangeClosed(
            repository=_repository(payload),
            number=change.at("number").number(),
            merge_sha=change.at("merge_commit_sha").sha() if merged else "",
        )
    retargeted = action == "edited" and payload.at("changes").find("base") is not None
    if action in {"labeled", "unlabeled", "converted_to_draft"}:
        return ChangeMarked(_repository(payload), change.at("number").number())
    if not retargeted and action not in {"opened", "reopened", "synchronize", "ready_for_review"}:
        return Ignored("neither commits nor base of the pull request changed")
    return ChangeUpdated(
        repository=_repository(payload),
        number=change.at("number").number(),
        head_sha=change.at("head", "sha").sha(),
        retargeted=retargeted,
    )


def _pull_request_review(payload: Payload) -> Event:
    """https://docs.github.com/en/webhooks/webhook-events-and-payloads#pull_request_review."""
    action, review = payload.at("action").text(), payload.at("review")
    author = review.find("user")
    if action not in {"submitted", "dismissed"} or review.at("state").text().lower() == "commented":
        return Ignored("nobody approves, or approves no more")
    if author is None or _is_bot(author):
        return Ignored("no person's review")
    if action == "dismissed" and not _is_bot(payload.at("sender")):
        author = payload.at("sender")  # whoever gave it may have no say here any more, which may be why
    return ChangeReviewed(_repository(payload), payload.at("pull_request", "number").number(), _login(author))


def _push(payload: Payload) -> Event:
    """https://docs.github.com/en/webhooks/webhook-events-and-payloads#push."""
    ref = payload.at("ref")
    if ref.text().startswith(_TAGS):
        return TagPushed(_repository(payload))
    if not ref.text().startswith(_BRANCHES):
        return Ignored("neither a branch nor a tag")
    return BranchPushed(
        repository=_repository(payload),
        branch=_branch(ref),
        before=payload.at("before").sha(),
        after=payload.at("after").sha(),
    )


def _issue_comment(payload: Payload) -> Event:
    """https://docs.github.com/en/webhooks/webhook-events-and-payloads#issue_comment."""
    if payload.at("action").text() != "created":
        return Ignored("only new comments count: an edited one is not what somebody agreed to")
    issue, comment = payload.at("issue"), payload.at("comment")
    if issue.find("pull_request") is None:
        return Ignored("a comment on an issue")
    author = comment.find("user")
    if author is None or _is_bot(author):
        return Ignored("no person's comment")
    return CommentWritten(
        repository=_repository(payload),
        number=issue.at("number").number(),
        comment_id=comment.at("id").number(),
        author=_login(author),
        body=comment.at("body").text(),
    )


def _check_run(payload: Payload) -> Event:
    """https://docs.github.com/en/webhooks/webhook-events-and-payloads#check_run."""
    return _pressed(payload, payload.at("check_run"), name=payload.at("check_run", "name").text())


def _check_suite(payload: Payload) -> Event:
    """https://docs.github.com/en/webhooks/webhook-events-and-payloads#check_suite."""
    return _pressed(payload, payload.at("check_suite"), name="")


def _pressed(payload: Payload, check: Payload, *, name: str) -> Event:
    action, button = payload.at("action").text(), None
    if action == "requested_action":
        identifier = payload.at("requested_action", "identifier").text()
        if identifier not in set(Button):
            return Ignored("no button of ours")
        button = Button(identifier)
    elif action != "rerequested":
        return Ignored("nobody asked for anything")
    return CheckPressed(
        repository=_repository(payload),
        head_sha=check.at("head_sha").sha(),
        author=payload.at("sender", "login").login(),
        name=name,
        button=button,
    )


def _merge_group(payload: Payload) -> Event:
    """https://docs.github.com/en/webhooks/webhook-events-and-payloads#merge_group."""
    action, group = payload.at("action").text(), payload.at("merge_group")
    if action == "destroyed" and (reason := payload.find("reason")) is not None and reason.text() != "merged":
        return MergeGroupGone(_repository(payload), group.at("head_sha").sha())
    if action != "checks_requested":
        return Ignored("the merge group has landed")
    return MergeGroupFormed(
        repository=_repository(payload),
        base_branch=_branch(group.at("base_ref")),
        base_sha=group.at("base_sha").sha(),
        head_sha=group.at("head_sha").sha(),
    )


def _repository(payload: Payload) -> Repository:
    installation = payload.find("installation")
    number = None if installation is None else installation.at("id").number()
    return read_repository(payload.at("repository"), installation=number)


def _branch(ref: Payload) -> str:
    name = ref.text()
    if not name.startswith(_BRANCHES):
        raise Malformed(ref.path, f"a branch's whole name, {_BRANCHES}…")
    return replace(ref, value=name.removeprefix(_BRANCHES)).branch()


def _names(repositories: Payload | None) -> tuple[str, ...]:
    if repositories is None:
        return ()
    return tuple(one.at("full_name").full_name() for one in repositories.items())


def _login(author: Payload) -> str:
    return author.at("login").login()


def _is_bot(author: Payload) -> bool:
    kind = author.find("type")
    named = author.at("login").text().endswith(_BOT_SUFFIX)
    return named or (kind is not None and kind.text() == "Bot")


_Reader: TypeAlias = Callable[[Payload], Event]

_READERS: Final[Mapping[str, _Reader]] = MappingProxyType(
    {
        "ping": _ping,
        "installation": _installation,
        "installation_repositories": _installation_repositories,
        "pull_request": _pull_request,
        "pull_request_review": _pull_request_review,
        "push": _push,
        "issue_comment": _issue_comment,
        "check_run": _check_run,
        "check_suite": _check_suite,
        "merge_group": _merge_group,
    }
)
"""Every event that is understood; any other is ignored."""
