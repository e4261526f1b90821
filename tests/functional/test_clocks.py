"""A worker's clock is wrong: that is no reason for another to take over what it is at, or to fail what is under way."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.model.jobs import advance
from bot.sandbox.control_plane.cluster import ControlPlane
from bot.sandbox.installation import ROOT
from bot.store.connection import connect
from bot.store.queue import Queue
from tests.chaos.clocks import CAN_JUMP, Clock
from tests.chaos.proxy import Proxy
from tests.functional.conftest import Opener, Shop, config_map, deployment
from tests.functional.test_kills import applies

pytestmark = pytest.mark.skipif(not CAN_JUMP, reason="no clock can be shifted on this kind of machine")

CLAIM, DEADLINE = 200, 250
APART = True
JUMP = 500
"""Seconds: more than twice a claim, and less than the ten minutes for which GitHub takes a token."""
FILES = {f"deploy/settings-{number}.yaml": config_map(f"settings-{number}", A="1") for number in range(3)}
CHANGED = {f"deploy/settings-{number}.yaml": config_map(f"settings-{number}", A="2") for number in range(3)}


@pytest.fixture(scope="module")
def proxy(control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    with Proxy(control_plane.kubeconfig, tmp_path_factory.mktemp("proxy")) as one:
        yield one


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> Clock:
    one = Clock(tmp_path_factory.mktemp("clock") / "now")
    one.shift(0)
    return one


@pytest.fixture(scope="module")
def settings(proxy: Proxy, clock: Clock) -> dict[str, str]:
    limits = {"FORESAIL_CLAIM_SECONDS": str(CLAIM), "FORESAIL_SYNC_DEADLINE": str(DEADLINE)}
    return {"FORESAIL_KUBECONFIG": str(proxy.kubeconfig), **limits, **clock.environment}


@pytest.fixture(autouse=True)
def right_again(clock: Clock) -> Iterator[None]:
    yield
    clock.shift(0)


def test_a_process_is_told_the_time_by_its_clock(clock: Clock) -> None:
    clock.shift(JUMP)
    told = subprocess.run(
        [sys.executable, "-c", "import time; print(time.time())"],
        env={**os.environ, **clock.environment},
        check=True,
        capture_output=True,
    )
    assert float(told.stdout) > time.time() + JUMP / 2


@pytest.mark.parametrize("seconds", [JUMP, -JUMP])
def test_nobody_takes_over_from_a_worker_whose_clock_is_wrong(
    open_shop: Opener, proxy: Proxy, clock: Clock, tmp_path: Path, seconds: int
) -> None:
    shop = open_shop(FILES)
    shop.stage.until(shop.stage.is_idle, what="the end of all jobs")
    shop.forget_applies()
    clock.shift(seconds)
    with proxy.hold(lambda method, target: method == "PATCH" and f"{shop.namespace}/configmaps/" in target) as held:
        sha = shop.repository.push("main", CHANGED)
        shop.stage.until(held.reached.is_set, what="the first apply")
        Queue(connect(shop.stage.redis.url)).enqueue(advance(shop.name))
        work_off(shop, proxy, tmp_path)
        assert len(applies(shop)) == 1
    shop.await_sync(sha)
    assert set(Counter(applies(shop)).values()) == {1}


def test_an_operation_is_not_overdue_because_a_clock_jumps(open_shop: Opener, clock: Clock) -> None:
    shop = open_shop(FILES)
    stuck = deployment().replace("containers: [", "nodeSelector: {on: mars}\n      containers: [")
    sha = shop.repository.push("main", {"deploy/web.yaml": stuck})
    shop.stage.until(lambda: "waiting for healthy" in str(shop.status(sha, f"sync/{shop.name}")), what="the wait")
    clock.shift(JUMP)
    Queue(connect(shop.stage.redis.url)).enqueue(advance(shop.name))
    later = shop.repository.push("main", {"deploy/web.yaml": None, **CHANGED})
    shop.stage.until(lambda: "to end" in str(shop.status(later, f"sync/{shop.name}")), what="the queue")
    assert shop.stage.get("application", shop.name, namespace=shop.stage.control_namespace) is not None
    own = shop.status(sha, f"sync/{shop.name}")
    assert own is not None
    assert own.state == "pending"


def work_off(shop: Shop, proxy: Proxy, directory: Path) -> None:
    """Have another worker, whose clock is right, do what waits."""
    given = {**shop.stage.settings(shop.repository), "FORESAIL_CLAIM_SECONDS": str(CLAIM)}
    given |= {"FORESAIL_KUBECONFIG": str(proxy.kubeconfig), "FORESAIL_DATA_DIRECTORY": str(directory)}
    command = [sys.executable, "-m", "workers", "run", "sync", "--burst"]
    subprocess.run(command, env={**os.environ, **given}, cwd=ROOT, check=True, timeout=CLAIM / 2)
