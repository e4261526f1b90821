"""What a job reads of the cluster: the same, however many applications there are of other repositories."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import rq
from rq.serializers import JSONSerializer

from bot.model.changes import repository_identity
from bot.model.jobs import Task, deliver, notify
from bot.store.connection import connect
from bot.store.index import Entry, Words
from tests.integration.workers.desk import Desk
from workers import deliver as delivering
from workers import notify as notifying
from workers.changes.landscape import Landscape
from workers.controller import Controller

OTHERS = "https://github.example/acme/other.git"
_SENT = re.compile(
    r'^apiserver_response_sizes_sum\{.*resource="applications".*verb="(GET|LIST)".*\} (\S+)$', re.MULTILINE
)


@contextmanager
def controller(desk: Desk) -> Iterator[None]:
    """Run a controller in a thread of this process."""
    stop = threading.Event()
    thread = threading.Thread(target=Controller(desk.services, stop).run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def entry(desk: Desk) -> Entry | None:
    return desk.services.memory.index.of(repository_identity(desk.repository.clone_url))


def await_index(desk: Desk, *, total: int) -> None:
    def holds() -> bool:
        found = entry(desk)
        return found is not None and found.total == total

    desk.stage.until(holds, what=f"an index of {total}")


def sent(desk: Desk) -> float:
    """Return how many bytes of Applications the API server has sent for reads, watches aside."""
    metrics = desk.stage.plane.kubectl("get", "--raw", "/metrics")
    return sum(float(match[2]) for match in _SENT.finditer(metrics))


def read_by_an_event(desk: Desk) -> float:
    """Return how many bytes a delivery and a notification read."""
    repository = desk.services.forge.repository(desk.repository.full_name)
    before, commit = sent(desk), desk.repository.head()
    desk.do(delivering.run, deliver(repository, branch="main", before="", commit=commit))
    desk.do(notifying.run, notify(repository.full_name, commit))
    return sent(desk) - before


def test_other_applications_are_not_read(desk: Desk) -> None:
    desk.declare("shop")
    desk.declare("other-0", source=OTHERS)
    with controller(desk):
        await_index(desk, total=2)
        few = read_by_an_event(desk)
        for number in range(1, 40):
            desk.declare(f"other-{number}", source=OTHERS)
        await_index(desk, total=41)
        many = read_by_an_event(desk)
    assert few > 0
    assert many < few * 1.5  # the application itself has grown by its operation


def test_the_index_follows_applications_and_their_sources(desk: Desk) -> None:
    desk.declare("shop")
    desk.declare("moves", source=OTHERS)
    with controller(desk):
        await_index(desk, total=2)
        desk.declare("moves")
        desk.declare("new")
        await_index(desk, total=3)
        desk.stage.until(lambda: names(desk) == {"shop", "moves", "new"}, what="the move")
        desk.stage.plane.kubectl("delete", "application", "shop", "-n", desk.stage.control_namespace)
        desk.stage.until(lambda: names(desk) == {"moves", "new"}, what="the deletion")


def asked_for(desk: Desk) -> list[list[str]]:
    """Return which applications each waiting job is to look at."""
    jobs = rq.Queue("sync", connection=connect(desk.stage.redis.url), serializer=JSONSerializer).jobs
    return [sorted(job.args[0]["applications"]) for job in jobs if job.func_name == Task.REFRESH]


def words(identity: str, total: int, *names: str) -> Words:
    return Words({identity: names or ("shop",)}, total=total, addresses=[])


def survey(desk: Desk) -> Landscape:
    return Landscape.survey(desk.services, desk.services.forge.repository(desk.repository.full_name))


def found_by_a_job(desk: Desk) -> set[str]:
    return {one.name for one in survey(desk).applications}


def names(desk: Desk) -> set[str]:
    found = entry(desk)
    return set(found.applications) if found is not None else set()


def test_a_controller_that_starts_asks_once_for_each_repository(desk: Desk) -> None:
    ours = [desk.declare(f"shop-{number}").name for number in range(30)]
    desk.declare("other", source=OTHERS)
    with controller(desk):
        await_index(desk, total=31)
    assert sorted(asked_for(desk)) == sorted([["other"], sorted(ours)])


@pytest.mark.parametrize("total", [1, 3])
def test_an_index_that_is_behind_is_not_believed(desk: Desk, total: int) -> None:
    desk.declare("shop")
    desk.declare("new")
    identity = repository_identity(desk.repository.clone_url)
    desk.services.memory.index.keep("somebody", words(identity, total), whole=True)
    assert found_by_a_job(desk) == {"shop", "new"}


def test_an_application_that_is_gone_by_now_is_left_out(desk: Desk) -> None:
    for name in ("shop", "new"):
        desk.declare(name)
    identity = repository_identity(desk.repository.clone_url)
    desk.services.memory.index.keep("somebody", words(identity, 2, "shop", "gone"), whole=True)
    assert found_by_a_job(desk) == {"shop"}


def test_all_is_read_where_nobody_keeps_an_index(desk: Desk) -> None:
    desk.declare("shop")
    desk.declare("other", source=OTHERS)
    assert found_by_a_job(desk) == {"shop", "other"}


def test_an_application_of_another_repository_is_read_when_it_is_asked_for(desk: Desk) -> None:
    desk.declare("shop")
    desk.declare("other", source=OTHERS)
    with controller(desk):
        await_index(desk, total=2)
        landscape = survey(desk)
        assert {one.name for one in landscape.applications} == {"shop"}
        assert landscape.known["other"].spec.effective_sources[0].repo_url == OTHERS
        assert "nobody" not in landscape.known
        assert "Not a name/../x" not in landscape.known


def test_many_that_are_asked_for_are_read_at_once(desk: Desk) -> None:
    desk.declare("shop")
    desk.declare("other", source=OTHERS)
    with controller(desk):
        await_index(desk, total=2)
        known = survey(desk).known
        assert [name for name in (*(f"nobody-{number}" for number in range(60)), "other") if name in known] == ["other"]
        before = sent(desk)
        assert not any(f"nobody-either-{number}" in known for number in range(60))
        assert sent(desk) == before
