"""A person ends what runs, as `argocd app terminate-op` does."""

from __future__ import annotations

import json
from textwrap import dedent
from typing import Any

import pytest

from tests.functional.conftest import Opener, Shop, config_map, deployment

APART = True
FILES = {"deploy/settings.yaml": config_map(COLOUR="blue")}
NOWHERE = "nodeSelector: {on: mars}"
HOOK = dedent(f"""\
    apiVersion: batch/v1
    kind: Job
    metadata: {{name: before, annotations: {{argocd.argoproj.io/hook: PreSync}}}}
    spec:
      template:
        spec: {{{NOWHERE}, restartPolicy: Never, containers: [{{name: run, image: "busybox:1"}}]}}
    """)


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {"FORESAIL_CLAIM_SECONDS": "2"}


def record(shop: Shop) -> dict[str, Any]:
    return shop.stage.get("application", shop.name, namespace=shop.stage.control_namespace) or {}


def terminate(shop: Shop) -> None:
    patch = json.dumps({"status": {"operationState": {"phase": "Terminating"}}})
    where = ("-n", shop.stage.control_namespace, "--type=merge", "-p", patch)
    shop.stage.plane.kubectl("patch", "application", shop.name, *where)


def await_end(shop: Shop) -> dict[str, Any]:
    """Wait for the end of the operation; return how it is recorded."""
    shop.stage.until(lambda: "operation" not in record(shop), what="the end of the operation")
    return dict(record(shop)["status"]["operationState"])


@pytest.mark.parametrize("killed", [(), ("sync", "controller")], ids=["alive", "killed"])
def test_a_hook_that_runs_is_deleted_and_nothing_is_applied(open_shop: Opener, killed: tuple[str, ...]) -> None:
    shop = open_shop(FILES)
    assert shop.stage.foresail is not None
    sha = shop.repository.push("main", {"deploy/before.yaml": HOOK, "deploy/settings.yaml": config_map(COLOUR="red")})
    shop.stage.until(lambda: "waiting for completion of hook" in str(shop.status(sha, "sync")), what="the hook")

    terminate(shop)
    for victim in killed:
        shop.stage.foresail.kill(victim)
    if killed:
        shop.stage.redis.kill()

    ended = await_end(shop)
    assert (ended["phase"], ended["message"]) == ("Failed", "Operation terminated")
    assert [one["message"] for one in ended["syncResult"]["resources"]] == ["Terminated"]
    assert "foresail.dev/claim" not in record(shop)["metadata"].get("annotations", {})
    shop.stage.until(lambda: shop.live("job", "before") is None, what="the end of the hook")
    shop.await_sync(sha, "failure")
    assert "Operation terminated" in str(shop.status(sha, f"sync/{shop.name}"))
    assert shop.data("settings") == {"COLOUR": "blue"}
    shop.await_sync(shop.repository.push("main", {"deploy/before.yaml": None}))
    assert shop.data("settings") == {"COLOUR": "red"}


def test_what_waits_for_the_end_is_synced(open_shop: Opener) -> None:
    shop = open_shop(FILES)
    stuck = deployment().replace("containers: [", f"{NOWHERE}\n      containers: [")
    sha = shop.repository.push("main", {"deploy/web.yaml": stuck})
    shop.stage.until(lambda: "waiting for healthy" in str(shop.status(sha, "sync")), what="the wait")
    later = shop.repository.push("main", {"deploy/web.yaml": deployment()})
    shop.stage.until(lambda: "to end" in str(shop.status(later, "sync")), what="the queue")

    terminate(shop)

    shop.await_sync(later)
    assert record(shop)["status"]["operationState"]["phase"] == "Succeeded"
