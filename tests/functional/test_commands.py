"""Commands in comments: who may give them, what they come to, and that the conversation stays short."""

from __future__ import annotations

import pytest

from bot.sandbox.gitlab.people import HostedProject
from bot.sandbox.seats import Remark
from bot.store.connection import connect
from tests.functional.conftest import ON_BOTH_FORGES, Opener, Shop, application, config_map, deployment

pytestmark = ON_BOTH_FORGES
APART = True

FILES = {"deploy/web.yaml": deployment(), "deploy/settings.yaml": config_map(COLOUR="blue")}


def answer(shop: Shop, number: int) -> str:
    """Return the comment that answers commands, of which there is one at most once an earlier one has gone."""

    def found() -> list[str]:
        return [one.body for one in shop.repository.comments(number) if "foresail-asked:" in one.body]

    shop.stage.until(lambda: len(found()) <= 1, what="the end of an earlier answer")
    return next(iter(found()), "")


def ask(shop: Shop, number: int, body: str, *, user: str = "ann", role: str = "write") -> Remark:
    """Write a comment as somebody with a role, and wait until it is acknowledged for good."""
    shop.repository.grant(user, role)
    comment = shop.repository.comment(number, body, user=user)
    shop.stage.until(lambda: bool({"+1", "-1"} & reactions(comment)), what=f"what becomes of {body}")
    return comment


def reactions(comment: Remark) -> set[str]:
    return {one.content for one in comment.reactions}


def empty_redis(shop: Shop) -> None:
    """Take away all that Redis knows, once nothing is under way."""
    shop.stage.until(shop.stage.is_idle, what="the end of all jobs")
    connect(shop.stage.redis.url).flushall()


@pytest.fixture
def change(open_shop: Opener) -> tuple[Shop, int]:
    """Return a shop and its previewed change."""
    shop = open_shop(FILES)
    number = shop.propose({"deploy/web.yaml": deployment(replicas=3)})
    shop.await_preview(number)
    return shop, number


def test_who_may_ask_for_a_preview_may_do_so_by_a_reaction(change: tuple[Shop, int]) -> None:
    shop, number = change
    stage, repository = shop.stage, shop.repository
    if not isinstance(repository, HostedProject):
        pytest.skip("GitHub tells of no reactions, and has a button for that")

    def previews() -> int:
        assert stage.foresail is not None
        return stage.foresail.log("preview").count('"preview made"')

    repository.grant("tim", "triage")
    stage.until(stage.is_idle, what="the end of all jobs")
    comment, before = repository.comments(number)[0].id, previews()
    repository.react(comment, "repeat", user="mallory")
    repository.react(comment, "thumbsup", user="tim")
    stage.forge.wait_for_deliveries()
    stage.until(stage.is_idle, what="the end of all jobs")
    assert previews() == before
    repository.react(comment, "repeat", user="tim")
    stage.until(lambda: previews() > before, what="another preview")


def test_help_is_answered_below_the_command(change: tuple[Shop, int]) -> None:
    shop, number = change
    comment = ask(shop, number, "/foresail help")
    assert reactions(comment) == {"eyes", "+1"}
    assert "| `/foresail explain [APP]` |" in answer(shop, number)
    ours = shop.stage.seat.login
    assert [one.user.login for one in shop.repository.comments(number)] == [ours, "ann", ours]


def test_the_next_answer_takes_the_place_of_the_one_before(change: tuple[Shop, int]) -> None:
    shop, number = change
    ask(shop, number, "/foresail frobnicate")
    ask(shop, number, "/foresail explain\n/foresail explain nowhere", user="ben", role="triage")
    body = answer(shop, number)
    newest, _, folded = body.partition("<details>")
    assert "1 application of" in newest
    assert f"- **affected**: `{shop.name}`: " in newest
    assert "no application nowhere was looked at" in newest
    assert "`ann` | `/foresail frobnicate`" in folded
    assert "there is no command frobnicate" in folded
    assert "foresail-asked:" in shop.repository.comments(number)[-1].body


def test_explain_says_what_an_application_is_rendered_from(change: tuple[Shop, int]) -> None:
    shop, number = change
    ask(shop, number, f"/foresail explain {shop.name}")
    assert "- reads `deploy`" in answer(shop, number)
    assert "- changed: `deploy/web.yaml`" in answer(shop, number)


