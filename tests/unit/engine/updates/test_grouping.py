"""A value is written by one change, and a group's applications share one."""

from __future__ import annotations

from dataclasses import replace

from bot.engine.updates.grouping import grouped
from bot.model.updates import Bump, Edit, Planned

URL = "https://example.com/a.git"


def bump(path: str, new: str = "2") -> Bump:
    return Bump("web", "1", new, URL, "main", (Edit(path, 0, ("tag",), "1", new),))


def plan(name: str, *bumps: Bump, group: str = "", uncertain: bool = False) -> Planned:
    return Planned(name, "default", group, bumps, ("hm",) if uncertain else (), uncertain)


def test_a_group_is_one_change_and_each_other_application_its_own() -> None:
    found = grouped([plan("c", bump("c")), plan("b", bump("b"), group="g"), plan("a", bump("a"), group="g")])
    assert [(one.name, one.named, one.applications) for one in found] == [
        ("c", False, ("c",)),
        ("g", True, ("a", "b")),
    ]
    assert list(found[1].changes[0].edits) == ["a", "b"]


def test_one_name_in_two_projects_is_two_groups() -> None:
    theirs = replace(plan("b", bump("b"), bump("base", "3"), group="g"), project="theirs")
    first, second = grouped([plan("a", bump("a"), bump("base"), group="g"), theirs])
    assert [(one.name, one.project, one.applications) for one in (first, second)] == [
        ("g", "default", ("a",)),
        ("g", "theirs", ("b",)),
    ]
    assert [list(one.changes[0].edits) for one in (first, second)] == [["a", "base"], ["b"]]
    assert second.problems == ("b: web is to be 2 in base because of g of project default",)


def test_a_group_and_an_application_of_one_name_share_no_value() -> None:
    first, second = grouped([plan("a", bump("base"), group="g"), plan("g", bump("base"))])
    assert (len(first.changes), second.changes) == (1, ())


def test_what_two_want_is_written_by_the_first() -> None:
    first, second = grouped([plan("b", bump("base")), plan("a", bump("base"))])
    assert (first.name, len(first.changes), second.changes) == ("a", 1, ())


def test_nobody_elsewhere_takes_a_value_from_the_control_namespace() -> None:
    first, second = grouped([plan("a/a", bump("base", "2"), group="a"), plan("shop", bump("base", "3"))])
    assert (first.name, first.changes[0].bumps[0].new) == ("shop", "3")
    assert second.problems == ("a/a: web is to be 3 in base because of shop",)


def test_what_somebody_elsewhere_asks_for_lands_by_no_more_than_a_person() -> None:
    found = grouped(
        [plan("shop", bump("a"), group="g"), plan("team-a/shop", bump("b"), group="g"), plan("web", bump("c"))]
    )
    assert {one.name: one.may_land for one in found} == {"g": False, "web": True}


def test_what_two_want_otherwise_is_told() -> None:
    first, second = grouped([plan("a", bump("base", "2")), plan("b", bump("base", "3"))])
    assert first.changes[0].bumps[0].new == "2"
    assert second.problems == ("b: web is to be 2 in base because of a",)


def test_within_a_group_the_same_value_is_written_once() -> None:
    (group,) = grouped([plan("a", bump("base"), group="g"), plan("b", bump("base"), group="g")])
    assert len(group.changes[0].edits["base"]) == 1


def test_a_group_is_as_certain_as_its_least_certain_application() -> None:
    assert [
        one.certain for one in grouped([plan("a", group="g", uncertain=True), plan("b", group="g"), plan("c")])
    ] == [
        True,
        False,
    ]


def test_one_repository_by_two_urls_is_one() -> None:
    over_ssh = replace(bump("b"), url="git@example.com:a.git")
    (group,) = grouped([plan("a", bump("a"), group="g"), plan("b", over_ssh, group="g")])
    assert [list(one.edits) for one in group.changes] == [["a", "b"]]
    first, second = grouped([plan("a", bump("b")), plan("b", over_ssh)])
    assert (len(first.changes), second.changes) == (1, ())
