"""An open change is looked at again and again: what has moved is said, and what has not is left alone."""

from __future__ import annotations

import pytest

from bot.sandbox.forge.faults import Fault
from tests.functional.conftest import Opener, Shop, config_map

BEFORE = {"deploy/settings.yaml": config_map(COLOUR="blue"), "deploy/other.yaml": config_map("other", SIZE="small")}


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {"FORESAIL_PREVIEW_REFRESH": "1"}


def opened(open_shop: Opener) -> tuple[Shop, int]:
    """Return a shop with a change that has been previewed."""
    shop = open_shop(BEFORE)
    number = shop.propose({"deploy/settings.yaml": config_map(COLOUR="green")})
    assert shop.await_preview(number) == "success"
    return shop, number


def recolour(shop: Shop, colour: str) -> None:
    """Change an object of the shop's by hand."""
    patch = f'{{"data": {{"COLOUR": "{colour}"}}}}'
    shop.stage.plane.kubectl("patch", "configmap", "settings", "-n", shop.namespace, "--type=merge", "--patch", patch)


def test_what_somebody_does_to_an_object_of_the_change_is_told(open_shop: Opener) -> None:
    shop, number = opened(open_shop)

    recolour(shop, "odd")

    shop.stage.until(lambda: "live state of 1 object moved" in shop.body(number), what="what has moved")
    body = shop.body(number)
    assert "Drift that was there before (1)" in body
    assert "-  COLOUR: odd" in body
    assert len(shop.repository.comments(number)) == 1
    shop.merge(number)


def test_where_nothing_moves_nothing_is_written(open_shop: Opener) -> None:
    shop, number = opened(open_shop)
    shop.await_rounds(2)  # so that a late recovery of the new repository has found the change told
    before = shop.written(number)

    shop.await_rounds(3)

    assert shop.written(number) == before
    assert "moved" not in shop.body(number)


def said_at(shop: Shop, number: int) -> float:
    """Return when the newest status of a change was said."""
    return float(shop.repository.status_history(shop.repository.pull(number).head_sha)[-1].created_at)


def test_what_was_told_stays_told(open_shop: Opener) -> None:
    shop, number = opened(open_shop)
    recolour(shop, "odd")
    shop.stage.until(lambda: "live state of 1 object moved" in shop.body(number), what="what has moved")
    told = shop.written(number)[1]
    shop.stage.until(lambda: said_at(shop, number) >= told, what="its check, which says the same")
    before = shop.written(number)

    shop.await_rounds(3)

    assert shop.written(number) == before
    assert "live state of 1 object moved" in shop.body(number)


def test_the_next_push_after_a_move_is_told_anew(open_shop: Opener) -> None:
    shop, number = opened(open_shop)
    recolour(shop, "odd")
    shop.stage.until(lambda: "live state of 1 object moved" in shop.body(number), what="what has moved")

    shop.repository.push("feature", {"deploy/settings.yaml": config_map(COLOUR="violet")})

    shop.stage.until(lambda: "+  COLOUR: violet" in shop.body(number), what="the next commit")
    body = shop.body(number)
    assert "at this commit" not in body
    assert "-  COLOUR: odd" in body
    assert len(shop.repository.comments(number)) == 1


def test_a_base_that_moved_where_nobody_reads_is_no_reason_to_write(open_shop: Opener) -> None:
    shop, number = opened(open_shop)
    shop.await_rounds(2)
    before = shop.written(number)

    shop.repository.push("main", {"README.md": "the shop\n"})
    shop.stage.github.wait_for_deliveries()
    shop.await_rounds(3)

    assert shop.written(number) == before


def test_a_closed_change_is_left_alone(open_shop: Opener) -> None:
    shop, number = opened(open_shop)
    other = shop.propose({"deploy/other.yaml": config_map("other", SIZE="big")}, branch="other")
    assert shop.await_preview(other) == "success"
    shop.repository.close(number)
    before = shop.written(number)

    recolour(shop, "odd")

    shop.stage.until(lambda: "-  COLOUR: odd" in shop.body(other), what="what has moved, told of the open change")
    shop.await_rounds(2)
    assert shop.written(number) == before


def test_a_push_to_the_target_branch_is_told_with_both_commits(open_shop: Opener) -> None:
    shop, number = opened(open_shop)

    earlier = shop.repository.pull(number).base_sha
    later = shop.repository.push("main", {"deploy/other.yaml": config_map("other", SIZE="big")})

    words = f"moved from `{earlier[:7]}` to `{later[:7]}`"
    shop.stage.until(lambda: words in shop.body(number), what="the new base")
    assert "+  COLOUR: green" in shop.body(number)


def test_who_asks_for_a_preview_gets_what_somebody_has_taken_out_of_the_comment(open_shop: Opener) -> None:
    shop, number = opened(open_shop)
    comment = shop.comment(number)
    assert comment is not None
    shop.repository.edit_comment(comment.id, comment.body.replace("+  COLOUR: green", ""))

    shop.repository.grant("mona", "write")
    shop.repository.comment(number, "/foresail preview", user="mona")

    shop.stage.until(lambda: "+  COLOUR: green" in shop.body(number), what="the whole comment")
    assert "Told anew" not in shop.body(number)


def test_a_conflict_is_told_once(open_shop: Opener) -> None:
    shop, number = opened(open_shop)
    head = shop.repository.pull(number).head_sha

    def told() -> list[str]:
        return [str(one.description) for one in shop.repository.status_history(head)]

    before = len(told())
    shop.await_sync(shop.repository.push("main", {"deploy/settings.yaml": config_map(COLOUR="red")}))
    # Rounds say nothing of a preview that begins: what the push called for is over once that has come to the conflict.
    shop.stage.until(
        lambda: "predicting what merging this changes" in told()[before:] and "in merge conflict" in told()[-1],
        what="what the push called for",
    )
    shop.await_rounds(2)
    assert "conflict" in shop.body(number)
    before = len(told())

    shop.await_rounds(3)

    assert len(told()) == before


def test_a_status_follows_what_moved_although_the_forge_fails_once(open_shop: Opener) -> None:
    shop, number = opened(open_shop)
    head = shop.repository.pull(number).head_sha
    path = f"/repos/{shop.repository.full_name}/check-runs"
    shop.stage.github.faults.add(f"POST {path}", kind=Fault.ERROR, times=1)

    patch = '{"immutable": true}'
    shop.stage.plane.kubectl("patch", "configmap", "settings", "-n", shop.namespace, "--type=merge", "--patch", patch)

    def failed() -> bool:
        status = shop.status(head, "preview")
        return status is not None and status.state == "failure"

    shop.stage.until(failed, what="the failure")
    assert "field is immutable" in shop.body(number)
