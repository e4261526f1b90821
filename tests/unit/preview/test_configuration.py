"""A repository's configuration: what it may say, what is wrong with it, and whom it keeps from a preview."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.model.changes import Permission
from bot.model.commands import Verb
from bot.model.dangers import Severity
from bot.model.reports import Action
from bot.preview.configuration import (
    DEFAULTS,
    Commands,
    Configuration,
    Labels,
    Read,
    Reviewers,
    approving_label,
    is_previewed,
    json_schema,
    read,
    reviewers,
    teams,
    why_not,
    why_not_asked,
    why_waits,
)
from bot.preview.configured import configured, not_previewed
from bot.preview.handwritten import LONGEST
from bot.preview.markdown import comments
from tests.unit.preview.samples import application, report, resource

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
        b"reviewers: {caution: ['@acme/platform'], warning: ['@ana'], approval: warning}\n"
        b"comments: {collapse: true, budget: 20000, drift: false, images: false}\n"
        b"applications: {only: ['shop-*'], ignore: ['*-test']}\n"
        b"sync: {when: command, applications: ['*-prod']}\n"
        b"commands: {rollback: {least: admin, people: ['@Ann']}}\n"
        b"holds: [{why: freeze, until: 2026-12-27T08:00:00+01:00}, {applications: [db], until: 2026-12-24, why: b}]\n"
        b"forks: {label: ok}\n"
        b"updates: {automerge: routine}\n"
    )
    assert found.problems == ()
    said = found.configuration.model_dump()
    assert said.pop("commands")["rollback"] == {"least": "admin", "people": ["@Ann"]}
    assert said == {
        "ignore": ["docs/**", "*.md"],
        "drafts": False,
        "labels": {"skip": ["no-preview"], "require": ["preview"]},
        "reviewers": {"caution": ["@acme/platform"], "warning": ["@ana"], "approval": "warning"},
        "comments": {"collapse": True, "budget": 20_000, "drift": False, "images": False},
        "applications": {"only": ["shop-*"], "ignore": ["*-test"]},
        "sync": {"when": "command", "applications": ["*-prod"]},
        "holds": [
            {"applications": ["*"], "until": datetime(2026, 12, 27, 7, tzinfo=UTC), "why": "freeze"},
            {"applications": ["db"], "until": datetime(2026, 12, 24, tzinfo=UTC), "why": "b"},
        ],
        "forks": {"label": "ok"},
        "updates": {"automerge": "routine"},
    }


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"drafts: true\n\ndrafs: true\n", "line 3: there is no key drafs; did you mean drafts?"),
        (b"labels:\n  skip: []\n  ship: []\n", "line 3: there is no key labels.ship; did you mean skip?"),
        (b"x: 1\n", "line 1: there is no key x; there are applications, commands, comments, drafts, "),
        (b"commands: {sink: {}}", "line 1: there is no key commands.sink; did you mean sync?"),
        (b"commands: {sync: {lest: admin}}", "line 1: there is no key commands.sync.lest; did you mean least?"),
        (b"commands: {sync: {people: ['@acme//ops']}}", "line 1: commands.sync.people.0: string should match pattern"),
        (b"commands: {sync: {people: ['@a/../b?c']}}", "line 1: commands.sync.people.0: string should match pattern"),
        (
            b"commands: {sync: {people: [" + b",".join(b"'@acme/t%d'" % one for one in range(11)) + b"]}}",
            "line 1: commands.sync.people: at most 10 of them can be teams",
        ),
        (b"commands: {sync: {least: god}}", "line 1: commands.sync.least: input should be 'triage', 'write', "),
        (b"sync: {when: push}\n", "line 1: sync.when: input should be 'merge' or 'command'"),
        (b"holds:\n- why: x\n  unti: 2026-12-24\n", "line 3: there is no key holds.0.unti; did you mean until?"),
        (b"holds:\n- until: 2026-12-24\n", "line 2: holds.0.why: field required"),
        (b"holds:\n- {why: x, until: tomorrow}\n", "line 2: holds.0.until: invalid isoformat string"),
        (b"holds:\n- {why: x, until: 9999999999999}\n", "line 2: holds.0.until: input should be a valid datetime"),
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


@pytest.mark.parametrize(
    ("text", "previewed"),
    [
        (b"", {"shop-web", "shop-test", "db"}),
        (b"applications: {only: ['shop-*']}", {"shop-web", "shop-test"}),
        (b"applications: {ignore: ['*-test']}", {"shop-web", "db"}),
        (b"applications: {only: ['shop-*'], ignore: ['*-test']}", {"shop-web"}),
    ],
)
def test_applications_are_chosen_by_their_names(text: bytes, previewed: set[str]) -> None:
    configuration = read(text).configuration
    assert {one for one in ("shop-web", "shop-test", "db") if is_previewed(configuration, one)} == previewed


def test_what_is_left_out_is_named() -> None:
    assert list(not_previewed([])) == []
    (words,) = not_previewed([f"app-{number}" for number in range(8)])
    assert words.endswith("are app-0, app-1, app-2, app-3, app-4 and 3 more")


def test_of_what_is_left_out_nobody_says_that_nothing_happens() -> None:
    nothing = report(left_out=("shop-test",))
    assert nothing.headline == "Nothing predicted, 1 touched application not previewed"
    assert nothing.outcome.description == nothing.headline
    assert nothing.tells
    (body,) = comments(nothing, instance="prod")
    assert "12 applications were looked at; none that is previewed is affected." in body
    some = report(application(resource()), left_out=("a", "b"))
    assert some.headline == "Merging changes 1 resource in 1 application, 2 touched applications not previewed"

    versions = report(application(resource(), routine=True))
    assert versions.is_routine
    assert not replace(versions, left_out=("shop-test",)).is_routine


BEFORE, AFTER = (datetime(2026, 12, day, tzinfo=UTC).timestamp() for day in (23, 25))


@pytest.mark.parametrize(
    ("text", "now", "words"),
    [
        (b"", BEFORE, ""),
        (b"sync: {when: merge}", BEFORE, ""),
        (b"sync: {when: command}", BEFORE, "waits for a person to write /bot sync, as .foresail/config.yaml says"),
        (b"sync: {when: command, applications: ['db-*']}", BEFORE, ""),
        (b"holds: [{why: freeze}]", AFTER, "held by .foresail/config.yaml: freeze"),
        (
            b"holds: [{why: 'a  freeze', until: 2026-12-24}]",
            BEFORE,
            "held by .foresail/config.yaml until 2026-12-24 00:00 UTC: a freeze",
        ),
        (b"holds: [{why: freeze, until: 2026-12-24}]", AFTER, ""),
        (b"holds: [{why: freeze, applications: [other]}]", BEFORE, ""),
        (b"drafs: 1", BEFORE, ""),
        (
            b"drafs: 1\nsync: {when: command}",
            BEFORE,
            "waits for a person to write /bot sync, as .foresail/config.yaml cannot be used: line 1: there is",
        ),
        (
            b'{"holds": [',
            BEFORE,
            "waits for a person to write /bot sync, as .foresail/config.yaml cannot be used: line 1: ",
        ),
    ],
)
def test_what_is_merged_waits_where_the_file_says_so(text: bytes, now: float, words: str) -> None:
    found = why_waits(read(text), "shop-web", now=now, command="/bot sync")
    assert found.startswith(words)
    assert bool(found) == bool(words)


def test_a_report_is_told_as_its_repository_wants_it() -> None:
    drifted = resource("api", Action.NOTHING, drift=Action.CHANGE, drift_diff="-a\n+b")
    subject = report(application(resource()), application(drifted, name="resting"))
    found = read(b"sync: {when: command}\ncomments: {drift: false, collapse: true}")
    told = configured(subject, found, now=BEFORE)
    (body,) = comments(told, instance="prod")
    assert "waits for a manual sync" in body
    assert "1 object has drifted, which is not shown here as configured." in body
    assert "resting" not in body
    assert "<details open>" not in body
    assert configured(replace(subject, reviewers=()), read(b""), now=BEFORE) == subject
    (body,) = comments(configured(subject, found, now=BEFORE, syncs=False), instance="prod")
    assert "waits for a manual sync" not in body  # somebody else syncs, and does not read this file


@pytest.mark.parametrize(
    ("text", "verb", "allowed", "words"),
    [
        (b"", Verb.SYNC, Permission.WRITE, ""),
        (b"commands: {rollback: {least: admin}}", Verb.SYNC, Permission.WRITE, ""),
        (
            b"commands: {sync: {least: maintain}}",
            Verb.SYNC,
            Permission.WRITE,
            "sync takes the permission maintain, as .foresail/config.yaml says, and ann has write",
        ),
        (b"commands: {sync: {least: maintain}}", Verb.SYNC, Permission.ADMIN, ""),
        (b"commands: {sync: {least: maintain, people: ['@Ann']}}", Verb.SYNC, Permission.WRITE, ""),
        (
            b"commands: {sync: {people: ['@bo']}}",
            Verb.SYNC,
            Permission.ADMIN,
            "sync is only taken from those whom .foresail/config.yaml names",
        ),
        (b"commands: {sync: {people: ['@bo', '@ann']}}", Verb.SYNC, Permission.WRITE, ""),
        (
            b"commands: {sync: {least: god}}",
            Verb.HOLD,
            Permission.ADMIN,
            ".foresail/config.yaml says something of commands and cannot be used: line 1: commands.sync.least",
        ),
        (b"commands: {sync: {least: god}}", Verb.EXPLAIN, Permission.TRIAGE, ""),
        (b"commands: {sync: {least: admin}}", Verb.HELP, Permission.TRIAGE, ""),
        (b"drafs: 1", Verb.SYNC, Permission.WRITE, ""),
    ],
)
def test_commands_are_taken_from_whom_the_file_says(text: bytes, verb: Verb, allowed: Permission, words: str) -> None:
    found = why_not_asked(read(text), verb, author="ann", allowed=allowed)
    assert found.startswith(words)
    assert bool(found) == bool(words)


def test_a_person_of_gitlab_can_be_named() -> None:
    text = b"commands: {sync: {people: ['@_ann', '@.bo']}}"
    assert why_not_asked(read(text), Verb.SYNC, author="_ann", allowed=Permission.WRITE) == ""


def test_teams_are_named_beside_people() -> None:
    found = read(b"commands: {sync: {people: ['@ana', '@acme/platform', '@acme/web/ops']}}")
    assert teams(found, Verb.SYNC) == ("acme/platform", "acme/web/ops")
    assert teams(found, Verb.HELP) == teams(found, Verb.HOLD) == ()
    assert why_not_asked(found, Verb.SYNC, author="platform", allowed=Permission.ADMIN)


@pytest.mark.parametrize(
    ("texts", "labels", "found"),
    [
        ([b"forks: {label: OK}"], ["bug", "ok"], "OK"),
        ([b"forks: {label: OK}", b"forks: {label: OK}"], ["ok"], "OK"),
        ([b"forks: {label: OK}", b"forks: {label: bug}"], ["ok", "bug"], ""),
        ([b"forks: {label: OK}", None], ["ok"], ""),
        ([b"forks: {label: OK}\ndrafs: true"], ["ok"], ""),
        ([b"forks: {label: OK}"], [], ""),
        ([b"drafts: true"], ["", "None"], ""),
    ],
)
def test_a_label_approves_where_all_branches_that_count_name_it(
    texts: list[bytes | None], labels: list[str], found: str
) -> None:
    assert approving_label([read(text) for text in texts], labels) == found


@pytest.mark.parametrize(
    "until", ["9999-12-31T23:59:59-01:00", "'9999-12-31T23:59:59-01:00'", "0001-01-01T00:00:00+01:00"]
)
def test_a_hold_until_a_time_that_there_is_not_in_utc_is_a_problem(until: str) -> None:
    found = read(f"holds: [{{why: x, until: {until}}}]".encode())
    assert [problem.partition(": ")[0] for problem in found.problems] == ["line 1"]
    assert why_waits(found, "shop-web", now=0.0, command="/bot sync").startswith("waits for a person")


def test_lines_of_thousands_of_problems_are_not_looked_for() -> None:
    found = read("".join(f"k{number}: 1\n" for number in range(7000)).encode())
    assert found.problems[-1] == "and 6995 more"


def test_every_command_that_can_be_refused_has_a_rule() -> None:
    assert Commands.model_fields.keys() == set(Verb) - {Verb.HELP}
