"""Kill any process at any point of the path: comment, statuses and cluster end right, and nothing is applied twice."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest

from bot.sandbox.forge.faults import Fault
from tests.functional.conftest import Opener, Shop, config_map, deployment

APART = True
OBJECTS = 12
FILES = {f"deploy/settings-{number}.yaml": config_map(f"settings-{number}", A="1") for number in range(OBJECTS)}
CHANGED = {f"deploy/settings-{number}.yaml": config_map(f"settings-{number}", A="2") for number in range(OBJECTS)}


@dataclass(frozen=True)
class Kill:
    """Whom to kill, and the sign that the moment has come; a slow answer holds the moment open."""

    victims: tuple[str, ...]
    sign: Callable[[Shop, int], bool]
    slow: str = ""


def _has_status(context: str, state: str) -> Callable[[Shop, int], bool]:
    def sign(shop: Shop, number: int) -> bool:
        pull = shop.repository.pull(number)
        sha = pull.head_sha if context == "preview" else pull.merge_commit_sha
        return bool(sha) and any(
            (one.context, one.state) == (f"foresail/{context}", state)
            for one in shop.repository.status_history(str(sha))
        )

    return sign


def _opened(_shop: Shop, _number: int) -> bool:
    return True


def _has_comment(shop: Shop, number: int) -> bool:
    return shop.comment(number) is not None


def _merged(shop: Shop, number: int) -> bool:
    return shop.repository.pull(number).merged_at is not None


def _applied(count: int) -> Callable[[Shop, int], bool]:
    return lambda shop, _number: len(applies(shop)) >= count


def _has_operation(shop: Shop, number: int) -> bool:
    return _merged(shop, number) and "operation" in (
        shop.stage.get("application", shop.name, namespace=shop.stage.control_namespace) or {}
    )


KILLS = {
    "web while the change is announced": Kill(("web",), _opened),
    "preview worker after it said pending": Kill(("preview",), _has_status("preview", "pending")),
    "preview worker while it writes the comment": Kill(("preview",), _has_comment, slow="GET /repos/*/issues/*"),
    "Redis while a preview runs": Kill(("redis",), _has_status("preview", "pending")),
    "web when the merge is announced": Kill(("web",), _merged),
    "sync worker when the operation is written": Kill(("sync",), _has_operation),
    "sync worker after the first apply": Kill(("sync",), _applied(1)),
    "sync worker in the middle of a wave": Kill(("sync",), _applied(OBJECTS // 2)),
    "controller while the workload progresses": Kill(("controller",), _applied(OBJECTS)),
    "Redis while the workload progresses": Kill(("redis",), _applied(OBJECTS)),
    "notify worker while it tells the commit": Kill(("notify",), _has_status("sync", "pending")),
    "everything in the middle of a wave": Kill(
        ("web", "preview", "sync", "notify", "controller", "redis"), _applied(OBJECTS // 2)
    ),
}


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {"FORESAIL_CLAIM_SECONDS": "2"}


@pytest.mark.parametrize("name", KILLS)
def test_nothing_is_lost_and_nothing_is_done_twice(open_shop: Opener, name: str) -> None:
    kill = KILLS[name]
    shop = open_shop({**FILES, "deploy/web.yaml": deployment(pods="slow")})
    shop.forget_applies()
    if kill.slow:
        shop.stage.github.faults.add(kill.slow, kind=Fault.DELAY, times=1, seconds=1.5)
    shop.repository.push("feature", {**CHANGED, "deploy/web.yaml": deployment(pods="slow", replicas=3)})
    with executed(kill, shop):
        number = shop.repository.open_pull_request("feature").number
        assert shop.await_preview(number) == "success"
        sha = shop.repository.merge(number)
        shop.await_sync(sha)
    shop.stage.until(lambda: "1 of 1 application healthy" in shop.body(number), what="the epilogue")
    assert f"### Merging changes {OBJECTS + 1} resources in 1 application" in shop.body(number)
    assert len(shop.repository.comments(number)) == 1
    for index in range(OBJECTS):
        live = shop.live("configmap", f"settings-{index}")
        assert live is not None
        assert live["data"] == {"A": "2"}
    assert set(Counter(applies(shop)).values()) == {1}
    # A request whose sender is killed may be logged as broken off although it wrote: what it wrote is seen above.
    assert len(applies(shop)) in {OBJECTS, OBJECTS + 1}


@contextmanager
def executed(kill: Kill, shop: Shop) -> Iterator[None]:
    """Kill at the sign, from a thread of its own; at the end it must have happened."""
    over, done = threading.Event(), threading.Event()

    def watch() -> None:
        while not over.wait(0.002):
            pulls = shop.repository.state.pulls
            if pulls and kill.sign(shop, max(pulls)):
                for victim in kill.victims:
                    _end(shop, victim)
                done.set()
                return

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    assert done.is_set(), "the moment never came"


def _end(shop: Shop, victim: str) -> None:
    if victim == "redis":
        shop.stage.redis.kill()
    elif shop.stage.foresail is not None:
        shop.stage.foresail.kill(victim)


def applies(shop: Shop) -> list[str]:
    """Return the objects of the shop's namespace that Foresail applied for real, one entry a request."""
    found = []
    with shop.stage.plane.audit_log.open("rb") as log:
        log.seek(shop.applies_from)
        for line in log:
            if shop.namespace.encode() not in line or not line.endswith(b"\n"):
                continue  # somebody else's, or still being written
            event = orjson.loads(line)
            query = parse_qs(urlsplit(event["requestURI"]).query)
            reference = event.get("objectRef", {})
            wrote = event["responseStatus"].get("code", 0) < HTTPStatus.MULTIPLE_CHOICES
            mine = wrote and query.get("fieldManager") == ["foresail"] and "dryRun" not in query
            if event["verb"] == "patch" and mine and reference.get("namespace") == shop.namespace:
                found.append(f"{reference['resource']}/{reference['name']}")
    return found
