"""What has moved when a commit is told something else than before."""

from __future__ import annotations

from typing import Any

import pytest

from bot.model.reports import Action, Report
from bot.preview.budget import size
from bot.preview.markdown import MARK_ROOM, Marker, comments, read_marker
from bot.preview.telling import Telling, named, what_moved, with_mark
from tests.unit.preview.samples import HOSTILE, application, report, resource

ONE = resource()
OTHER = resource("other")
NAME = named(application().name, ONE.key)


def told(found: Report, versions: dict[str, str] | None = None) -> tuple[Telling, Marker]:
    """Return what is kept of a report, and what its comment says of itself."""
    bodies = comments(found, instance="prod")
    mark = read_marker(bodies[0])
    assert mark is not None
    return Telling.of(found, bodies, versions=versions or {}), mark


def moved(before: Report, after: Report, *versions: dict[str, str]) -> str:
    """Return what is said of two reports, with the versions of their live objects."""
    earlier, mark = told(before, *versions[:1])
    now, _ = told(after, *versions[1:])
    return what_moved(mark, now, earlier=earlier)


def test_a_new_commit_is_not_compared() -> None:
    assert moved(report(application(ONE), head_sha="a1"), report(application(ONE), head_sha="b2")) == ""


def test_an_object_that_moved_is_counted() -> None:
    drifted = resource(drift=Action.CHANGE, drift_diff="-a\n+b")
    words = moved(report(application(ONE)), report(application(drifted)), {NAME: "1"}, {NAME: "2"})
    assert "live state of 1 object moved" in words


def test_another_version_of_an_object_that_is_told_of_alike_is_not_counted() -> None:
    before, after = report(application(ONE), plan="aa"), report(application(ONE, OTHER), plan="bb")
    words = moved(before, after, {NAME: "1"}, {NAME: "2"})
    assert "plan `aa` → `bb`" in words
    assert "live state" not in words
    assert "something else moved" in words


def test_both_commits_of_the_target_branch_are_named() -> None:
    before, after = (report(application(ONE), base_sha=sha * 20) for sha in ("ab", "cd"))
    assert "`main` moved from `abababa` to `cdcdcdc`" in moved(before, after)


def test_another_commit_of_the_target_branch_with_the_same_files_is_the_same_telling() -> None:
    before, after = (told(report(application(ONE), base_sha=sha * 20, read="aa"))[0] for sha in ("ab", "cd"))
    assert after.repeats(before)


def test_both_versions_of_a_cluster_are_named() -> None:
    before, after = (report(application(ONE), clusters=(f"prod ({version})",)) for version in ("v1.36.1", "v1.37.2"))
    assert "cluster prod went from `v1.36.1` to `v1.37.2`" in moved(before, after)


def test_where_nobody_remembers_only_the_plans_are_told_apart() -> None:
    _, mark = told(report(application(ONE), plan="aa"))
    now, _ = told(report(application(OTHER), plan="bb"))
    words = what_moved(mark, now, earlier=None)
    assert words == "\n**Not what was told before at this commit:** plan `aa` → `bb`.\n"


def test_how_long_it_took_and_what_was_told_again_makes_no_other_telling() -> None:
    one, other = (
        told(report(application(ONE), seconds=seconds, reused=reused)) for seconds, reused in ((1, 0), (9, 3))
    )
    assert one[0].repeats(other[0])


@pytest.mark.parametrize("more", [{"plan": "bb"}, {"clusters": ("prod (v9)",)}, {"read": "cc"}])
def test_another_plan_cluster_or_input_is_another_telling(more: dict[str, Any]) -> None:
    assert not told(report(application(ONE), **more))[0].repeats(told(report(application(ONE)))[0])


def test_what_is_kept_reads_back() -> None:
    kept, _ = told(report(application(ONE)), {NAME: "1"})
    assert Telling.from_json(kept.to_json()) == kept


def test_the_line_stands_below_the_headline() -> None:
    (body,) = comments(report(application(ONE)), instance="prod")
    lines = with_mark(body, "\n**It moved.**\n").split("\n")
    assert lines[1].startswith("### ")
    assert lines[3] == "**It moved.**"
    assert read_marker("\n".join(lines)) == read_marker(body)


def test_a_comment_of_an_earlier_release_is_recognised() -> None:
    old = read_marker("<!-- foresail:prod:1 of=1 head=abc plan=def -->\n### Words\n")
    assert old == Marker("prod", 1, 1, "abc", "def")


@pytest.mark.parametrize("mark", [told(report(application(ONE)))[1], Marker("prod", 1, 1, "abc1234fff", "9f3c21aa77")])
def test_nothing_is_said_of_what_is_told_again(mark: Marker) -> None:
    again, _ = told(report(application(ONE)))
    assert what_moved(mark, again, earlier=None) == ""


def test_what_is_rendered_differently_each_time_is_named_where_nothing_else_is_seen_to_move() -> None:
    before, after = (report(application(resource(effect_diff=text, varying=True))) for text in ("+a", "+b"))
    assert "1 object is rendered differently each time" in moved(before, after)


def test_a_conflict_has_no_plan() -> None:
    after = report(conflict=("a.yaml",), plan="")
    assert "plan `9f3c21aa` → none" in moved(report(application(ONE)), after)


def test_a_cluster_that_is_asked_for_the_first_time_did_not_move() -> None:
    after = report(application(ONE), clusters=("prod (v1.37.2)", "test (v1.38.0)"), plan="bb")
    assert "went from" not in moved(report(application(ONE)), after)


def test_hidden_values_are_called_otherwise_in_each_report_and_say_the_same() -> None:
    hidden = "-  a: <redacted {}>\n+  a: <redacted {}>"
    one, same, other = (
        told(report(application(resource(effect_diff=hidden.format(*digests)))))[0]
        for digests in (("0a1b2c3d", "4e5f6a7b"), ("11111111", "22222222"), ("33333333", "33333333"))
    )
    assert same.repeats(one)
    assert same.objects == one.objects
    assert not other.repeats(one)


@pytest.mark.parametrize("word", HOSTILE)
def test_whatever_things_are_called_there_is_room_and_it_can_be_kept(word: str) -> None:
    odd = application(resource(word), name=word)
    before, after = (
        report(odd, base_branch=word, base_sha=base, clusters=tuple(f"{word}{n} (v{base})" for n in range(9)))
        for base in ("1", "2")
    )
    kept, _ = told(before)
    assert Telling.from_json(kept.to_json()) == kept
    assert 0 < size(moved(before, after)) <= MARK_ROOM
