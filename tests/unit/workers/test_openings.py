"""Which applications may be synced again because a window has opened."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from bot.errors import Temporary
from bot.model.applications import Application
from bot.model.projects import AppProject
from bot.model.resources import JsonObject
from workers.operating.windows import Openings

EVENING = datetime(2026, 3, 4, 20, 0, tzinfo=UTC).timestamp()
MINUTE, HOUR = 60, 3600
NIGHT = {"kind": "allow", "schedule": "0 22 * * *", "duration": "1h", "applications": ["*"]}


def application(name: str = "web", *, automated: bool = True) -> Application:
    policy = {"automated": {"enabled": automated}}
    spec = {"project": "shop", "destination": {"name": "prod"}, "source": {"repoURL": "x"}, "syncPolicy": policy}
    return Application.parse({"metadata": {"name": name}, "spec": spec}, home="argocd")


def project(name: str, *windows: dict[str, Any]) -> JsonObject:
    return {"metadata": {"name": name}, "spec": {"syncWindows": list(windows)}}


class _Projects:
    def __init__(self, *windows: dict[str, Any]) -> None:
        self.windows = windows
        self.away = False

    def find(self, name: str) -> AppProject:
        if self.away:
            raise Temporary("no answer")
        return AppProject.parse(project(name, *self.windows))


def test_each_opening_is_told_at_its_minute_and_once_more_for_who_was_late() -> None:
    openings = Openings(_Projects(NIGHT).find)
    openings.saw(application())
    found = [second for second in range(0, 27 * HOUR, 5) if openings.due(EVENING + second)]
    assert found == [2 * HOUR, 2 * HOUR + 10, 26 * HOUR, 26 * HOUR + 10]


def test_no_tick_between_looks_asks_for_a_project() -> None:
    projects = _Projects(NIGHT)
    openings = Openings(projects.find)
    openings.saw(application())
    openings.due(EVENING)
    projects.away = True
    assert openings.due(EVENING + 1) == []


def test_a_controller_that_starts_in_an_open_window_has_it_looked_at() -> None:
    openings = Openings(_Projects(NIGHT).find)
    openings.saw(application())
    assert openings.due(EVENING + 2 * HOUR + MINUTE) == ["web"]
    assert openings.due(EVENING + 2 * HOUR + 2 * MINUTE) == ["web"]
    assert openings.due(EVENING + 2 * HOUR + 3 * MINUTE) == []


def test_a_window_that_somebody_takes_away_opens_what_it_closed() -> None:
    projects = _Projects(NIGHT)
    openings = Openings(projects.find)
    openings.saw(application())
    assert openings.due(EVENING) == []
    projects.windows = ()
    assert [openings.due(EVENING + minute * MINUTE) for minute in range(1, 5)] == [["web"], ["web"], [], []]


def test_what_was_closed_between_two_looks_alone_is_told() -> None:
    projects = _Projects()
    openings = Openings(projects.find)
    openings.saw(application())
    assert openings.due(EVENING) == []
    openings.saw_project("MODIFIED", project("other", NIGHT))
    openings.saw_project("MODIFIED", project("shop"))
    assert openings.due(EVENING + MINUTE) == []
    openings.saw_project("MODIFIED", project("shop", NIGHT))
    openings.saw_project("DELETED", project("shop", NIGHT))
    assert [openings.due(EVENING + 61 + 10 * look) for look in range(4)] == [["web"], ["web"], [], []]


def test_what_comes_into_a_project_with_windows_is_told() -> None:
    openings = Openings(_Projects({**NIGHT, "schedule": "0 20 * * *"}).find)
    openings.saw_project("MODIFIED", project("shop", NIGHT))
    openings.due(EVENING)
    openings.saw(application())
    assert openings.due(EVENING + 1) == ["web"]
    openings.saw(application())
    assert openings.due(EVENING + 2) == []


def test_a_project_that_does_not_answer_is_as_it_was() -> None:
    projects = _Projects(NIGHT)
    openings = Openings(projects.find)
    openings.saw(application())
    openings.due(EVENING)
    projects.away = True
    assert openings.due(EVENING + 2 * HOUR) == []
    projects.away = False
    assert openings.due(EVENING + 2 * HOUR + MINUTE) == ["web"]


def test_what_is_gone_or_not_automated_waits_for_no_window() -> None:
    openings = Openings(_Projects(NIGHT).find)
    for one in (application("gone"), application("manual"), application("manual", automated=False)):
        openings.saw(one)
    openings.lost("gone")
    assert openings.due(EVENING + 2 * HOUR) == []
