"""What is said at lines: failures first, the same lines once, and no more than a forge takes."""

from __future__ import annotations

from dataclasses import replace

from bot.model.checks import Annotation, Level
from bot.model.dangers import Danger, Severity
from bot.model.policies import Finding, PolicySeverity
from bot.model.reports import Action, ApplicationReport, Report, ResourceReport
from bot.model.resources import ResourceKey
from bot.preview.annotations import Lines, Remark, noted, remarks

KEY = ResourceKey("apps", "Deployment", "shop", "web")
LINES = Lines("deploy/web.yaml", 3, 6)


def report(*resources: ResourceReport) -> Report:
    application = ApplicationReport("shop", "argocd", "prod", "shop", resources)
    return Report("a/b#1", "main", "1" * 40, "2" * 40, (application,), 1, "", (), 0.0)


def resource(**fields: object) -> ResourceReport:
    plain = ResourceReport(KEY, Action.CHANGE, Action.NOTHING, "", "")
    return replace(plain, **fields)  # type: ignore[arg-type] # each test names the fields that it is about


def test_a_failure_a_danger_and_a_broken_rule_are_said_and_a_note_is_not() -> None:
    told = resource(
        failure="field is immutable",
        dangers=(
            Danger("scaled-to-zero", Severity.CAUTION, "has no pods\x1b[1m \u202eany more"),
            Danger("image", Severity.NOTE, "moves"),
        ),
        findings=(Finding("main.deny", PolicySeverity.DENY, "no"), Finding("main.warn", PolicySeverity.WARN, "hm")),
    )
    assert [(one.level, one.message) for one in remarks(report(told))] == [
        (Level.FAILURE, "is predicted to fail: field is immutable"),
        (Level.FAILURE, "violates policy main.deny: no"),
        (Level.WARNING, "is warned of by policy main.warn: hm"),
        (Level.WARNING, "has no pods\\u001b[1m \\u202eany more (scaled-to-zero)"),
    ]


def test_what_fails_with_or_without_the_change_is_not_said_at_its_lines() -> None:
    assert remarks(report(resource(action=Action.NOTHING, failure="quota exceeded"))) == ()


def test_what_several_applications_have_from_the_same_lines_is_said_once() -> None:
    placed = [(Remark(name, KEY, Level.WARNING, "hm"), LINES) for name in ("shop-eu", "shop-us", "shop-ap")]
    title = "Deployment shop/web (shop-eu and 2 more applications)"
    assert noted(placed) == (Annotation("deploy/web.yaml", 3, 6, Level.WARNING, title, "hm"),)


def test_the_worst_come_first_where_there_are_too_many() -> None:
    some = [(Remark("shop", KEY, Level.WARNING, f"danger {number}"), LINES) for number in range(60)]
    found = noted([*some, (Remark("shop", KEY, Level.FAILURE, "fails"), LINES)])
    assert (len(found), found[0].message) == (50, "fails")
