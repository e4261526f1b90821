"""What people do after, and against, a merge: hold, release, sync, cancel, retry, roll back, let go on.

On GitHub alone: how a command comes from a forge and is answered there, test_commands tells on both, and how a commit
hears of its syncs, test_delivered does; what lies between knows no forge.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.model.holds import HELD, Hold
from tests.functional.conftest import Opener, Shop, application, config_map, deployment
from tests.functional.test_commands import answer, ask

FILES = {"deploy/settings.yaml": config_map(COLOUR="blue"), "deploy/more.yaml": config_map("more", SIZE="1")}
NOWHERE = "nodeSelector: {on: mars}"


def record(shop: Shop) -> dict[str, Any]:
    return shop.stage.get("application", shop.name, namespace=shop.stage.control_namespace) or {}


def status(shop: Shop, sha: str) -> str:
    found = shop.status(sha, f"sync/{shop.name}")
    return "" if found is None else f"{found.state}: {found.description}"


def proposed(shop: Shop, colour: str, *, branch: str = "feature") -> int:
    number = shop.propose({"deploy/settings.yaml": config_map(COLOUR=colour)}, branch=branch)
    shop.await_preview(number)
    return number


def stuck(shop: Shop) -> tuple[int, str]:
    """Merge a change whose sync never comes to an end; return its number and the merge commit."""
    manifest = deployment().replace("containers: [", f"{NOWHERE}\n      containers: [")
    number = shop.propose({"deploy/web.yaml": manifest}, branch="stuck")
    shop.await_preview(number)
    sha = shop.repository.merge(number)
    shop.stage.until(lambda: "waiting for healthy" in status(shop, sha), what="the wait")
    return number, sha


def test_a_held_application_says_by_whom_why_and_until_when_and_goes_on_when_released(open_shop: Opener) -> None:
    shop = open_shop(FILES)
    number = proposed(shop, "red")
    ask(shop, number, "/foresail hold for 4h because of incident 17")
    assert f"{shop.name}: held by ann until" in answer(shop, number).replace("`", "")
    other = shop.propose({"deploy/more.yaml": config_map("more", SIZE="2")}, branch="other")
    shop.await_preview(other)
    assert "incident 17: nothing of this is synced by itself" in shop.body(other).replace("`", "")
    sha = shop.repository.merge(number)

    shop.stage.until(lambda: "held by ann until 20" in status(shop, sha), what="who holds it")
    assert status(shop, sha).startswith("pending: ")
    assert status(shop, sha).endswith("UTC: incident 17")
    shop.stage.until(lambda: "held by ann until" in shop.body(number).replace("`", ""), what="the comment")
    assert shop.data("settings") == {"COLOUR": "blue"}

    ask(shop, number, f"/foresail release {shop.name}", user="ben")
    shop.await_sync(sha)
    assert shop.data("settings") == {"COLOUR": "red"}
    assert HELD not in record(shop)["metadata"]["annotations"]


def test_a_hold_ends_by_itself(open_shop: Opener) -> None:
    shop = open_shop(FILES)
    number = proposed(shop, "red")
    ask(shop, number, f"/foresail hold {shop.name}")
    sha = shop.repository.merge(number)
    shop.stage.until(lambda: "until it is released" in status(shop, sha), what="the hold")
    soon = f"{datetime.now(UTC) + timedelta(seconds=3):%Y-%m-%dT%H:%M:%SZ}"
    annotate(shop, json.dumps({HELD: Hold("ann", until=soon).to_annotation()}))
    shop.await_sync(sha)


def annotate(shop: Shop, annotations: str) -> None:
    patch = f'{{"metadata": {{"annotations": {annotations}}}}}'
    where = ("-n", shop.stage.control_namespace, "--type=merge", "-p", patch)
    shop.stage.plane.kubectl("patch", "application", shop.name, *where)


def test_nobody_holds_the_applications_of_another_repository(open_shop: Opener) -> None:
    theirs, shop = open_shop(FILES), open_shop(FILES)
    number = proposed(shop, "red")
    ask(shop, number, f"/foresail hold {theirs.name}")
    assert "is none of the applications that this is about" in answer(shop, number)
    assert HELD not in record(theirs)["metadata"].get("annotations", {})


def test_what_runs_is_ended_and_what_failed_is_tried_again(open_shop: Opener) -> None:
    shop = open_shop(FILES)
    number, sha = stuck(shop)
    ask(shop, number, "/foresail retry")
    assert "has an operation that has not ended" in answer(shop, number)
    ask(shop, number, "/foresail cancel")
    shop.await_sync(sha, "failure")
    assert "Operation terminated" in status(shop, sha)
    ask(shop, number, "/foresail retry", user="ben")
    shop.stage.until(lambda: "waiting for healthy" in status(shop, sha), what="another try")
    operation = record(shop)["operation"]
    assert operation["initiatedBy"]["username"] == "ben"
    assert operation["sync"]["revision"] == sha
    ask(shop, number, "/foresail cancel")
    shop.await_sync(sha, "failure")


def test_only_what_is_merged_is_synced_and_not_by_itself_too(open_shop: Opener) -> None:
    shop = open_shop(FILES)
    manual = application(shop).replace("automated: {prune: true}", "syncOptions: []").rpartition("    syncOptions")[0]
    shop.await_sync(shop.repository.push("main", {f".foresail/{shop.name}.yaml": manual}), "pending")
    number = proposed(shop, "red")
    ask(shop, number, "/foresail sync")
    assert "not merged: nothing of it is delivered" in answer(shop, number)

    sha = shop.repository.merge(number)
    shop.stage.until(lambda: "not automated" in status(shop, sha), what="that it waits")
    ask(shop, number, "/foresail sync", user="ben")
    shop.await_sync(sha)
    assert shop.data("settings") == {"COLOUR": "red"}
    done = record(shop)["status"]["operationState"]["operation"]
    assert done["initiatedBy"]["username"] == "ben"


def test_an_application_goes_back_and_stays_there_until_it_is_released(open_shop: Opener) -> None:
    shop = open_shop(FILES)
    number = proposed(shop, "red")
    sha = shop.merge(number)
    ask(shop, number, "/foresail rollback")
    shop.stage.until(lambda: shop.data("settings") == {"COLOUR": "blue"}, what="what was there before")
    shop.stage.until(
        lambda: f"goes back from {sha[:7]} to" in status(shop, sha) and "operation" not in record(shop), what="the hold"
    )
    assert "held by ann until it is released" in status(shop, sha)
    ask(shop, number, "/foresail rollback")
    assert "has gone back already" in answer(shop, number)
    assert shop.data("settings") == {"COLOUR": "blue"}

    ask(shop, number, "/foresail release")
    shop.await_sync(sha)
    assert shop.data("settings") == {"COLOUR": "red"}


def test_a_sync_that_waits_for_a_person_goes_on_when_one_approves(open_shop: Opener) -> None:
    shop = open_shop(FILES)
    number = shop.propose(
        {"deploy/settings.yaml": None, "deploy/more.yaml": None, "deploy/new.yaml": config_map("new", A="b")}
    )
    shop.await_preview(number)
    sha = shop.repository.merge(number)
    shop.stage.until(lambda: "would delete" in status(shop, sha), what="the question")
    ask(shop, number, "/foresail approve")
    shop.await_sync(sha)
    assert shop.live("configmap", "settings") is None


def test_what_a_later_change_deletes_is_not_approved_on_an_earlier_one(open_shop: Opener) -> None:
    shop = open_shop(FILES)
    first = proposed(shop, "red")
    shop.await_sync(shop.repository.merge(first))
    files = {"deploy/settings.yaml": None, "deploy/more.yaml": None, "deploy/new.yaml": config_map("new", A="b")}
    second = shop.propose(files, branch="second")
    shop.await_preview(second)
    sha = shop.repository.merge(second)
    shop.stage.until(lambda: "would delete" in status(shop, sha), what="the question")
    ask(shop, first, "/foresail approve")
    assert "nothing of this very change" in answer(shop, first)
    ask(shop, second, "/foresail approve")
    shop.await_sync(sha)


def test_there_is_nothing_to_do_about_what_went_well(open_shop: Opener) -> None:
    shop = open_shop(FILES)
    number = proposed(shop, "red")
    sha = shop.repository.merge(number)
    shop.await_sync(sha)
    refusals = {
        "rollback nowhere": "is none of the applications",
        "cancel": "has no running",
        "retry": "has no failed",
        "release": "nobody holds",
        "approve": "has nothing that",
    }
    ask(shop, number, "\n".join(f"/foresail {command}" for command in refusals))
    told = answer(shop, number)
    assert [words for words in refusals.values() if words not in told] == []
    assert status(shop, sha).startswith("success")
