"""A repository's configuration: what it may say, what is wrong with it, and whom it keeps from a preview."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.model.dangers import Severity
from bot.preview.configuration import (
    DEFAULTS,
    LONGEST,
    Configuration,
    Labels,
    Read,
    Reviewers,
    json_schema,
    read,
    reviewers,
    why_not,
)

DOCS = Path(__file__).resolve().parents[3] / "docs"
PAGE = (DOCS / "repository-configuration.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("text", [None, b"", b"# nothing\n", b"{}"])
def test_without_a_word_defaults_hold(text: bytes | None) -> None:
    assert read(text) == Read(DEFAULTS)


def test_every_key_is_read() -> None:
    found = read(
        b"ignore: ['docs/**', '*.md']\n"
        b"drafts: false\n"
        b"labels: {skip: [no-preview], require: [preview]}\n"
        b"reviewers: {caution: ['@acme/platform'], warning: ['@ana']}\n"
        b"comments: {collapse: true, budget: 20000}\n"
    )
    assert found.problems == ()
    assert found.configuration.model_dump() == {
        "ignore": ["docs/**", "*.md"],
        "drafts": False,
        "labels": {"skip": ["no-preview"], "require": ["preview"]},
        "reviewers": {"caution": ["@acme/platform"], "warning": ["@ana"]},
        "comments": {"collapse": True, "budget": 20_000},
    }


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"drafts: true\n\ndrafs: true\n", "line 3: there is no key drafs; did you mean drafts?"),
        (b"labels:\n  skip: []\n  ship: []\n", "line 3: there is no key labels.ship; did you mean skip?"),
        (b"x: 1\n", "line 1: there is no key x; there are comments, drafts, ignore, labels, reviewers"),
        (b"reviewers:\n  caution: ['<b>']\n", "line 2: reviewers.caution.0: string should match pattern"),
        (b"reviewers:\n  caution: ['@a b']\n", "line 2: reviewers.caution.0: string should match pattern"),
        (b"\ndrafts: 'no'\n", "line 2: drafts: input should be a valid boolean"),
        (b"ignore:\n- a\n- 7\n", "line 3: ignore.1: input should be a valid string"),
        (b"ignore:\n- a\n- " + b"x" * 2_000, "line 3: ignore.1: string should have at most 1024 characters"),
        (b"comments:\n  budget: 5\n", "line 2: comments.budget: input should be greater than or equal to 8192"),
        (b"- a\n", "line 1: the file: input should be a valid dictionary or instance of Configuration"),
        (b"a: [\n", "line 2: "),
        (b"a: &b 1\nc: *b\n", "line 2: aliases are not taken here"),
        (b"\xff", "it is not UTF-8 text"),
        (b"#" * 70_000, "it has more than 65536 bytes; nothing it may say takes so many"),
        (b"[" * 5_000, ""),
        (b"a: !!python/object/apply:os.system [ls]\n", "line 1: "),
    ],
)
def test_what_is_wrong_is_told_with_its_line_and_defaults_hold(text: bytes, problem: str) -> None:
    found = read(text)
    assert found.configuration == DEFAULTS
    assert found.problems[0].startswith(problem)


def test_many_problems_are_counted() -> None:
    found = read(b"".join(b"key%d: 1\n" % number for number in range(9)))
    assert (len(found.problems), found.problems[-1]) == (6, "and 4 more")


@pytest.mark.parametrize(
    ("configuration", "draft", "labels", "paths", "reason"),
    [
        (DEFAULTS, True, [], ["a"], None),
        (Configuration(drafts=False), True, [], ["a"], ("a draft: previewed as soon as it is ready for review", True)),
        (Configuration(drafts=False), False, [], ["a"], None),
        (
            Configuration(labels=Labels(skip=["WIP"])),
            False,
            ["wip"],
            ["a"],
            ("not previewed, as its label WIP says", False),
        ),
        (
            Configuration(labels=Labels(require=["go", "now"])),
            False,
            [],
            ["a"],
            ("previewed as soon as it has the label go or now", True),
        ),
        (Configuration(labels=Labels(require=["go", "now"])), False, ["now"], ["a"], None),
        (
            Configuration(ignore=["docs/**", "*.md"]),
            False,
            [],
            ["docs/a/b.txt", "README.md"],
            ("not previewed: .foresail/config.yaml ignores all files that it changes", False),
        ),
        (Configuration(ignore=["docs/**", "*.md"]), False, [], ["docs/a", "deploy/README.md"], None),
        (Configuration(ignore=["docs/*"]), False, [], ["docs/a/b"], None),
    ],
)
def test_a_change_is_previewed_unless_its_repository_says_otherwise(
    configuration: Configuration,
    draft: bool,  # noqa: FBT001 - a column of the table
    labels: list[str],
    paths: list[str],
    reason: tuple[str, bool] | None,
) -> None:
    assert why_not(configuration, draft=draft, labels=labels, paths=paths) == reason


def test_who_is_asked_to_look_depends_on_the_dangers() -> None:
    asked = Configuration(reviewers=Reviewers(caution=["@acme/platform"], warning=["@ana", "@acme/platform"]))
    assert reviewers(asked, [Severity.NOTE]) == ()
    assert reviewers(asked, [Severity.WARNING]) == ("@ana", "@acme/platform")
    assert reviewers(asked, [Severity.WARNING, Severity.CAUTION]) == ("@acme/platform", "@ana")


def test_the_published_schema_is_the_codes() -> None:
    assert (DOCS / "configuration.schema.json").read_text(encoding="utf-8") == json_schema(), "run `make format`"


def test_every_example_on_the_page_is_right() -> None:
    assert EXAMPLES
    for example in EXAMPLES:
        assert read(example.encode()).problems == ()


@pytest.mark.parametrize("opening", [b"[", b"{", b"- ", b"? "])
def test_what_is_nested_too_deep_is_refused_before_anybody_reads_to_its_end(opening: bytes) -> None:
    assert read(opening * (LONGEST // len(opening))).problems == ("line 1: it is nested too deep",)


@pytest.mark.parametrize("value", ["1" + ":30" * 300 + ".5", "!!bool x", '!!int ""', '!!float ""', "!!timestamp x"])
def test_a_value_that_is_not_what_it_is_written_as_is_a_problem_like_any_other(value: str) -> None:
    assert read(f"drafts: {value}".encode()) == Read(
        DEFAULTS, ("a value in it is none of the kind that it is written as",)
    )
