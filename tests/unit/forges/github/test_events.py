"""What each delivery means, and that nothing a stranger sends does more than be refused."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from bot.errors import Rejected
from bot.forges.github.events import BadSignature, Malformed, delivery_id, parse_delivery
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
from tests.unit.forges.github.deliveries import BASE, HEAD, MERGE, SECRET, body_of, headers_of, sample

SHOP = Repository("acme/shop", "https://github.com/acme/shop.git", 42, "main")
ZEROS = "0" * 40
PRESS = -163_916_998_318_970
"""Of the delivery that all samples come with."""


def parse(name: str, **changed: Any) -> Event:
    """Parse a sample that was changed and then signed."""
    body = body_of(sample(name, **changed))
    return parse_delivery(headers_of(name.partition(".")[0], body), body, secrets=[SECRET])


@pytest.mark.parametrize(
    ("name", "event"),
    [
        ("ping", Ping()),
        ("pull_request.synchronize", ChangeUpdated(SHOP, 12, HEAD)),
        ("pull_request.edited", ChangeUpdated(SHOP, 12, HEAD, retargeted=True)),
        ("pull_request.closed", ChangeClosed(SHOP, 12, MERGE)),
        ("push", BranchPushed(SHOP, "team/next", BASE, HEAD)),
        ("issue_comment.created", CommentWritten(SHOP, 12, 99, "alice", "/foresail preview")),
        ("check_run.rerequested", CheckPressed(SHOP, HEAD, "alice", "foresail/preview", id=PRESS)),
        ("check_suite.rerequested", CheckPressed(SHOP, HEAD, "alice", id=PRESS)),
        (
            "check_run.requested_action",
            CheckPressed(SHOP, HEAD, "alice", "foresail/preview", button=Button.HOLD, id=PRESS),
        ),
        ("merge_group.checks_requested", MergeGroupFormed(SHOP, "main", BASE, HEAD)),
        ("installation.created", InstallationChanged(42, ("acme/shop", "acme/site"), ())),
        ("installation_repositories.removed", InstallationChanged(42, (), ("acme/site",))),
    ],
)
@pytest.mark.parametrize("form", [False, True])
def test_a_delivery_is_read_as_json_and_as_a_form(name: str, event: Event, form: bool) -> None:  # noqa: FBT001
    body = body_of(sample(name), form=form)
    headers = headers_of(name.partition(".")[0], body, form=form)
    assert parse_delivery(headers, body, secrets=[SECRET]) == event


def test_a_dismissal_is_whoever_dismisses_as_the_other_may_have_lost_every_say() -> None:
    review = {"user": {"login": "mallory", "type": "User"}, "state": "dismissed"}
    payload = {**sample("pull_request.synchronize"), "review": review, "sender": {"login": "alice", "type": "User"}}

    def read(action: str, **more: Any) -> Event:
        body = body_of({**payload, "action": action, **more})
        return parse_delivery(headers_of("pull_request_review", body), body, secrets=[SECRET])

    assert read("dismissed") == ChangeReviewed(SHOP, 12, "alice")
    assert read("submitted", review={**review, "state": "approved"}) == ChangeReviewed(SHOP, 12, "mallory")
    assert read("dismissed", sender={"login": "app[bot]", "type": "Bot"}) == ChangeReviewed(SHOP, 12, "mallory")


@pytest.mark.parametrize("action", ["opened", "reopened", "ready_for_review"])
def test_other_reasons_to_preview_a_change(action: str) -> None:
    assert parse("pull_request.synchronize", action=action) == ChangeUpdated(SHOP, 12, HEAD)


@pytest.mark.parametrize("action", ["assigned", "milestoned", "anything new"])
def test_a_change_whose_commits_stay_is_ignored(action: str) -> None:
    assert isinstance(parse("pull_request.synchronize", action=action), Ignored)


@pytest.mark.parametrize("action", ["labeled", "unlabeled", "converted_to_draft"])
def test_a_change_that_is_labelled_or_made_a_draft_is_marked(action: str) -> None:
    assert parse("pull_request.synchronize", action=action) == ChangeMarked(SHOP, 12)


def test_a_new_title_is_ignored() -> None:
    assert isinstance(parse("pull_request.edited", changes={"title": {"from": "Old"}}), Ignored)


def test_a_change_closed_without_a_merge_has_no_merge_commit() -> None:
    closed = parse("pull_request.closed", pull_request__merged=False)
    assert closed == ChangeClosed(SHOP, 12, "")


def test_a_branch_appears_and_goes() -> None:
    assert parse("push", before=ZEROS) == BranchPushed(SHOP, "team/next", ZEROS, HEAD)
    assert parse("push", after=ZEROS) == BranchPushed(SHOP, "team/next", BASE, ZEROS)


def test_a_push_of_a_tag_is_told() -> None:
    assert parse("push", ref="refs/tags/v1") == TagPushed(SHOP)


@pytest.mark.parametrize("ref", ["refs/notes/commits", "main"])
def test_a_push_to_anything_else_is_ignored(ref: str) -> None:
    assert parse("push", ref=ref) == Ignored("neither a branch nor a tag")


@pytest.mark.parametrize("action", ["edited", "deleted"])
def test_only_new_comments_count(action: str) -> None:
    assert isinstance(parse("issue_comment.created", action=action), Ignored)


def test_a_comment_on_an_issue_is_ignored() -> None:
    assert parse("issue_comment.created", issue={"number": 12}) == Ignored("a comment on an issue")


@pytest.mark.parametrize("user", [{"login": "foresail[bot]", "type": "Bot"}, {"login": "helper[bot]"}, None])
def test_what_a_bot_or_nobody_wrote_is_ignored(user: object) -> None:
    assert parse("issue_comment.created", comment__user=user) == Ignored("no person's comment")


def test_a_button_that_we_do_not_know_is_ignored() -> None:
    assert parse("check_run.requested_action", requested_action__identifier="rollback") == Ignored("no button of ours")


@pytest.mark.parametrize("name", ["check_run.rerequested", "check_suite.rerequested", "merge_group.checks_requested"])
def test_what_became_of_a_check_or_a_merge_group_is_ignored(name: str) -> None:
    assert isinstance(parse(name, action="completed"), Ignored)


@pytest.mark.parametrize("reason", ["invalidated", "dequeued"])
def test_a_merge_group_that_is_thrown_away_is_told(reason: str) -> None:
    assert parse("merge_group.checks_requested", action="destroyed", reason=reason) == MergeGroupGone(SHOP, HEAD)


def test_a_merge_group_that_has_landed_is_ignored() -> None:
    found = parse("merge_group.checks_requested", action="destroyed", reason="merged")
    assert found == Ignored("the merge group has landed")


@pytest.mark.parametrize(
    ("action", "added", "removed"),
    [
        ("deleted", (), ("acme/shop", "acme/site")),
        ("suspend", (), ("acme/shop", "acme/site")),
        ("unsuspend", ("acme/shop", "acme/site"), ()),
    ],
)
def test_an_installation_comes_and_goes(action: str, added: tuple[str, ...], removed: tuple[str, ...]) -> None:
    assert parse("installation.created", action=action) == InstallationChanged(42, added, removed)


def test_accepted_permissions_change_no_repository() -> None:
    assert isinstance(parse("installation.created", action="new_permissions_accepted"), Ignored)


def test_a_webhook_of_a_repository_has_no_installation() -> None:
    payload = sample("push")
    del payload["installation"]
    body = body_of(payload)
    pushed = parse_delivery(headers_of("push", body), body, secrets=[SECRET])
    assert isinstance(pushed, BranchPushed)
    assert pushed.repository.installation is None


def test_an_event_nobody_asked_for_is_ignored_unread() -> None:
    body = b"\xff not even JSON"
    assert isinstance(parse_delivery(headers_of("star", body), body, secrets=[SECRET]), Ignored)


@pytest.mark.parametrize("secrets", [[SECRET, "old"], ["old", SECRET]])
def test_while_secrets_change_either_will_do(secrets: list[str]) -> None:
    body = body_of(sample("ping"))
    assert parse_delivery(headers_of("ping", body), body, secrets=secrets) == Ping()


def test_header_names_are_read_in_any_case() -> None:
    body = body_of(sample("ping"))
    headers = {name.upper(): value for name, value in headers_of("ping", body).items()}
    assert parse_delivery(headers, body, secrets=[SECRET]) == Ping()


@pytest.mark.parametrize(
    "signature", ["", "sha256=", "sha1=0123", "sha256=" + "0" * 64, "sha256=ä", "\udcff", "sha256=" + "0" * 10_000]
)
def test_a_wrong_signature_is_refused(signature: str) -> None:
    body = body_of(sample("ping"))
    headers = {**headers_of("ping", body), "X-Hub-Signature-256": signature}
    with pytest.raises(BadSignature, match="X-Hub-Signature-256"):
        parse_delivery(headers, body, secrets=[SECRET])


@pytest.mark.parametrize("secrets", [[], [""], ["wrong"]])
def test_a_secret_that_is_not_ours_opens_nothing(secrets: list[str]) -> None:
    body = body_of(sample("ping"))
    headers = headers_of("ping", body, secret="")
    with pytest.raises(BadSignature):
        parse_delivery(headers, body, secrets=secrets)


def test_a_body_that_was_changed_on_the_way_is_refused() -> None:
    body = body_of(sample("push"))
    with pytest.raises(BadSignature):
        parse_delivery(headers_of("push", body), body + b" ", secrets=[SECRET])


@pytest.mark.parametrize(
    ("name", "changed", "field"),
    [
        ("push", {"repository__full_name": "acme/../../etc"}, "repository.full_name"),
        ("push", {"repository__full_name": "acme/.."}, "repository.full_name"),
        ("push", {"repository__full_name": "-acme/shop"}, "repository.full_name"),
        ("push", {"repository__full_name": "acme/shop\n"}, "repository.full_name"),
        ("push", {"repository__clone_url": "https://evil.test/acme/other.git"}, "repository.clone_url"),
        ("push", {"repository__clone_url": "https://me:pw@github.com/acme/shop.git"}, "repository.clone_url"),
        ("push", {"repository__clone_url": "ext::sh -c id /acme/shop.git"}, "repository.clone_url"),
        ("push", {"repository__clone_url": "https://[/acme/shop.git"}, "repository.clone_url"),
        ("push", {"repository__default_branch": "--upload-pack=id"}, "repository.default_branch"),
        ("push", {"ref": "refs/heads/--upload-pack=id"}, "ref"),
        ("push", {"ref": "refs/heads/a..b"}, "ref"),
        ("push", {"after": "HEAD"}, "after"),
        ("push", {"after": "A" * 40}, "after"),
        ("push", {"installation__id": True}, "installation.id"),
        ("push", {"installation__id": 10**30}, "installation.id"),
        ("push", {"installation__id": -1}, "installation.id"),
        ("pull_request.synchronize", {"pull_request__head": None}, "pull_request.head"),
        ("pull_request.synchronize", {"pull_request__number": "12"}, "pull_request.number"),
        ("pull_request.closed", {"pull_request__merged": "yes"}, "pull_request.merged"),
        ("issue_comment.created", {"comment__user": {"login": "al/ice"}}, "comment.user.login"),
        ("check_run.rerequested", {"check_run__head_sha": "main"}, "check_run.head_sha"),
        ("check_run.rerequested", {"sender__login": "al/ice"}, "sender.login"),
        ("check_run.requested_action", {"requested_action": {}}, "requested_action.identifier"),
        ("merge_group.checks_requested", {"merge_group__base_ref": "main"}, "merge_group.base_ref"),
        ("installation.created", {"repositories": [{"full_name": 1}]}, r"repositories\[0\].full_name"),
    ],
)
def test_nonsense_is_refused_by_the_fields_name(name: str, changed: dict[str, Any], field: str) -> None:
    with pytest.raises(Malformed, match=f"^{field} must be "):
        parse(name, **changed)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b'"text"',
        b"{",
        b'{"a": NaN}',
        b"\xff\xfe",
        b'{"a": "\xff"}',
        b'{"a": "\\ud800"}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
    ],
)
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(Malformed):
        parse_delivery(headers_of("push", body), body, secrets=[SECRET])


@pytest.mark.parametrize("body", [b"", b"payload", b"payload=%ff", b"\xff", b"payload={}&payload={}", b"a=1&" * 99])
def test_what_is_no_form_with_a_payload_is_refused(body: bytes) -> None:
    with pytest.raises(Malformed):
        parse_delivery(headers_of("push", body, form=True), body, secrets=[SECRET])


@pytest.mark.parametrize("missing", ["X-GitHub-Event", "Content-Type"])
def test_a_missing_header_is_named(missing: str) -> None:
    body = body_of(sample("ping"))
    headers = {name: value for name, value in headers_of("ping", body).items() if name != missing}
    with pytest.raises(Malformed, match=f"^{missing} must be"):
        parse_delivery(headers, body, secrets=[SECRET])


def test_the_delivery_id_is_githubs_guid() -> None:
    assert delivery_id(headers_of("ping", b"")) == "72d3162e-cc78-11e3-81ab-4c9367dc0958"


@pytest.mark.parametrize("value", ["", "a b", "../x", "a" * 65, "ä", "a\n"])
def test_a_delivery_without_a_guid_is_refused(value: str) -> None:
    with pytest.raises(Rejected, match="X-GitHub-Delivery"):
        delivery_id({"x-github-delivery": value})


def test_reading_deliveries_loads_no_client() -> None:
    code = "import sys, bot.forges.github.events; print({'github', 'requests', 'pydantic'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "set()\n"
