"""From a newer image in a registry to the cluster: proposed, previewed, merged and synced without anybody."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from bot.sandbox.seats import GitHubSeat, Seat
from tests.functional.conftest import Opener
from tests.integration.repository.charts.registry import RegistryStandIn
from tests.integration.workers.test_updates import secret


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {"FORESAIL_REGISTRY_POLL": "2", "FORESAIL_FETCH_ALLOW": "127.0.0.1"}


@pytest.fixture(scope="module")
def forge() -> Callable[[Path], Seat]:
    return partial(GitHubSeat, writes=True)


@pytest.fixture
def registry() -> Iterator[RegistryStandIn]:
    with RegistryStandIn(asks="bearer") as found:
        found.push("team/web", "1.0.0", [])
        yield found


def deployment(image: str) -> str:
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": image}]}}
    kind = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}}
    return json.dumps({**kind, "spec": {"replicas": 0, "selector": {"matchLabels": labels}, "template": template}})


def test_a_newer_image_gets_to_the_cluster_by_itself(open_shop: Opener, registry: RegistryStandIn) -> None:
    image = f"{registry.host}/team/web"
    files = {
        "deploy/web.yaml": deployment(f"{image}:1.0.0"),
        ".foresail/config.yaml": "updates: {automerge: routine}\n",
    }
    shop = open_shop(files)
    namespace = f"--namespace={shop.stage.control_namespace}"
    shop.stage.plane.kubectl("apply", namespace, "--filename=-", stdin=secret(registry))
    wanted = f"argocd-image-updater.argoproj.io/image-list={image}"
    shop.stage.plane.kubectl("annotate", namespace, "application", shop.name, wanted)

    registry.push("team/web", "1.1.0", [])

    def running() -> str:
        live = shop.live("deployment", "web") or {}
        return str(live["spec"]["template"]["spec"]["containers"][0]["image"])

    shop.stage.until(lambda: running() == f"{image}:1.1.0", what="the newer image", deadline=180.0)
    pull = shop.repository.pull(1)
    assert pull.title == f"Update {image} to 1.1.0 in {shop.name}"
    assert pull.merged_by is not None
    assert pull.merged_by.login == shop.stage.seat.login
    assert "routine" in shop.body(1)
