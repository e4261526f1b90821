"""GitHub's secondary limits are not hit, its silence is kept by everybody, and what is known is not asked for again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import TypeVar

import pytest

from bot.errors import Paced, Temporary
from bot.forges.github.client import GitHub
from bot.forges.github.errors import SlowDown
from bot.model.changes import CommitStatus, Repository, StatusState
from bot.model.pacing import Charge, Limit
from bot.sandbox.forge.faults import Fault
from bot.sandbox.github.people import HostedRepository
from bot.sandbox.github.server import GitHubStandIn
from bot.settings import Settings
from bot.store.connection import connect as connect_redis
from bot.store.pace import Pace

T = TypeVar("T")
MINUTE = 4.0
"""Seconds that stand for a minute."""
HIGH = [Limit(Charge.CONTENT, 1_000, 60.0), Limit(Charge.WRITE, 1_000, 60.0)]


@pytest.fixture
def paced(settings: Settings, github: GitHubStandIn, redis_url: str) -> Iterator[Callable[[list[Limit]], GitHub]]:
    connection = connect_redis(redis_url)

    def build(limits: list[Limit]) -> GitHub:
        return GitHub.from_settings(settings, pace=Pace(connection, limits), clock=github.clock.now)

    yield build
    connection.close()


def until_done(work: Callable[[], T]) -> T:
    """Do as a job does that is put back."""
    while True:
        try:
            return work()
        except Paced as later:
            time.sleep(later.retry_after)


def refusals(github: GitHubStandIn) -> list[int]:
    return [one.status for one in github.requests if one.status == HTTPStatus.FORBIDDEN]


def test_a_burst_of_a_hundred_changes_hits_no_limit(
    github: GitHubStandIn, shop: HostedRepository, repository: Repository, paced: Callable[[list[Limit]], GitHub]
) -> None:
    shop.push("feature", {"a": "1"})
    sha = shop.head("feature")
    number = shop.open_pull_request(head="feature", title="A change").number
    github.limits.minute = MINUTE
    github.limits.content_per_minute, github.limits.points_per_minute = 80, 900
    # less than half of the limit: this minute is so short that a request's own time counts
    forge = paced([Limit(Charge.CONTENT, 40, MINUTE), Limit(Charge.WRITE, 60, MINUTE)])

    def tell(index: int) -> None:
        status = CommitStatus(f"foresail/{index}", StatusState.SUCCESS, "")
        until_done(lambda: forge.set_statuses(repository, sha, [status]))
        until_done(lambda: forge.add_comment(repository, number, f"change {index}"))

    with ThreadPoolExecutor(8) as workers:
        list(workers.map(tell, range(100)))
    assert sorted(one.body for one in shop.comments(number)) == sorted(f"change {index}" for index in range(100))
    assert (len(shop.statuses(sha)), refusals(github)) == (100, [])


def test_a_preview_waits_before_it_asks_for_anything_and_keeps_its_place(
    github: GitHubStandIn, repository: Repository, paced: Callable[[list[Limit]], GitHub]
) -> None:
    forge = paced([Limit(Charge.PREVIEW, 10, 36_000.0)])  # two at once, and then one in 75 minutes
    forge.begin_preview(repository, 1)
    forge.begin_preview(repository, 2)
    asked = len(github.requests)
    waits = []
    for number in (3, 4, 3):
        with pytest.raises(Paced) as later:
            forge.begin_preview(repository, number)
        waits.append(later.value.retry_after)
    assert waits == pytest.approx([4_500, 9_000, 4_500], abs=60)
    assert len(github.requests) == asked


def test_a_comment_set_is_written_whole_or_not_at_all(
    shop: HostedRepository, repository: Repository, paced: Callable[[list[Limit]], GitHub]
) -> None:
    shop.push("feature", {"a": "1"})
    number = shop.open_pull_request(head="feature", title="A change").number
    forge = paced([Limit(Charge.CONTENT, 15, 36_000.0)])
    forge.set_comments(repository, number, [], ["one", "two"])
    existing = forge.own_comments(repository, number, marker="")
    with pytest.raises(Paced):
        forge.set_comments(repository, number, existing, ["ONE", "TWO", "THREE"])
    assert [one.body for one in shop.comments(number)] == ["one", "two"]


def test_an_equal_comment_set_costs_nothing(
    shop: HostedRepository, repository: Repository, paced: Callable[[list[Limit]], GitHub]
) -> None:
    shop.push("feature", {"a": "1"})
    number = shop.open_pull_request(head="feature", title="A change").number
    forge = paced([Limit(Charge.CONTENT, 5, 36_000.0)])
    forge.add_comment(repository, number, "one")
    existing = forge.own_comments(repository, number, marker="")
    forge.set_comments(repository, number, existing, ["one"])


def test_when_github_asks_one_to_slow_down_nobody_asks_it_anything(
    github: GitHubStandIn, repository: Repository, paced: Callable[[list[Limit]], GitHub], settings: Settings
) -> None:
    assert settings.forge_content_per_hour == 500
    one, another = paced(HIGH), paced(HIGH)
    github.faults.add("GET /repos/*/pulls/1", kind=Fault.SECONDARY_LIMIT, seconds=300)
    with pytest.raises(SlowDown):
        one.change(repository, 1)
    asked = len(github.requests)
    with pytest.raises(Paced) as waits:
        another.statuses(repository, "a" * 40)
    assert waits.value.retry_after == pytest.approx(300, abs=60)
    assert len(github.requests) == asked


def test_an_exhausted_allowance_is_waited_for(
    github: GitHubStandIn, repository: Repository, paced: Callable[[list[Limit]], GitHub]
) -> None:
    forge = paced(HIGH)
    forge.branch_head(repository, "main")
    github.limits.per_hour = 1
    with pytest.raises(Temporary):
        forge.open_changes(repository).__next__()
    with pytest.raises(Paced) as waits:
        forge.branch_head(repository, "main")
    assert 60 < waits.value.retry_after <= 3600


def test_what_has_not_changed_costs_nothing_of_the_allowance(
    github: GitHubStandIn, repository: Repository, shop: HostedRepository, forge: GitHub
) -> None:
    first = forge.branch_head(repository, "main")
    assert forge.branch_head(repository, "main") == first
    assert [one.status for one in github.requests][-2:] == [HTTPStatus.OK, HTTPStatus.NOT_MODIFIED]
    moved = shop.push("main", {"b": "2"})
    assert forge.branch_head(repository, "main") == moved
