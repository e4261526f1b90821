"""Kill a worker between a write and what it calls for: the write is done, and who did it never asks for the rest.

The answer to the write is held back by a proxy before the API server, so that the moment is always the same.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import rq

from bot.sandbox.control_plane.cluster import ControlPlane
from bot.sandbox.installation import Foresail
from bot.store.connection import connect
from tests.chaos.proxy import Proxy, Which
from tests.functional.conftest import Opener, Shop, application, config_map, deployment
from tests.functional.test_kills import applies

APART = True
NOWHERE = "nodeSelector: {on: mars}\n      containers: ["
FILES = {"deploy/settings.yaml": config_map(COLOUR="blue")}
_LONG = 120.0


@pytest.fixture(scope="module")
def proxy(control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    with Proxy(control_plane.kubeconfig, tmp_path_factory.mktemp("proxy")) as one:
        yield one


@pytest.fixture(scope="module")
def settings(proxy: Proxy) -> dict[str, str]:
    return {"FORESAIL_KUBECONFIG": str(proxy.kubeconfig), "FORESAIL_CLAIM_SECONDS": "2"}


def record(shop: Shop) -> dict[str, Any]:
    return shop.stage.get("application", shop.name, namespace=shop.stage.control_namespace) or {}


def patch(shop: Shop, **fields: Any) -> None:
    where = ("-n", shop.stage.control_namespace, "--type=merge", f"--patch={json.dumps(fields)}")
    shop.stage.plane.kubectl("patch", "application", shop.name, *where)


def writes_to(shop: Shop) -> Which:
    return lambda method, target: method == "PATCH" and f"/applications/{shop.name}?" in target


def kill_after(shop: Shop, proxy: Proxy, begun: Callable[[], object]) -> None:
    """Do something that has Foresail write to the Application, and kill the worker once that is written."""
    assert shop.stage.foresail is not None
    with proxy.hold(writes_to(shop)) as held:
        begun()
        shop.stage.until(held.reached.is_set, what="the write")
        shop.stage.foresail.kill("sync")


def stuck(shop: Shop, **files: str) -> str:
    """Push what never becomes healthy, and wait until that is waited for."""
    sha = shop.repository.push("main", {"deploy/web.yaml": deployment().replace("containers: [", NOWHERE), **files})
    shop.stage.until(lambda: "waiting for healthy" in str(shop.status(sha, f"sync/{shop.name}")), what="the wait")
    shop.stage.until(shop.stage.is_idle, what="the end of all jobs")
    return sha


def test_what_waits_for_an_operation_that_is_refused_is_synced(open_shop: Opener, proxy: Proxy) -> None:
    shop = open_shop(FILES)
    foresail = shop.stage.foresail
    assert foresail is not None
    queue = rq.Queue("sync", connection=connect(shop.stage.redis.url))

    def waits(task: str) -> bool:
        return any(job_id.startswith(task) for job_id in queue.job_ids)

    shop.stage.until(shop.stage.is_idle, what="the end of all jobs")
    foresail.kill("sync")  # so that the push waits for the operation, and nothing happens in between
    sha = shop.repository.push("main", {"deploy/settings.yaml": config_map(COLOUR="red")})
    _await(lambda: waits("deliver"), what="the push")
    patch(shop, operation={"sync": {"revision": sha, "manifests": ["{}"]}})
    _await(lambda: waits("advance"), what="the operation")

    kill_after(shop, proxy, lambda: foresail.restart("sync"))

    shop.await_sync(sha)
    assert shop.data("settings") == {"COLOUR": "red"}


def test_the_commit_of_an_application_that_nobody_can_read_is_told(open_shop: Opener, proxy: Proxy) -> None:
    shop = open_shop(FILES)
    sha = stuck(shop)
    kill_after(shop, proxy, lambda: patch(shop, spec={"source": None, "sourceHydrator": {}}))
    shop.await_sync(sha, "failure")


def test_the_commit_of_an_operation_that_was_taken_away_is_told(open_shop: Opener, proxy: Proxy) -> None:
    shop = open_shop(FILES)
    sha = stuck(shop)
    kill_after(shop, proxy, lambda: patch(shop, operation=None))
    shop.await_sync(sha, "failure")
    assert record(shop)["status"]["operationState"]["phase"] == "Failed"


def test_what_a_terminated_operation_has_brought_is_written_down(open_shop: Opener, proxy: Proxy) -> None:
    shop = open_shop(FILES)
    stuck(shop, **{"deploy/added.yaml": config_map("added", COLOUR="red")})
    kill_after(shop, proxy, lambda: patch(shop, status={"operationState": {"phase": "Terminating"}}))

    def is_named() -> bool:
        return "added" in {one["name"] for one in record(shop)["status"].get("resources", [])}

    shop.stage.until(is_named, what="the comparison")


def test_the_commit_is_told_that_a_failed_sync_is_tried_again(open_shop: Opener, proxy: Proxy) -> None:
    shop = open_shop(FILES)
    retry = "automated: {prune: true}\n    retry: {limit: 3, backoff: {duration: 10m, maxDuration: 10m}}"
    declared = application(shop).replace("automated: {prune: true}", retry)
    shop.await_sync(shop.repository.push("main", {f".foresail/{shop.name}.yaml": declared}))
    shop.stage.until(shop.stage.is_idle, what="the end of all jobs")
    assert shop.stage.foresail is not None

    def rests(method: str, target: str) -> bool:
        state = record(shop).get("status", {}).get("operationState", {})
        return writes_to(shop)(method, target) and bool(state.get("finishedAt")) and state.get("phase") == "Running"

    with proxy.hold(rests) as held:
        sha = shop.repository.push("main", {"deploy/settings.yaml": f"{config_map(COLOUR='red')}odd: true\n"})
        shop.stage.until(held.reached.is_set, what="the failure")
        shop.stage.foresail.kill("sync")
    words = "Retrying attempt #1"
    shop.stage.until(lambda: words in str(shop.status(sha, f"sync/{shop.name}")), what="that it is tried again")


def test_a_worker_that_was_stopped_in_a_wave_leaves_it_to_who_took_over(
    open_shop: Opener, proxy: Proxy, tmp_path: Path
) -> None:
    files = {f"deploy/settings-{number}.yaml": config_map(f"settings-{number}", COLOUR="blue") for number in range(4)}
    shop = open_shop(files)
    foresail = shop.stage.foresail
    assert foresail is not None
    shop.stage.until(shop.stage.is_idle, what="the end of all jobs")
    shop.forget_applies()
    with proxy.hold(lambda method, target: method == "PATCH" and f"{shop.namespace}/configmaps/" in target) as held:
        sha = shop.repository.push("main", {path: text.replace("blue", "red") for path, text in files.items()})
        shop.stage.until(held.reached.is_set, what="the first apply")
        os.kill(foresail.pid("sync"), signal.SIGSTOP)
    given = shop.stage.settings(shop.repository) | {"FORESAIL_KUBECONFIG": str(proxy.kubeconfig)}
    given |= {"FORESAIL_CLAIM_SECONDS": "2", "FORESAIL_DATA_DIRECTORY": str(tmp_path / "data")}
    try:
        with Foresail.start(tmp_path, given, only=("sync",)):
            shop.await_sync(sha)
    finally:
        os.kill(foresail.pid("sync"), signal.SIGCONT)
    left = "operation is advanced by somebody else"
    shop.stage.until(lambda: left in foresail.log("sync"), what="that the worker leaves")
    assert set(Counter(applies(shop)).values()) == {1}
    assert len(applies(shop)) == len(files)


def _await(holds: Callable[[], bool], *, what: str) -> None:
    """Wait without starting again what was ended."""
    end = time.monotonic() + _LONG
    while not holds():
        assert time.monotonic() < end, what
        time.sleep(0.05)
