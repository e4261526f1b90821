"""Sentences that comment, terminal and page share."""

from __future__ import annotations

from bot.model.dangers import Danger, Severity
from bot.model.reports import Action, ApplicationReport
from bot.preview import words
from tests.unit.preview.samples import application, danger, report, resource


def said(*applications: ApplicationReport) -> list[str]:
    return [told.words for told in words.dangers(report(*applications))]


def test_a_danger_is_told_whatever_happens_to_the_object() -> None:
    taken = resource(dangers=(danger("is taken over from application db", sort="taken-over"),))
    replaced = resource("api", Action.NOTHING, dangers=(danger("is replaced anyway", sort="replaced"),))

    assert said(application(taken, replaced)) == [
        "Deployment shop/api (shop-web) is replaced anyway",
        "Deployment shop/web (shop-web) is taken over from application db",
    ]


def test_what_is_worse_comes_first_in_the_whole_report() -> None:
    odd = resource("a", dangers=(danger("is odd", sort="of-an-older-version"), danger("goes", Severity.NOTE)))
    bad = resource("b", dangers=(danger("is lost", Severity.CAUTION, "volume-deleted"),))

    assert said(application(odd), application(bad, name="db")) == [
        "Deployment shop/b (db) is lost",
        "Deployment shop/a (shop-web) is odd",
        "Deployment shop/a (shop-web) goes",
    ]


def test_a_danger_of_an_application_names_whom_it_is_about() -> None:
    whole = Danger("empty-render", Severity.CAUTION, "renders to nothing", "Application shop-web")
    part = Danger("service-without-endpoints", Severity.CAUTION, "has no endpoints", "Service shop/web")

    assert said(application(dangers=(whole, part))) == [
        "Application shop-web renders to nothing",
        "Service shop/web (shop-web) has no endpoints",
    ]


def test_many_of_a_sort_are_told_at_once() -> None:
    alike = [resource(name, dangers=(danger(),)) for name in "abcde"]
    unlike = [resource(name, dangers=(danger(f"loses {name}"),)) for name in "abcde"]

    assert said(application(*alike)) == [
        (
            "Objects are deleted (5): Deployment shop/a (shop-web), Deployment shop/b (shop-web), "
            "Deployment shop/c (shop-web) and 2 more. Each is deleted"
        )
    ]
    assert said(application(*unlike)) == [
        (
            "Objects are deleted (5): Deployment shop/a (shop-web) loses a; Deployment shop/b (shop-web) loses b; "
            "Deployment shop/c (shop-web) loses c; and 2 more"
        )
    ]
    assert len(said(application(*alike[:2]))) == 2


def test_one_sort_in_two_severities_is_told_apart() -> None:
    found = [resource(name, dangers=(danger(severity=severity),)) for severity in Severity for name in "abc"]

    assert [told.severity for told in words.dangers(report(application(*found)))] == list(Severity)


def test_a_routine_change_is_said_to_be_one() -> None:
    assert list(words.remarks(application(resource(), routine=True))) == ["routine: only versions move"]
