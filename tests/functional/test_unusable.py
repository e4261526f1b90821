"""An Application that nobody can read any more: what ran there ends, and its commit is told why."""

from __future__ import annotations

import json

from bot.model.resources import JsonObject
from tests.functional.conftest import Opener, Shop, deployment


def test_an_application_that_nobody_can_read_any_more_ends_its_sync_in_the_parsers_words(open_shop: Opener) -> None:
    shop = open_shop({"deploy/web.yaml": deployment()})
    nowhere = deployment().replace("containers: [", "nodeSelector: {on: mars}\n      containers: [")
    sha = shop.repository.push("main", {"deploy/web.yaml": nowhere})
    shop.stage.until(lambda: "waiting for healthy" in str(shop.status(sha, f"sync/{shop.name}")), what="the wait")
    patch = json.dumps({"spec": {"source": None, "sourceHydrator": {}}})
    where = ("-n", shop.stage.control_namespace, "--type=merge", "-p", patch)
    shop.stage.plane.kubectl("patch", "application", shop.name, *where)
    shop.await_sync(sha, "failure")
    shop.stage.until(lambda: "operation" not in _own(shop), what="the end of the operation")
    words = f"Application {shop.name}: spec: give source, or sources"
    assert _own(shop)["status"]["operationState"]["phase"] == "Error"
    assert _own(shop)["status"]["operationState"]["message"] == words
    own = shop.status(sha, f"sync/{shop.name}")
    assert own is not None
    assert own.description == words


def _own(shop: Shop) -> JsonObject:
    return shop.stage.get("application", shop.name, namespace=shop.stage.control_namespace) or {}
