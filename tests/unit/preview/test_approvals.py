"""Approvals that dangers take: from whom, and what the status says meanwhile and then."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.model.changes import StatusState
from bot.model.dangers import Demand, Severity
from bot.model.reports import STATUS_LENGTH
from bot.preview.approvals import approved, demands, takes_any, waiting, whose
from bot.preview.configuration import read
from bot.preview.configured import configured
from bot.preview.markdown import comments
from tests.unit.preview.samples import application, danger, report, resource

PEOPLE = b"caution: ['@acme/platform'], warning: ['@ana']"
EVERY = frozenset(Severity)
HEAD = "abc1234fff"


@pytest.mark.parametrize(
    ("text", "severities", "wanted"),
    [
        (b"{}", EVERY, ()),
        (b"reviewers: {caution: ['@ana']}", EVERY, ()),
        (b"reviewers: {approval: caution, %b}" % PEOPLE, {Severity.NOTE, Severity.WARNING}, ()),
        (
            b"reviewers: {approval: caution, %b}" % PEOPLE,
            EVERY,
            (Demand(Severity.CAUTION, ("@acme/platform",)),),
        ),
        (
            b"reviewers: {approval: warning, %b}" % PEOPLE,
            EVERY,
            (Demand(Severity.CAUTION, ("@acme/platform",)), Demand(Severity.WARNING, ("@ana",))),
        ),
        (b"reviewers: {approval: warning}", {Severity.WARNING}, (Demand(Severity.WARNING),)),
    ],
)
def test_each_severity_takes_an_approval_from_those_it_names(
    text: bytes, severities: frozenset[Severity], wanted: tuple[Demand, ...]
) -> None:
    assert demands(read(text), severities) == wanted


def test_what_nobody_can_tell_before_the_merge_takes_the_approval_of_the_worst() -> None:
    found = read(b"reviewers: {approval: caution, %b}" % PEOPLE)
    unknown = replace(report(application(resource())), unpredicted=("shop",))
    assert configured(unknown, found, now=0.0).demands == (Demand(Severity.CAUTION, ("@acme/platform",)),)
    assert configured(replace(unknown, unpredicted=()), found, now=0.0).demands == ()


def test_a_wrong_file_that_asks_for_approvals_lets_nobody_give_them() -> None:
    found = read(b"reviewers: {approval: cauton}\n")
    (demand,) = demands(found, {Severity.CAUTION})
    assert takes_any(found)
    assert whose([demand], HEAD).startswith("waits for an approval, and nobody knows whose: .foresail/config.yaml")
    assert not takes_any(read(b"drafs: true\n"))


def test_a_status_says_whose_approval_is_waited_for_and_keeps_the_plan() -> None:
    subject = report(application(resource()))
    words = whose([Demand(Severity.CAUTION, ("@acme/platform",))], HEAD)
    told = waiting(subject, words)
    assert told.state is StatusState.PENDING
    assert told.description == (
        "waits for an approval of abc1234 by @acme/platform; "
        "Merging changes 1 resource in 1 application · plan 9f3c21aa"
    )
    assert "by somebody else who may write" in whose([Demand(Severity.CAUTION)], HEAD)
    long = waiting(subject, whose([Demand(Severity.CAUTION, tuple(f"@{name * 40}" for name in "abcdef"))], HEAD))
    assert len(long.description) <= STATUS_LENGTH
    assert long.description.endswith(" · plan 9f3c21aa")


def test_a_status_says_who_has_approved() -> None:
    told = approved(report(application(resource())), ["ana"])
    assert told.state is StatusState.SUCCESS
    assert told.description.endswith("; approved by ana · plan 9f3c21aa")


def test_a_comment_says_the_rule_and_mentions_nobody_twice() -> None:
    subject = report(application(resource(dangers=(danger(severity=Severity.CAUTION),))))
    text = b"reviewers: {approval: caution, caution: ['@acme/platform']}\n"
    (body,) = comments(configured(subject, read(text), now=0.0), instance="foresail")
    assert "takes an approval of this very commit by one of" in body
    assert body.count(" @acme/platform") == 1
