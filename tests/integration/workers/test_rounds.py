"""A look at many applications: what they have in common is asked for once."""

from __future__ import annotations

from bot.model.jobs import Task, refresh
from tests.integration.workers.desk import Desk
from workers import refresh as refreshing
from workers.payloads import refreshes

NAMES = [f"shop-{number}" for number in range(6)]


def test_applications_of_one_repository_share_a_fetch(desk: Desk) -> None:
    for name in NAMES:
        desk.declare(name)
    desk.do(refreshing.run, refresh(*NAMES))
    commit = desk.repository.head()
    assert {desk.application(name)["operation"]["sync"]["revision"] for name in NAMES} == {commit}
    assert desk.fetches() == 1
    assert desk.asked(f"/commits/{commit}/pulls") == 1


def test_a_branch_that_is_not_there_costs_the_others_nothing(desk: Desk) -> None:
    desk.declare("astray", revision="gone")
    desk.declare("shop")
    desk.do(refreshing.run, refresh("astray", "shop"))
    assert "operation" not in desk.application("astray")
    assert "operation" in desk.application("shop")
    assert desk.fetches() == 1


def test_a_repository_that_cannot_be_fetched_is_tried_once(desk: Desk) -> None:
    for name in NAMES:
        desk.declare(name, source=desk.repository.clone_url.replace("shop", "secret"))
    desk.do(refreshing.run, refresh(*NAMES))
    assert desk.fetches() == 1


def test_a_job_looks_at_the_applications_of_one_repository(desk: Desk) -> None:
    other = desk.repository.clone_url.replace("shop", "other")
    declared = [desk.declare("a"), desk.declare("b", source=other), desk.declare("c")]
    requests = list(refreshes(declared))
    assert [one.payload for one in requests] == [{"applications": ["a", "c"]}, {"applications": ["b"]}]
    assert {one.task for one in requests} == {Task.REFRESH}
