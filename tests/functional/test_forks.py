"""Changes from forks: nothing is rendered until somebody who may write has approved that commit."""

from __future__ import annotations

import pytest

from bot.sandbox.seats import Hosted, Remark
from tests.functional.conftest import ON_BOTH_FORGES, Opener, Shop, config_map, deployment
from tests.functional.test_commands import answer, ask, empty_redis, reactions

pytestmark = ON_BOTH_FORGES
APART = True

FILES = {"deploy/web.yaml": deployment(), "deploy/settings.yaml": config_map(COLOUR="blue")}


class Fork:
    """A change from somebody's fork."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.owner = f"mallory-{shop.name}"
        self.repository: Hosted = shop.stage.forge.create_fork(shop.repository.full_name, self.owner)
        self.push(3)
        self.number = shop.repository.open_pull_request(f"{self.owner}:evil", user=self.owner).number

    def push(self, replicas: int) -> str:
        return self.repository.push("evil", {"deploy/web.yaml": deployment(replicas=replicas)})

    @property
    def head(self) -> str:
        return self.shop.repository.pull(self.number).head_sha

    @property
    def told(self) -> str:
        status = self.shop.status(self.head, "preview")
        return "" if status is None else f"{status.state}: {status.description}"

    def await_waiting(self) -> None:
        """Wait until status and comment say that this very head waits."""
        waits = f"pending: from a fork: waits until somebody with write permission approves {self.head[:7]}"
        line = f"```\n/foresail approve {self.head}\n```"
        self.shop.stage.until(
            lambda: self.told == waits and line in self.shop.body(self.number), what="what it waits for"
        )

    def label(self, user: str, role: str, name: str = "ok-to-preview") -> None:
        """Set a label, anew where it is there, in a second in which nobody pushes."""
        self.shop.repository.grant(user, role)
        self.shop.repository.unlabel(self.number, name, user=user)
        self.shop.stage.forge.clock.advance(2)
        self.shop.repository.label(self.number, name, user=user)

    def approve(self, words: str = "") -> Remark:
        return ask(self.shop, self.number, f"/foresail approve {words}")


@pytest.fixture
def fork(open_shop: Opener) -> Fork:
    found = Fork(open_shop(FILES))
    found.await_waiting()
    return found


def test_it_is_rendered_once_somebody_approves_its_head(fork: Fork) -> None:
    fork.approve(fork.head)
    assert fork.shop.await_preview(fork.number) == "success"
    assert "+  replicas: 3" in fork.shop.body(fork.number)
    assert "Not what was told before" not in fork.shop.body(fork.number)
    assert f"`{fork.head[:7]}` may be rendered" in answer(fork.shop, fork.number)
    assert len(fork.shop.repository.comments(fork.number)) == 3


def test_another_push_waits_again_and_takes_the_preview_away(fork: Fork) -> None:
    fork.approve(fork.head)
    fork.shop.await_preview(fork.number)
    fork.push(4)
    fork.await_waiting()
    assert "replicas" not in fork.shop.body(fork.number)
    assert answer(fork.shop, fork.number)


def test_an_approval_of_another_head_is_refused_with_what_to_do(fork: Fork) -> None:
    seen = fork.head
    fork.push(4)
    fork.await_waiting()
    fork.approve(seen)
    assert f"the change has moved on from `{seen[:7]}` to `{fork.head[:7]}`" in answer(fork.shop, fork.number)
    fork.await_waiting()


def test_the_head_that_was_there_when_it_was_asked_for_is_approved(fork: Fork) -> None:
    fork.shop.stage.forge.clock.advance(2)
    fork.approve()
    assert fork.shop.await_preview(fork.number) == "success"


def test_what_is_pushed_between_comment_and_command_is_not_rendered(fork: Fork) -> None:
    assert fork.shop.stage.foresail is not None
    fork.shop.repository.grant("ann", "write")
    fork.shop.stage.forge.clock.advance(2)
    fork.shop.stage.foresail.kill("notify")
    comment = fork.shop.repository.comment(fork.number, "/foresail approve", user="ann")
    fork.shop.stage.forge.clock.advance(2)
    fork.push(666)
    fork.shop.stage.until(lambda: "-1" in reactions(comment), what="the refusal")
    said = answer(fork.shop, fork.number)  # GitLab keeps which commit it was, GitHub does not
    assert "nobody can tell which commit you have seen" in said or "the change has moved on from" in said
    fork.await_waiting()
    assert "666" not in fork.shop.body(fork.number)


def test_the_beginning_of_an_id_is_not_enough(fork: Fork) -> None:
    fork.approve(fork.head[:12])
    assert "only a commit's whole id can be approved" in answer(fork.shop, fork.number).replace("`", "")
    fork.await_waiting()


def test_its_author_approves_nothing(fork: Fork) -> None:
    comment = ask(fork.shop, fork.number, f"/foresail approve {fork.head}", user=fork.owner, role="read")
    assert reactions(comment) == {"-1"}
    fork.await_waiting()


def test_a_comment_that_was_edited_approves_nothing(fork: Fork) -> None:
    fork.shop.repository.grant("ann", "write")
    comment = fork.shop.repository.comment(fork.number, "looks odd", user="ann")
    fork.shop.repository.edit_comment(comment.id, f"/foresail approve {fork.head}", user=fork.owner)
    ask(fork.shop, fork.number, "/foresail preview")
    assert "nobody has approved" in answer(fork.shop, fork.number)
    fork.await_waiting()


def test_a_copy_of_an_answer_approves_nothing(fork: Fork) -> None:
    first = fork.head
    fork.approve(first)
    fork.shop.await_preview(fork.number)
    real = next(one for one in fork.shop.repository.comments(fork.number) if "foresail-asked:" in one.body)
    copied = real.body
    fork.shop.repository.delete_comment(real.id)
    fork.shop.repository.comment(fork.number, copied, user=fork.owner)
    shop, number = fork.shop, fork.number
    ask(shop, number, f"/foresail diff {shop.name}", user="ben")
    said = [one.body for one in shop.repository.comments(number) if one.user.login == shop.stage.seat.login]
    assert f"nobody has approved `{first[:7]}` yet" in said[-1]


def test_an_approval_outlives_redis_and_ends_with_the_permission(fork: Fork) -> None:
    fork.approve(fork.head)
    fork.shop.await_preview(fork.number)
    empty_redis(fork.shop)
    ask(fork.shop, fork.number, "/foresail preview", user="ben")
    fork.shop.stage.until(fork.shop.stage.is_idle, what="another preview")
    assert "+  replicas: 3" in fork.shop.body(fork.number)
    fork.shop.repository.grant("ann", "read")
    ask(fork.shop, fork.number, "/foresail diff shop", user="ben")
    assert "nobody has approved" in answer(fork.shop, fork.number)


def test_a_label_approves_the_head_that_was_there_when_somebody_who_may_set_it(open_shop: Opener) -> None:
    fork = Fork(open_shop({**FILES, ".foresail/config.yaml": "forks: {label: ok-to-preview}\n"}))
    fork.await_waiting()
    shop, number = fork.shop, fork.number

    fork.label("tim", "triage")
    shop.stage.until(lambda: "approve takes the permission write" in answer(shop, number), what="the refusal")
    fork.await_waiting()

    fork.label("ann", "write")
    assert shop.await_preview(number) == "success"
    assert "+  replicas: 3" in shop.body(number)
    assert "by label ok-to-preview" in answer(shop, number)

    fork.push(4)
    fork.await_waiting()
    assert "The label `ok-to-preview` does not count here" in shop.body(number)
    assert "replicas" not in shop.body(number)

    fork.label("ann", "write")
    assert shop.await_preview(number) == "success"
    assert "+  replicas: 4" in shop.body(number)


def test_a_label_that_the_base_branch_does_not_name_approves_nothing(open_shop: Opener) -> None:
    fork = Fork(open_shop({**FILES, ".foresail/config.yaml": "forks: {label: ok-to-preview}\n"}))
    fork.await_waiting()
    shop = fork.shop
    shop.repository.push("release", {".foresail/config.yaml": "forks: {label: bug}\n"})
    shop.repository.retarget(fork.number, "release", user=fork.owner)
    fork.label("ann", "write", "bug")
    fork.label("ann", "write", "ok-to-preview")
    ask(shop, fork.number, "/foresail preview")
    shop.stage.until(shop.stage.is_idle, what="an end of all work")
    assert "nobody has approved" in answer(shop, fork.number)
    fork.await_waiting()


def test_a_change_of_the_repository_itself_needs_no_approval(open_shop: Opener) -> None:
    shop = open_shop(FILES)
    number = shop.propose({"deploy/web.yaml": deployment(replicas=3)})
    shop.await_preview(number)
    ask(shop, number, "/foresail approve")
    assert "is not from a fork" in answer(shop, number)
