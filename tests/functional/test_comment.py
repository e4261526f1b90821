"""The one comment of a change: there when there is something to say, edited in place, written in the end."""

from __future__ import annotations

from bot.sandbox.forge.faults import Fault
from tests.functional.conftest import ON_BOTH_FORGES, Opener, config_map, deployment

pytestmark = ON_BOTH_FORGES

FILES = {"deploy/web.yaml": deployment(), "deploy/settings.yaml": config_map(COLOUR="blue")}


def test_the_next_push_edits_the_comment_in_place(open_shop: Opener) -> None:
    shop = open_shop(FILES)
    number = shop.propose({"deploy/web.yaml": deployment(replicas=3)})
    shop.await_preview(number)
    first = shop.comment(number)
    shop.repository.push("feature", {"deploy/web.yaml": deployment(replicas=4)})
    shop.await_preview(number)
    second = shop.comment(number)
    assert first is not None
    assert second is not None
    assert second.id == first.id
    assert "+  replicas: 4" in second.body
    assert len(shop.repository.comments(number)) == 1


def test_a_change_that_touches_no_application_gets_a_status_and_no_comment(open_shop: Opener) -> None:
    shop = open_shop(FILES)
    number = shop.propose({"README.md": "better words\n"})
    assert shop.await_preview(number) == "success"
    assert shop.comment(number) is None


def test_an_earlier_comment_is_edited_when_nothing_is_affected_any_more(open_shop: Opener) -> None:
    shop = open_shop(FILES)
    number = shop.propose({"deploy/web.yaml": deployment(replicas=3)})
    shop.await_preview(number)
    shop.repository.push("feature", {"deploy/web.yaml": deployment()})
    shop.await_preview(number)
    assert "Merging changes nothing in any cluster" in shop.body(number)


def test_a_merge_conflict_names_the_files_and_predicts_nothing(open_shop: Opener) -> None:
    shop = open_shop(FILES)
    shop.repository.push("feature", {"deploy/web.yaml": deployment(replicas=7)})
    sha = shop.repository.push("main", {"deploy/web.yaml": deployment(replicas=8)})
    shop.await_sync(sha)
    number = shop.repository.open_pull_request("feature").number
    shop.stage.until(lambda: "in merge conflict" in shop.body(number), what="the conflict")
    assert "`deploy/web.yaml`" in shop.body(number)


def test_a_forge_that_fails_for_a_while_is_written_to_in_the_end(open_shop: Opener) -> None:
    shop = open_shop(FILES)
    faults, path = shop.stage.forge.faults, f"*/{shop.repository.full_name}"
    for comments in ("comments", "notes"):
        faults.add(f"POST {path}/*/{comments}", kind=Fault.ERROR, times=2)
    for statuses in ("check-runs", "statuses/*"):
        faults.add(f"POST {path}/{statuses}", kind=Fault.SECONDARY_LIMIT, times=1, seconds=1)
    number = shop.propose({"deploy/web.yaml": deployment(replicas=3)})
    assert shop.await_preview(number) == "success"
    assert len(shop.repository.comments(number)) == 1