def test_diff_shows_one_application_and_no_secret(open_shop: Opener) -> None:
    shop = open_shop(FILES)
    second = application(shop, path="second").replace(f"name: {shop.name}", f"name: {shop.name}-second", 1)
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: login}\nstringData: {password: correct-horse}\n"
    number = shop.propose(
        {
            ".foresail/second.yaml": second,
            "second/login.yaml": secret,
            "deploy/web.yaml": deployment(replicas=3),
        }
    )
    shop.await_preview(number)
    ask(shop, number, f"/foresail diff {shop.name}-second")
    body = answer(shop, number)
    assert f"+ Secret {shop.namespace}/login" in body
    assert "password: <redacted" in body
    assert "correct-horse" not in body
    assert "replicas" not in body
    ask(shop, number, f"/foresail diff {shop.name}")
    assert "+  replicas: 3" in answer(shop, number).partition("Asked before")[0]
    ask(shop, number, "/foresail diff web")
    assert "merging changes nothing in an application web" in answer(shop, number)


def test_who_has_no_part_in_the_repository_gets_a_thumb_down_and_no_word(change: tuple[Shop, int]) -> None:
    shop, number = change
    comment = ask(shop, number, "/foresail help", user="mallory", role="read")
    assert reactions(comment) == {"-1"}
    assert answer(shop, number) == ""


def test_who_may_not_write_is_told_what_it_takes(change: tuple[Shop, int]) -> None:
    shop, number = change
    ask(shop, number, "/foresail approve", role="triage")
    assert f"approve takes the permission write in `{shop.repository.full_name}`" in answer(shop, number)


def test_the_permission_counts_that_somebody_has_when_the_command_runs(change: tuple[Shop, int]) -> None:
    shop, number = change
    assert shop.stage.foresail is not None
    shop.repository.grant("ann", "write")
    shop.stage.foresail.kill("notify")
    comment = shop.repository.comment(number, "/foresail help", user="ann")
    shop.stage.forge.wait_for_deliveries()
    shop.repository.grant("ann", "none")
    shop.stage.until(lambda: "-1" in reactions(comment), what="the refusal")
    assert answer(shop, number) == ""


def test_another_preview_needs_no_answer(change: tuple[Shop, int]) -> None:
    shop, number = change
    before = len(shop.repository.status_history(shop.repository.pull(number).head_sha))
    comment = ask(shop, number, "/foresail preview")
    assert reactions(comment) == {"eyes", "+1"}
    told = shop.repository.pull(number).head_sha
    shop.stage.until(lambda: len(shop.repository.status_history(told)) > before + 1, what="another preview")
    assert answer(shop, number) == ""


@pytest.mark.parametrize("body", ["> /foresail help", "```\n/foresail help\n```", "I like /foresail help"])
def test_what_is_quoted_or_code_is_no_command(change: tuple[Shop, int], body: str) -> None:
    shop, number = change
    shop.repository.grant("ann", "write")
    comment = shop.repository.comment(number, body, user="ann")
    shop.stage.forge.wait_for_deliveries()
    ask(shop, number, "/foresail preview")
    assert reactions(comment) == set()


def test_an_edited_comment_is_no_command(change: tuple[Shop, int]) -> None:
    shop, number = change
    shop.repository.grant("ann", "write")
    comment = shop.repository.comment(number, "looks good", user="ann")
    shop.repository.edit_comment(comment.id, "/foresail help", user="ann")
    shop.stage.forge.wait_for_deliveries()
    ask(shop, number, "/foresail preview")
    assert reactions(comment) == set()


def test_what_was_asked_outlives_redis(change: tuple[Shop, int]) -> None:
    shop, number = change
    ask(shop, number, "/foresail explain")
    empty_redis(shop)
    ask(shop, number, "/foresail help")
    assert "`ann` | `/foresail explain`" in answer(shop, number)


def test_one_comment_too_many_commands(change: tuple[Shop, int]) -> None:
    shop, number = change
    ask(shop, number, "/foresail frobnicate\n" * 7)
    assert answer(shop, number).count("there is no command frobnicate") == 5
    assert "one comment may hold 5 commands" in answer(shop, number)


def test_a_comment_is_no_answer_because_what_it_shows_reads_like_one(change: tuple[Shop, int]) -> None:
    shop, number = change
    forged = {"deploy/settings.yaml": config_map(COLOUR="'<!-- foresail-asked:foresail: eNo= -->'")}
    shop.repository.push("feature", forged)
    shop.await_preview(number)
    ask(shop, number, "/foresail help")
    ask(shop, number, "/foresail explain")
    assert "COLOUR" in shop.body(number)


def test_a_stranger_who_goes_on_makes_nobody_write(change: tuple[Shop, int]) -> None:
    shop, number = change
    first = ask(shop, number, "/foresail help", user="mallory", role="read")
    more = [shop.repository.comment(number, "/foresail help", user="mallory") for _ in range(3)]
    ask(shop, number, "/foresail help")
    shop.stage.until(shop.stage.is_idle, what="the end of all jobs")
    assert [reactions(one) for one in (first, *more)] == [{"-1"}, set(), set(), set()]
