"""A dangerous change waits for an approval of its very commit, where the repository asks for one."""

from __future__ import annotations

from contextlib import suppress

from bot.sandbox.github.http import Refusal
from tests.functional.conftest import ON_BOTH_FORGES, Opener, Shop, deployment
from tests.functional.test_commands import ask, empty_redis

pytestmark = ON_BOTH_FORGES

_RULES = "reviewers: {caution: ['@ana'], warning: ['@ana'], approval: warning}\n"
_SAFE = "deploy/web.yaml"


def _told(shop: Shop, number: int) -> str:
    status = shop.status(shop.repository.pull(number).head_sha, "preview")
    return "" if status is None else f"{status.state}: {status.description}"


def _await(shop: Shop, number: int, words: str) -> None:
    shop.stage.until(lambda: words in _told(shop, number), what=f"{words!r} of #{number}")


def _await_waiting(shop: Shop, number: int) -> None:
    head = shop.repository.pull(number).head_sha
    _await(shop, number, f"pending: waits for an approval of {head[:7]} by @ana; Merging changes 1 resource")


def _approve(shop: Shop, number: int, user: str) -> None:
    """Approve, in a second in which nobody pushes."""
    shop.stage.forge.clock.advance(2)
    shop.repository.approve(number, user=user)
    shop.stage.forge.clock.advance(2)


def test_a_danger_waits_for_one_of_those_it_names_at_every_head(open_shop: Opener) -> None:
    shop = open_shop({".foresail/config.yaml": _RULES, _SAFE: deployment()})
    for user in ("ana", "ben"):
        shop.repository.grant(user, "write")
    number = shop.propose({_SAFE: deployment(replicas=0)})
    _await_waiting(shop, number)
    assert "takes an approval of this very commit by one of" in shop.body(number)
    shop.stage.until(lambda: shop.repository.asked_to_review(number) == {"ana"}, what="a request for a review")

    _approve(shop, number, "ben")
    _approve(shop, number, "ana")
    _await(shop, number, "success: Merging changes 1 resource")
    assert "; approved by ana" in _told(shop, number)
    told = shop.body(number)

    shop.repository.take_back_approval(number, user="ana")
    _await_waiting(shop, number)
    assert shop.body(number) == told, "who approves is told by the status alone"

    _approve(shop, number, "ana")
    _await(shop, number, "; approved by ana")
    shop.repository.push("feature", {"deploy/extra.yaml": deployment("extra", replicas=0)})
    _await(shop, number, "pending: waits for an approval of")
    assert "Merging changes 2 resources" in _told(shop, number)


def test_an_approval_ends_with_the_permission_and_outlives_redis(open_shop: Opener) -> None:
    shop = open_shop({".foresail/config.yaml": _RULES, _SAFE: deployment()})
    shop.repository.grant("ana", "write")
    number = shop.propose({_SAFE: deployment(replicas=0)})
    _await_waiting(shop, number)
    _approve(shop, number, "ana")
    _await(shop, number, "; approved by ana")
    empty_redis(shop)
    ask(shop, number, "/foresail preview", user="ben")
    shop.stage.until(shop.stage.is_idle, what="another preview")
    _await(shop, number, "; approved by ana")
    shop.repository.grant("ana", "triage")
    ask(shop, number, "/foresail preview", user="ben")
    _await_waiting(shop, number)


def test_nobodys_own_change_is_approved_by_themselves_and_safe_ones_need_nobody(open_shop: Opener) -> None:
    shop = open_shop({".foresail/config.yaml": _RULES.replace("@ana", "@octocat"), _SAFE: deployment()})
    shop.repository.grant("octocat", "admin")
    number = shop.propose({_SAFE: deployment(replicas=3)})
    assert shop.await_preview(number) == "success"
    assert "approv" not in _told(shop, number) + shop.body(number)
    assert shop.repository.asked_to_review(number) == set()
    shop.repository.push("feature", {_SAFE: deployment(replicas=0)})
    _await(shop, number, "pending: waits for an approval of")
    with suppress(Refusal):  # GitHub does not take it, GitLab does
        _approve(shop, number, "octocat")
    shop.stage.until(shop.stage.is_idle, what="an end of all work")
    _await(shop, number, "pending: waits for an approval of")
    assert shop.repository.asked_to_review(number) == set()
