"""What each delivery means, and that nothing a stranger sends does more than be refused.

The deliveries are those of the stand-in's story, which tests/contract holds to GitLab's documentation.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from typing import Any

import pytest

from bot.errors import Rejected
from bot.forges.gitlab.events import BadSignature, Malformed, delivery_id, parse_delivery
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
from bot.sandbox.forge.webhooks import Delivery
from bot.sandbox.gitlab.server import GitLabStandIn
from tests.contract.gitlab_story import SIGNING_TOKEN, tell

SECRET = "open sesame"
NOW = 1_800_000_000.0
WEIRD: tuple[Any, ...] = (None, True, 0, -1, 1.5, 10**30, "", "x\x00y", "\u202e../..", "a" * 10_000, [], [None], {})
MUTATIONS = 300


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitLabStandIn]:
    with GitLabStandIn.start(tmp_path_factory.mktemp("gitlab")) as gitlab:
        tell(gitlab)
        gitlab.wait_for_deliveries()
        yield gitlab


@pytest.fixture(scope="module")
def deliveries(story: GitLabStandIn) -> list[Delivery]:
    """Return every delivery, oldest first."""
    return story.webhooks.deliveries()[::-1]


def sample(deliveries: list[Delivery], event: str, action: str = "") -> Any:
    """Return the payload of the first delivery of a kind."""
    payloads = (json.loads(one.body) for one in deliveries if one.event.name == event)
    return next(one for one in payloads if not action or one["object_attributes"]["action"] == action)


def parse(event: str, payload: Any) -> Event:
    headers = {"X-Gitlab-Event": event, "X-Gitlab-Token": SECRET}
    return parse_delivery(headers, json.dumps(payload).encode(), secrets=[SECRET], now=NOW)


def read(delivery: Delivery) -> Event:
    return parse_delivery(delivery.headers, delivery.body, secrets=[SECRET], now=NOW)


def test_every_delivery_is_read_by_its_token(story: GitLabStandIn, deliveries: list[Delivery]) -> None:
    events = [read(one) for one in deliveries]
    kinds = {BranchPushed, ChangeClosed, ChangeMarked, ChangeUpdated, CommentWritten, Ignored, MergeGroupFormed}
    kinds.add(ChangeReviewed)
    assert {type(event) for event in events} == kinds
    shop = Repository("acme/team/shop", f"{story.url}/acme/team/shop.git", mark="!")
    assert {event.repository for event in events if not isinstance(event, Ignored)} == {shop}  # type: ignore[union-attr] # all of them have one
    assert [delivery_id(one.headers) for one in deliveries] == [one.guid for one in deliveries]


def test_every_delivery_is_read_by_its_signature(deliveries: list[Delivery]) -> None:
    for one in deliveries:
        headers = {name: value for name, value in one.headers.items() if name != "X-Gitlab-Token"}
        at = float(one.headers["webhook-timestamp"])
        assert parse_delivery(headers, one.body, secrets=["old", SIGNING_TOKEN], now=at) == read(one)


def test_opening_pushing_retargeting_and_readiness_ask_for_a_preview(deliveries: list[Delivery]) -> None:
    of_first = [
        one
        for one in deliveries
        if one.event.name == "Merge Request Hook" and json.loads(one.body)["object_attributes"]["iid"] == 1
    ]
    kinds = [type(read(one)).__name__ for one in of_first]
    opened, pushed, drafted, ready, closed, reopened, retargeted, back, renamed, *by_bot, merged = kinds
    assert {opened, pushed, ready, reopened, retargeted, back} == {"ChangeUpdated"}
    assert (drafted, renamed) == ("ChangeMarked", "Ignored")
    assert {closed, merged} == {"ChangeClosed"}
    reviewed = [*["ChangeReviewed"] * 3, "Ignored", "ChangeReviewed"]
    assert by_bot == ["ChangeClosed", "ChangeUpdated", "Ignored", *reviewed]


def test_a_merge_names_its_commit_and_a_fast_forward_the_head(deliveries: list[Delivery]) -> None:
    payload = sample(deliveries, "Merge Request Hook", "merge")
    attributes = payload["object_attributes"]
    assert parse("Merge Request Hook", payload) == ChangeClosed(
        read_project(payload), attributes["iid"], attributes["merge_commit_sha"]
    )
    attributes["merge_commit_sha"] = None
    assert parse("Merge Request Hook", payload) == ChangeClosed(
        read_project(payload), attributes["iid"], attributes["last_commit"]["id"]
    )
    closed = sample(deliveries, "Merge Request Hook", "close")
    assert parse("Merge Request Hook", closed) == ChangeClosed(read_project(closed), 1, "")


def read_project(payload: Any) -> Repository:
    return Repository(payload["project"]["path_with_namespace"], payload["project"]["git_http_url"], mark="!")


def test_a_new_note_of_a_person_on_a_merge_request_is_a_comment(deliveries: list[Delivery]) -> None:
    payload = sample(deliveries, "Note Hook", "create")
    payload["user"]["username"] = "alice.b"
    event = parse("Note Hook", payload)
    assert isinstance(event, CommentWritten)
    assert (event.number, event.author) == (1, "alice.b")
    assert event.comment_id == payload["object_attributes"]["id"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("object_attributes.action", "update"),
        ("object_attributes.noteable_type", "Commit"),
        ("object_attributes.system", True),
        ("user.username", "project_12_bot_0a1b2c3d"),
        ("user.username", "group_7_bot1"),
    ],
)
def test_other_notes_are_no_comments(deliveries: list[Delivery], field: str, value: object) -> None:
    payload = sample(deliveries, "Note Hook", "create")
    inside, name = field.split(".")
    payload[inside][name] = value
    assert isinstance(parse("Note Hook", payload), Ignored)


def test_the_repeat_emoji_of_a_person_is_what_a_button_is_elsewhere(deliveries: list[Delivery]) -> None:
    payload = sample(deliveries, "Emoji Hook")
    award, head = payload["object_attributes"], payload["merge_request"]["last_commit"]["id"]
    assert isinstance(parse("Emoji Hook", payload), Ignored)  # eyes
    award["name"] = "repeat"
    payload["user"]["username"] = "project_7_bot_0123456789abcdef"
    assert isinstance(parse("Emoji Hook", payload), Ignored)
    payload["user"]["username"] = "alice"
    assert parse("Emoji Hook", payload) == CheckPressed(read_project(payload), head, "alice", id=-award["id"])
    assert isinstance(parse("Emoji Hook", {**payload, "event_type": "revoke"}), Ignored)
    del payload["merge_request"]
    assert isinstance(parse("Emoji Hook", payload), Ignored)  # under an issue


def test_a_merge_trains_pipeline_forms_a_group_and_its_end_takes_it_away(deliveries: list[Delivery]) -> None:
    payload = sample(deliveries, "Pipeline Hook")
    sha, number = payload["object_attributes"]["sha"], payload["object_attributes"]["id"]
    assert parse("Pipeline Hook", payload) == MergeGroupFormed(read_project(payload), "main", "", sha, number)
    payload["object_attributes"]["status"] = "canceled"
    assert parse("Pipeline Hook", payload) == MergeGroupGone(read_project(payload), sha)
    payload["object_attributes"]["status"] = "success"
    assert isinstance(parse("Pipeline Hook", payload), Ignored)
    payload["object_attributes"] |= {"status": "pending", "source": "push"}
    assert isinstance(parse("Pipeline Hook", payload), Ignored)


def test_a_tag_is_told_and_an_unknown_event_ignored(deliveries: list[Delivery]) -> None:
    payload = sample(deliveries, "Push Hook")
    payload["ref"] = "refs/tags/v1.0.0"
    assert parse("Tag Push Hook", payload) == TagPushed(read_project(payload))
    assert isinstance(parse("Job Hook", payload), Ignored)


def test_a_project_without_commits_has_some_default_branch(deliveries: list[Delivery]) -> None:
    payload = sample(deliveries, "Push Hook")
    payload["project"]["default_branch"] = None
    event = parse("Push Hook", payload)
    assert isinstance(event, BranchPushed)
    assert event.repository.default_branch == "main"


@pytest.mark.parametrize("url", ["https://evil.test/x.git", "http://u:p@127.0.0.1/acme/team/shop.git", "file:///x.git"])
def test_git_credentials_go_to_the_projects_own_url_only(deliveries: list[Delivery], url: str) -> None:
    payload = sample(deliveries, "Push Hook")
    payload["project"]["git_http_url"] = url
    with pytest.raises(Malformed, match="git_http_url"):
        parse("Push Hook", payload)


def signed(body: bytes, *, at: str = str(int(NOW)), identity: str = "a-b", key: str = SIGNING_TOKEN) -> dict[str, str]:
    message = f"{identity}.{at}.".encode() + body
    secret = base64.b64decode(key.removeprefix("whsec_"))
    signature = base64.b64encode(hmac.new(secret, message, hashlib.sha256).digest()).decode()
    return {
        "X-Gitlab-Event": "Job Hook",
        "webhook-id": identity,
        "webhook-timestamp": at,
        "webhook-signature": f"v1,{signature}",
    }


def test_one_of_several_signatures_is_enough() -> None:
    headers = signed(b"{}")
    headers["webhook-signature"] = f"v1,bm8= {headers['webhook-signature']} v2,eA=="
    assert isinstance(parse_delivery(headers, b"{}", secrets=[SIGNING_TOKEN], now=NOW), Ignored)


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook-id": "other"},
        {"webhook-timestamp": str(int(NOW) + 1)},
        {"webhook-timestamp": "soon"},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,ü"},
        {"webhook-signature": "v1,"},
    ],
)
def test_a_changed_signature_is_none(changed: dict[str, str]) -> None:
    with pytest.raises(BadSignature):
        parse_delivery({**signed(b"{}"), **changed}, b"{}", secrets=[SIGNING_TOKEN], now=NOW)


@pytest.mark.parametrize("ahead", [-301, 301])
def test_an_old_signature_is_none(ahead: int) -> None:
    with pytest.raises(BadSignature):
        parse_delivery(signed(b"{}", at=str(int(NOW) + ahead)), b"{}", secrets=[SIGNING_TOKEN], now=NOW)


@pytest.mark.parametrize("token", ["", "wrong", "open sesam", SIGNING_TOKEN])
def test_a_wrong_token_is_refused_and_a_signing_token_is_never_taken_as_one(token: str) -> None:
    headers = {"X-Gitlab-Event": "Job Hook", "X-Gitlab-Token": token}
    with pytest.raises(BadSignature):
        parse_delivery(headers, b"{}", secrets=[SECRET, SIGNING_TOKEN], now=NOW)


def test_without_any_secret_nothing_is_taken() -> None:
    with pytest.raises(BadSignature):
        parse_delivery({"X-Gitlab-Event": "Job Hook", "X-Gitlab-Token": ""}, b"{}", secrets=[""], now=NOW)


def test_a_signing_token_that_is_none_is_the_operators_mistake() -> None:
    with pytest.raises(Rejected, match="FORESAIL_GITLAB_WEBHOOK_SECRET"):
        parse_delivery(signed(b"{}"), b"{}", secrets=["whsec_?"], now=NOW)


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "../.."}, {"X-Gitlab-Event-UUID": "x" * 65}])
def test_a_delivery_without_identity_is_malformed(headers: dict[str, str]) -> None:
    with pytest.raises(Malformed, match="Idempotency-Key"):
        delivery_id(headers)


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b"\xff", b"[" * 5000])
def test_what_is_no_object_is_malformed(body: bytes) -> None:
    headers = {"X-Gitlab-Event": "Push Hook", "X-Gitlab-Token": SECRET}
    with pytest.raises(Malformed):
        parse_delivery(headers, body, secrets=[SECRET], now=NOW)


def places(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to every value inside a payload."""
    if isinstance(value, dict | list):
        for step, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield (*way, step)
            yield from places(inner, (*way, step))


@pytest.mark.parametrize("event", ["Push Hook", "Tag Push Hook", "Merge Request Hook", "Note Hook", "Pipeline Hook"])
def test_any_field_may_hold_anything_or_be_missing(deliveries: list[Delivery], event: str) -> None:
    whole = sample(deliveries, event.removeprefix("Tag "))
    ways, draw = list(places(whole)), random.Random(event)  # noqa: S311 - which fields are spoilt is no secret
    for _ in range(MUTATIONS):
        payload = deepcopy(whole)
        *way, last = draw.choice(ways)
        inside = payload
        for step in way:
            inside = inside[step]
        if draw.random() < 0.2 and isinstance(inside, dict):
            del inside[last]
        else:
            inside[last] = draw.choice(WEIRD)
        with suppress(Malformed):
            parse(event, payload)


def test_the_web_process_reads_deliveries_without_the_client() -> None:
    heavy = (
        "import sys, bot.forges.gitlab.events; print([name for name in ('gitlab', 'requests') if name in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", heavy], capture_output=True, text=True, check=True, timeout=60)
    assert out.stdout.strip() == "[]"
