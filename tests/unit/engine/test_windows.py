"""When the windows of a project let a sync start."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.engine.windows import next_boundary, why_closed, windows_of
from bot.errors import Rejected
from bot.model.applications import Destination
from bot.model.projects import AppProject, SyncWindow

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
"""A Wednesday."""
NOW: dict[str, Any] = {"schedule": "0 11 * * *", "duration": "2h"}
LATER: dict[str, Any] = {"schedule": "0 15 * * *", "duration": "1h"}


def window(kind: str, when: dict[str, Any], **more: Any) -> SyncWindow:
    return SyncWindow.model_validate({"kind": kind, **when, **more})


def allow(when: dict[str, Any], **more: Any) -> SyncWindow:
    return window("allow", when, **more)


def deny(when: dict[str, Any], **more: Any) -> SyncWindow:
    return window("deny", when, **more)


def is_closed(*windows: SyncWindow, manual: bool = False, now: datetime = NOON) -> bool:
    return why_closed(windows, manual=manual, now=now) is not None


@pytest.mark.parametrize(
    ("windows", "automated", "manual"),
    [
        ([], True, True),
        ([allow(NOW)], True, True),
        ([allow(LATER)], False, False),
        ([allow(LATER, manualSync=True)], False, True),
        ([allow(LATER, manualSync=True), allow(LATER)], False, False),
        ([allow(LATER), allow(NOW)], True, True),
        ([deny(NOW)], False, False),
        ([deny(NOW, manualSync=True)], False, True),
        ([deny(NOW, manualSync=True), deny(NOW)], False, False),
        ([deny(NOW, manualSync=True), deny(LATER)], False, True),
        ([deny(LATER)], True, True),
        ([deny(NOW), allow(NOW)], False, False),
        ([deny(NOW, manualSync=True), allow(LATER)], False, True),
        ([deny(LATER), allow(LATER)], False, False),
        ([deny(LATER), allow(NOW)], True, True),
    ],
)
def test_a_sync_may_start_as_with_argo_cd(windows: list[SyncWindow], *, automated: bool, manual: bool) -> None:
    assert is_closed(*windows) is not automated
    assert is_closed(*windows, manual=True) is not manual


@pytest.mark.parametrize(
    ("schedule", "length", "is_open"),
    [
        ("* * * * *", "1m", True),
        ("0 12 * * *", "1s", True),
        ("0 11 * * *", "1h", False),
        ("0 11 * * *", "1h0m1s", True),
        ("0 0 1 3 *", "84h", False),
        ("0 0 1 3 *", "85h", True),
        ("0 12 * * wed", "1h", True),
        ("0 12 * * MON-TUE", "1h", False),
        ("0 12 ? * 3", "1h", True),
        ("*/7 12 * * *", "1m", True),
        ("0 12 4 * 0", "1h", True),
        ("0 12 */2 * 3", "1h", True),
        ("0 12 5 * */2", "1h", False),
        ("0 12 * * */3", "1h", True),
        ("0 11 * * *", "0", False),
        ("0 11 * * *", "-2h", False),
    ],
)
def test_schedules_and_durations_are_read_as_argo_cd_reads_them(schedule: str, length: str, *, is_open: bool) -> None:
    assert is_closed(deny({"schedule": schedule, "duration": length})) is is_open


def test_a_moment_is_in_one_window_only_whatever_its_microseconds_are() -> None:
    one = deny({"schedule": "0 12 * * *", "duration": "1h"})
    assert is_closed(one, now=NOON.replace(microsecond=1))
    assert not is_closed(one, now=datetime(2026, 3, 4, 11, 59, 59, 999_999, tzinfo=UTC))
    assert is_closed(one, now=datetime(2026, 3, 4, 12, 59, 59, 999_999, tzinfo=UTC))
    assert not is_closed(one, now=datetime(2026, 3, 4, 13, 0, tzinfo=UTC))


@pytest.mark.parametrize(
    ("zone", "hour"),
    [("", 12), ("UTC", 12), ("Asia/Tokyo", 21), ("America/New_York", 7), ("Mars/Base", 12), ("..", 12)],
)
def test_a_schedule_is_on_the_clock_of_its_time_zone(zone: str, hour: int) -> None:
    for schedule, is_open in ((f"0 {hour} * * *", True), (f"0 {(hour + 2) % 24} * * *", False)):
        assert is_closed(deny({"schedule": schedule, "duration": "1h"}, timeZone=zone)) is is_open


def test_a_window_keeps_its_hour_when_summer_time_begins() -> None:
    morning = deny({"schedule": "0 9 * * *", "duration": "1h"}, timeZone="Europe/Berlin")
    assert is_closed(morning, now=datetime(2026, 3, 28, 8, 30, tzinfo=UTC))
    assert is_closed(morning, now=datetime(2026, 3, 29, 7, 30, tzinfo=UTC))
    assert not is_closed(morning, now=datetime(2026, 3, 29, 8, 30, tzinfo=UTC))


@pytest.mark.parametrize(
    ("windows", "until"),
    [
        ([deny(NOW)], "2026-03-04 13:00"),
        ([deny(NOW), deny({"schedule": "0 12 * * *", "duration": "3h"})], "2026-03-04 15:00"),
        ([allow(LATER)], "2026-03-04 15:00"),
        ([allow(LATER), deny({"schedule": "0 15 * * *", "duration": "30m"})], "2026-03-04 15:30"),
        ([allow({"schedule": "0 0 29 2 *", "duration": "1h"})], "2028-02-29 00:00"),
    ],
)
def test_it_is_said_until_when_no_sync_starts(windows: list[SyncWindow], until: str) -> None:
    found = why_closed(windows, manual=False, now=NOON)
    assert found is not None
    assert found.words.endswith(f"until {until} UTC")


def test_a_window_is_named_as_its_project_has_it() -> None:
    tokyo = deny({"schedule": "0 20 * * *", "duration": "2h"}, timeZone="Asia/Tokyo", description="CHG-7")
    found = why_closed([tokyo, deny(NOW)], manual=False, now=NOON)
    assert found is not None
    words = "waits for the sync window deny '0 20 * * *' Asia/Tokyo for 2h (CHG-7) and 1 more"
    assert found.words == f"{words}, until 2026-03-04 13:00 UTC"


@pytest.mark.parametrize(
    "windows",
    [
        [deny({"schedule": "* * * * *", "duration": "1h"})],
        [deny(NOW), allow({"schedule": "0 11 * * *", "duration": "0"})],
    ],
)
def test_what_never_opens_is_said_to_have_no_end_in_sight(windows: list[SyncWindow]) -> None:
    found = why_closed(windows, manual=False, now=NOON)
    assert found is not None
    assert found.until is None
    assert found.words.endswith("with no end in sight")


@pytest.mark.parametrize(
    ("schedule", "length", "words"),
    [
        ("@daily", "1h", "cannot parse schedule '@daily': expected 5 fields"),
        ("0 0 12 * * *", "1h", "expected 5 fields"),
        ("0 25 * * *", "1h", "cannot parse schedule '0 25 * * *': Bad hour"),
        ("0 12 * * 5#2/3", "1h", "cannot parse schedule"),
        ("0 12 * * *", "2 hours", "cannot parse duration '2 hours'"),
        ("0 12 * * *", f"{'9' * 20}h", "cannot parse duration"),
        ("0 12 * * *", "", "cannot parse duration ''"),
    ],
)
def test_where_a_window_cannot_be_understood_no_sync_starts(schedule: str, length: str, words: str) -> None:
    bad = allow({"schedule": schedule, "duration": length})
    found = why_closed([bad, allow(NOW)], manual=True, now=NOON)
    assert found is not None
    assert found.words.startswith("no sync starts: invalid sync windows: ")
    assert words in found.words
    assert next_boundary([bad], now=NOON) is None


def test_a_project_with_a_window_of_no_kind_is_refused() -> None:
    windows = [{"kind": "maybe", "schedule": "0 12 * * *", "duration": "1h"}]
    with pytest.raises(Rejected, match=r"AppProject shop: spec\.syncWindows\[0\]\.kind"):
        AppProject.parse({"metadata": {"name": "shop"}, "spec": {"syncWindows": windows}})


@pytest.mark.parametrize(
    ("lists", "alone", "all_of_them"),
    [
        ({}, False, False),
        ({"applications": ["web-*"]}, True, True),
        ({"applications": ["*-db"]}, False, False),
        ({"clusters": ["prod"]}, True, True),
        ({"clusters": ["https://*"]}, False, False),
        ({"namespaces": ["shop", "other"]}, True, True),
        ({"applications": ["*-db"], "namespaces": ["sh?p"]}, True, False),
        ({"applications": ["*"], "clusters": ["*"], "namespaces": ["other"]}, True, False),
        ({"applications": ["*"], "clusters": ["*"], "namespaces": ["shop"]}, True, True),
    ],
)
def test_an_application_is_subject_to_a_window_by_any_of_its_lists_or_by_all(
    lists: dict[str, list[str]], *, alone: bool, all_of_them: bool
) -> None:
    destination = Destination(name="prod", namespace="shop")
    for and_operator, expected in ((False, alone), (True, all_of_them)):
        one = {"kind": "deny", **NOW, **lists, "andOperator": and_operator}
        project = AppProject.parse({"metadata": {"name": "p"}, "spec": {"syncWindows": [one]}})
        assert bool(windows_of(project, "web-eu", destination)) is expected
    assert windows_of(None, "web-eu", destination) == ()
