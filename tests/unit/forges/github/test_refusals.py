"""Refusals in words, cuts of texts, and names."""

from __future__ import annotations

import pytest

from bot.errors import Temporary
from bot.forges.github.errors import Answer, BadCredentials, Forbidden, Invalid, NotFound, refusal
from bot.forges.github.names import is_full_name
from bot.forges.limits import context, description
from bot.forges.names import is_branch

NOW = 1_000_000.0


def refused(answer: Answer) -> Exception:
    return refusal(answer, doing="GET /x", setting="FORESAIL_GITHUB_TOKEN", now=NOW)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Invalid),
        (401, BadCredentials),
        (403, Forbidden),
        (404, NotFound),
        (409, Invalid),
        (410, NotFound),
        (422, Invalid),
        (429, Temporary),
        (451, Invalid),
        (500, Temporary),
        (504, Temporary),
    ],
)
@pytest.mark.parametrize("data", [None, [], "text", {"message": 1, "errors": [None, 1]}, {"errors": "no list"}])
def test_the_status_says_who_must_act_whatever_the_body(status: int, kind: type[Exception], data: object) -> None:
    assert isinstance(refused(Answer(status, {}, data)), kind)


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"retry-after": "9"}, ""),
        ({"x-ratelimit-remaining": "0"}, ""),
        ({}, "You have exceeded a secondary rate limit."),
        ({}, "You have triggered an abuse detection mechanism."),
    ],
)
def test_a_403_about_too_many_requests_is_temporary(headers: dict[str, str], words: str) -> None:
    assert isinstance(refused(Answer(403, headers, {"message": words})), Temporary)


def test_a_missing_permission_is_named_with_its_alternatives() -> None:
    headers = {"x-accepted-github-permissions": "pull_requests=write,contents=read; issues=write"}
    error = refused(Answer(403, headers, {"message": "Resource not accessible by integration"}))
    assert str(error) == (
        "GitHub does not allow GET /x (it takes the permission pull_requests=write and contents=read or issues=write): "
        "Resource not accessible by integration"
    )


def test_every_error_of_a_422_is_told() -> None:
    errors = [{"field": "context", "code": "too_long"}, {"message": "no commit"}, "as text"]
    error = refused(Answer(422, {}, {"message": "Validation Failed", "errors": errors}))
    words = "Validation Failed; context is too_long; no commit; as text"
    assert str(error) == f"GitHub does not take GET /x: {words}"


def test_githubs_words_stay_on_one_line_and_short() -> None:
    error = str(refused(Answer(422, {}, {"message": "a\nb " * 10_000})))
    assert "\n" not in error
    assert len(error) < 600


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("short", "short"),
        ("two\n  lines", "two lines"),
        ("x" * 140, "x" * 140),
        ("x" * 141, "x" * 139 + "…"),
        ("word " * 28 + "end", "word " * 27 + "word…"),
        ("x" * 139 + " y", "x" * 139 + "…"),
        ("", ""),
    ],
)
def test_a_description_is_cut_at_a_word(text: str, cut: str) -> None:
    assert description(text, longest=140) == cut
    assert len(cut) <= 140


def test_long_contexts_stay_different() -> None:
    long = ["x" * 255, "x" * 256, "x" * 300 + "a", "x" * 300 + "b"]
    assert len({context(text) for text in long}) == 4
    assert {len(context(text)) for text in long} == {255}


@pytest.mark.parametrize("name", ["acme/shop", "a/b", "Acme-Inc/shop.js", "me_corp/.github", "a/-x", "a/..."])
def test_names_that_github_gives(name: str) -> None:
    assert is_full_name(name)


@pytest.mark.parametrize(
    "name", ["main", "team/next", "gh-readonly-queue/main/pr-1-abc", "ümlaut", "a.b", "x@y", "a'b"]
)
def test_branches_that_git_takes(name: str) -> None:
    assert is_branch(name)


@pytest.mark.parametrize(
    "name", ["a//b", "a/.b", "a.lock", "a.lock/b", "a/", "a.", "a\x7f", "a~1", "a^", "x@{1}", "a" * 256]
)
def test_branches_that_git_does_not_take(name: str) -> None:
    assert not is_branch(name)
