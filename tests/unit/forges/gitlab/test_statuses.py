"""Which requests make a status what it is to be, and refusals and names in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.errors import Temporary
from bot.forges.gitlab.errors import Answer, BadCredentials, Forbidden, Invalid, NotFound, refusal
from bot.forges.gitlab.names import is_bot, is_full_name, is_username
from bot.forges.gitlab.statuses import Said, steps
from bot.model.changes import CommitStatus, StatusState

WANTED = CommitStatus("foresail/preview", StatusState.PENDING, "previewing", "https://x.test/1")
ENDED = CommitStatus("foresail/preview", StatusState.SUCCESS, "changes nothing")


def said(word: str, description: str = "") -> dict[str, Said]:
    return {WANTED.context: Said(1, WANTED.context, word, description, "", pipeline=7)}


def words(status: CommitStatus, known: dict[str, Said]) -> list[tuple[object, object]]:
    return [(one["state"], one.get("pipeline_id")) for one in steps(status, known)]


@pytest.mark.parametrize("word", ["success", "failed", "canceled", "skipped", "manual"])
def test_what_has_ended_is_followed_by_another(word: str) -> None:
    assert words(WANTED, said(word)) == words(WANTED, {}) == [("pending", None)]


def test_new_words_of_what_is_pending_need_a_new_state() -> None:
    assert words(WANTED, said("pending")) == [("running", 7)]
    assert words(WANTED, said("running")) == [("canceled", 7), ("pending", 7)]


def test_what_was_ended_to_say_something_else_is_pending_until_that_is_said() -> None:
    first, second = steps(WANTED, said("running"))
    between = said(str(first["state"]), str(first["description"]))
    status = between[WANTED.context].status
    assert status is not None
    assert status.state is StatusState.PENDING
    assert list(steps(WANTED, between)) == [{name: value for name, value in second.items() if name != "pipeline_id"}]


@pytest.mark.parametrize("word", ["pending", "running"])
def test_what_is_pending_ends_in_its_own_pipeline(word: str) -> None:
    assert words(ENDED, said(word)) == [("success", 7)]


def test_what_another_pipeline_has_overtaken_ends_in_both_and_is_said_there_once() -> None:
    late = {name: replace(one, overtaken=True) for name, one in said("pending").items()}
    assert words(ENDED, late) == [("success", 7), ("success", None)]
    assert words(WANTED, late) == [("running", 7)]
    ended = {name: replace(one, overtaken=True) for name, one in said("success", ENDED.description).items()}
    assert words(ENDED, ended) == [("success", None)]


@pytest.mark.parametrize(
    ("state", "word"),
    [(StatusState.SUCCESS, "success"), (StatusState.FAILURE, "failed"), (StatusState.ERROR, "canceled")],
)
def test_what_is_said_already_is_not_said_again(state: StatusState, word: str) -> None:
    status = CommitStatus(WANTED.context, state, "the same")
    assert words(status, said(word, "the same")) == []
    assert words(status, said(word, "others")) == [(word, None)]


def test_texts_are_cut_to_what_gitlab_takes() -> None:
    status = CommitStatus("x" * 300, StatusState.SUCCESS, "word " * 100)
    (body,) = steps(status, {})
    assert (len(str(body["name"])), len(str(body["description"])) <= 255) == (255, True)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Invalid),
        (401, BadCredentials),
        (403, Forbidden),
        (404, NotFound),
        (405, Invalid),
        (409, Temporary),
        (410, NotFound),
        (422, Invalid),
        (423, Temporary),
        (429, Temporary),
        (500, Temporary),
        (503, Temporary),
    ],
)
def test_a_refusal_says_who_must_act(status: int, kind: type[Exception]) -> None:
    assert isinstance(refusal(Answer(status), doing="GET /x"), kind)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"message": "404 Project Not Found"}, "404 Project Not Found"),
        ({"message": {"note": ["is too long", "is odd"]}}, "note is too long, is odd"),
        ({"message": {"error": "Try again later."}}, "error Try again later."),
        ({"error": "invalid_token", "error_description": "Token was revoked."}, "invalid_token; Token was revoked."),
        ("nonsense", "status 400"),
        (None, "status 400"),
    ],
)
def test_gitlabs_words_are_told(data: object, told: str) -> None:
    assert str(refusal(Answer(400, data=data), doing="GET /x")) == f"GitLab does not take GET /x: {told}"


@pytest.mark.parametrize(("asked", "wait"), [("17", 17), ("0", 1), ("999999", 7200), ("soon", 60), ("", 60)])
def test_a_limit_is_waited_for_as_long_as_gitlab_asks(asked: str, wait: float) -> None:
    refused = refusal(Answer(429, {"retry-after": asked}), doing="GET /x")
    assert isinstance(refused, Temporary)
    assert refused.retry_after == wait


@pytest.mark.parametrize("name", ["acme/shop", "acme/team/sub/shop.js", "_a/b", "a/.github", "a/b-c_d"])
def test_projects_that_are_asked_for(name: str) -> None:
    assert is_full_name(name)


@pytest.mark.parametrize(
    "name", ["shop", "acme/..", "../shop", "a//b", "/a/b", "a/b/", "a/b c", "a/b?x", "-a/b", "a/%2e"]
)
def test_projects_that_are_not_asked_for(name: str) -> None:
    assert not is_full_name(name)


def test_accounts() -> None:
    assert is_username("alice.b-c_d")
    assert not is_username("a/b")
    assert is_bot("project_12_bot_0a1b2c3d4e5f")
    assert not is_bot("project_manager")
