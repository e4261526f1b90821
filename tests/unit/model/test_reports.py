"""What is said about a change in numbers and in one line."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter

from bot.model.changes import StatusState
from bot.model.dangers import ImageChange, Severity
from bot.model.deliveries import DeliveryState, Epilogue
from bot.model.policies import Finding, PolicySeverity
from bot.model.reports import Action, Report
from tests.unit.preview.samples import Enemy, application, danger, report, resource

LOST, ODD = danger(severity=Severity.CAUTION), danger()
FAILING = resource("db", failure="quota exceeded")
DENIED = Finding("main.deny", PolicySeverity.DENY, "no\nversion\x1b")
WARNED = Finding("main.warn", PolicySeverity.WARN, "one pod")
BROKEN = "a: no Rego"
UNRENDERED = "1 application cannot be rendered"


@pytest.mark.parametrize(
    ("subject", "headline"),
    [
        (report(), "Merging changes nothing in any cluster"),
        (report(application(resource("a", Action.NOTHING))), "Merging changes nothing in any cluster"),
        (report(application(resource())), "Merging changes 1 resource in 1 application"),
        (
            report(application(resource("a"), resource("b", Action.ORPHAN)), application(resource("c", Action.PRUNE))),
            "Merging changes 3 resources in 2 applications",
        ),
        (report(application(change=Action.CREATE)), "Merging adds 1 application and no resource"),
        (report(application(change=Action.PRUNE)), "Merging removes 1 application and no resource"),
        (
            report(application(change=Action.PRUNE), application(change=Action.CREATE)),
            "Merging changes 2 applications and no resource",
        ),
        (report(application(FAILING)), "Merging changes nothing, 1 resource predicted to fail"),
        (
            report(application(resource(), FAILING), application(failure="no chart")),
            f"Merging changes 1 resource in 1 application, 1 resource predicted to fail, {UNRENDERED}",
        ),
        (report(application(resource(dangers=(LOST, ODD)))), "Merging changes 1 resource in 1 application, 1 caution"),
        (report(application(dangers=(LOST, LOST))), "Merging changes nothing in any cluster, 2 cautions"),
        (
            report(application(FAILING, dangers=(LOST,))),
            "Merging changes nothing, 1 resource predicted to fail, 1 caution",
        ),
        (report(conflict=("a", "b")), "Nothing predicted: 2 files in merge conflict"),
    ],
)
def test_the_headline_says_what_merging_does(subject: Report, headline: str) -> None:
    assert subject.headline == headline


@pytest.mark.parametrize(
    ("subject", "state", "description"),
    [
        (
            report(application(resource())),
            StatusState.SUCCESS,
            "Merging changes 1 resource in 1 application · plan 9f3c21aa",
        ),
        (report(), StatusState.SUCCESS, "No application is affected (12 looked at)"),
        (
            report(application(FAILING)),
            StatusState.FAILURE,
            "Merging changes nothing, 1 resource predicted to fail · plan 9f3c21aa",
        ),
        (
            report(application(resource(findings=(WARNED, DENIED)), findings=(DENIED,))),
            StatusState.FAILURE,
            "Merging changes 1 resource in 1 application, 2 policy violations: no version · plan 9f3c21aa",
        ),
        (
            report(application(resource(findings=(WARNED,)))),
            StatusState.SUCCESS,
            "Merging changes 1 resource in 1 application · plan 9f3c21aa",
        ),
        (
            report(application(resource()), broken_policies=(BROKEN,)),
            StatusState.FAILURE,
            "Merging changes 1 resource in 1 application, policies cannot be evaluated: a: no Rego · plan 9f3c21aa",
        ),
        (
            report(notes=("a is not\nknown", "b")),
            StatusState.SUCCESS,
            "No application is affected (12 looked at); 2 notes: a is not known",
        ),
        (
            report(application(resource()), notes=("a",)),
            StatusState.SUCCESS,
            "Merging changes 1 resource in 1 application; 1 note: a · plan 9f3c21aa",
        ),
        (report(conflict=("a",)), StatusState.PENDING, "waits until 1 file in merge conflict can be merged"),
    ],
)
def test_the_outcome_is_what_the_status_says(subject: Report, state: StatusState, description: str) -> None:
    assert (subject.outcome.state, subject.outcome.description) == (state, description)


@pytest.mark.parametrize(
    ("subject", "tells"),
    [(report(), False), (report(notes=("a is not known",)), True), (report(application(notes=("b",))), True)],
)
def test_what_is_only_noted_is_told_as_well(subject: Report, *, tells: bool) -> None:
    assert subject.tells is tells


def test_an_object_that_fails_counts_as_nothing_else() -> None:
    subject = application(FAILING, resource("a", Action.CREATE), resource("b", Action.REPLACE), failure="")

    assert (subject.creates, subject.changes, subject.replaces, subject.failures, subject.touched) == (1, 0, 1, 1, 2)


def test_drift_alone_does_not_affect_an_application() -> None:
    subject = application(resource("a", Action.NOTHING, drift=Action.CHANGE))

    assert (subject.drifted, subject.affected) == (1, False)


def test_lines_are_counted_by_their_sign() -> None:
    subject = resource(effect_diff="@@ a @@\n b\n-c\n+d\n+e")

    assert (subject.added, subject.removed) == (2, 1)


def test_a_status_never_says_more_than_it_may() -> None:
    many = [application(*[FAILING] * 10**5, resource()), *[application(failure="x")] * 10**5]

    assert len(report(*many).outcome.description) <= 140
    assert report(*many, notes=("x" * 200,)).outcome.description.endswith("1 n · plan 9f3c21aa")


def test_a_delivery_is_over_when_it_is_healthy_failed_superseded_or_deleted() -> None:
    assert [state.value for state in DeliveryState if state.final] == ["healthy", "failed", "superseded", "deleted"]


def test_reports_can_be_kept_as_json() -> None:
    enemy = Enemy(3)
    told = application(
        resource(note="é", dangers=(LOST,), findings=(DENIED,)),
        FAILING,
        images=(ImageChange("a", "b", 1),),
        dangers=(ODD,),
    )
    subject, epilogue = report(told), enemy.epilogue()
    reports, epilogues = TypeAdapter(Report), TypeAdapter(Epilogue)

    assert reports.validate_json(reports.dump_json(subject)) == subject
    assert epilogues.validate_python(epilogues.dump_python(epilogue)) == epilogue
