"""What the port's methods do alike on every forge, whichever its folder's fixtures make."""

from __future__ import annotations

import pytest

from bot.forges.port import Comment, Forge
from bot.model.changes import ChangeState, Permission, Repository
from bot.sandbox.seats import Hosted, StandIn


class AnyForge:
    """The tests; a forge's module has a subclass."""

    program: str
    """An account there that is no person."""

    def test_a_closed_change_is_closed(self, shop: Hosted, repository: Repository, forge: Forge, number: int) -> None:
        shop.close(number)
        assert forge.change(repository, number).state is ChangeState.CLOSED

    def test_open_changes_come_newest_first_and_without_the_others(
        self, shop: Hosted, repository: Repository, forge: Forge, number: int
    ) -> None:
        for branch in ("second", "third"):
            shop.push(branch, {f"{branch}.yaml": "a: 1\n"})
            shop.open_pull_request(branch)
        shop.close(number + 1)
        assert [change.number for change in forge.open_changes(repository)] == [number + 2, number]
        shop.merge(number)
        assert {change.number for change in forge.closed_changes(repository)} == {number, number + 1}

    def test_comments_are_written_found_and_edited(
        self, stand_in: StandIn, shop: Hosted, repository: Repository, forge: Forge, number: int
    ) -> None:
        first = forge.add_comment(repository, number, "<!-- foresail 1 -->\nold")
        forge.edit_comment(repository, number, first, "<!-- foresail 1 -->\nnew")
        assert forge.own_comments(repository, number, marker="<!-- foresail") == [
            Comment(first.id, "<!-- foresail 1 -->\nnew")
        ]
        stand_in.exchanges.clear()
        forge.edit_comment(repository, number, Comment(first.id, "same"), "same")
        assert (stand_in.requests, shop.comments(number)[0].body) == ((), "<!-- foresail 1 -->\nnew")

    @pytest.mark.parametrize("role", [*Permission])
    def test_a_persons_permission_is_their_role(
        self, shop: Hosted, repository: Repository, forge: Forge, role: Permission
    ) -> None:
        shop.grant("alice", role.value)
        assert forge.permission(repository, "alice") is role

    @pytest.mark.parametrize("user", ["nobody-of-that-name", "../../user", "a/b", "", "x" * 300])
    def test_nobody_may_do_nothing(self, repository: Repository, forge: Forge, user: str) -> None:
        assert forge.permission(repository, user) is Permission.NONE

    def test_a_label_names_who_put_it_there_last_and_the_head_of_that_time(
        self, stand_in: StandIn, shop: Hosted, forge: Forge, repository: Repository, number: int
    ) -> None:
        assert forge.labelled(repository, number, "ok") is None
        stand_in.clock.advance(2)
        shop.label(number, "Ok", user="alice")
        first, seen = forge.labelled(repository, number, "oK"), shop.pull(number).head_sha
        assert first is not None
        assert (first.author, first.head_sha) == ("alice", seen)
        assert forge.labelled(repository, number, "o") is None

        stand_in.clock.advance(2)
        shop.push("feature", {"app.yaml": "replicas: 3\n"})
        late = forge.labelled(repository, number, "ok")
        assert late is None or late.head_sha == seen

        stand_in.clock.advance(2)
        shop.unlabel(number, "ok", user="bob")
        assert forge.labelled(repository, number, "ok") is None
        shop.label(number, "ok", user="bob")
        again = forge.labelled(repository, number, "ok")
        assert again is not None
        assert (again.author, again.head_sha) == ("bob", shop.pull(number).head_sha)
        assert again.id != first.id

    def test_a_label_that_a_program_has_put_there_is_nobodys(
        self, stand_in: StandIn, shop: Hosted, forge: Forge, repository: Repository, number: int
    ) -> None:
        stand_in.clock.advance(2)
        shop.label(number, "ok", user=self.program)
        assert forge.labelled(repository, number, "ok") is None
