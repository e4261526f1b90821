"""What a change that takes back a revision says."""

from __future__ import annotations

from dataclasses import replace

from bot.model.changes import Change, ChangeState, Repository
from bot.preview import reverting as words

ONE, TWO, GOOD = "1" * 40, "2" * 40, "a" * 40
SHOP = Repository("acme/shop", "https://github.example/acme/shop.git")


def change(number: int, branch: str = "feature") -> Change:
    state, common = ChangeState.MERGED, {"title": "t", "author": "ann", "draft": False, "from_fork": False, "url": ""}
    shas = {"base_branch": "main", "base_sha": GOOD, "head_sha": ONE}
    return Change(SHOP, number, state=state, head_branch=branch, **common, **shas)  # type: ignore[arg-type] # all fit


def test_the_branch_is_named_by_what_it_takes_back_from_where() -> None:
    named = words.branch("foresail", "main", [ONE, TWO])
    assert named.startswith("foresail/reverts/1111111-")
    assert named == words.branch("foresail", "main", [ONE, TWO])
    assert len({named, words.branch("foresail", "main", [ONE]), words.branch("foresail", "next", [ONE, TWO])}) == 3


def test_the_title_is_short_and_the_commit_names_what_it_reverts() -> None:
    assert words.title("shop-web", [ONE]) == "Revert 1111111: shop-web did not get well"
    assert words.title("shop-web", [ONE, TWO]) == "Revert 2 commits up to 1111111: shop-web did not get well"
    assert len(words.title("a" * 300, [ONE])) <= 120
    assert words.commit_message("shop-web", [ONE, TWO]).endswith(
        f"This reverts commit {ONE}.\nThis reverts commit {TWO}."
    )


def test_the_body_says_why_and_what_brought_it_and_nothing_in_it_is_markup() -> None:
    why = "degraded: @acme/team <img src=x> [l](https://evil.example) closes #1"
    body = words.body("shop-web", why=why, good=GOOD, commits={ONE: change(7), TWO: None})
    assert "- `1111111` of #7\n- `2222222`\n" in body
    assert "At `aaaaaaa`, the sync before" in body
    outside = "".join(body.split("`")[::2])
    for markup in ("@acme", "<img", "](", "#1 "):
        assert markup not in outside


def test_who_brought_it_is_told_and_that_is_found_again() -> None:
    proposed = change(9, "foresail/reverts/1111111-x")
    remark = words.remark("foresail", "shop-web", why="degraded", proposed=proposed)
    assert remark.startswith(words.mark("foresail", proposed.head_branch))
    assert remark.endswith("`shop-web` degraded with this. #9 reverts it.\n")


def test_of_many_files_in_conflict_some_are_named() -> None:
    assert words.conflicting(["a"]).endswith("came later in a")
    assert words.conflicting(["\udcff"]).encode()  # a name that is no UTF-8 cannot be written into an Application
    assert words.conflicting(list("abcde")).endswith("came later in a, b, c and 2 more")


def test_a_revert_of_ours_is_not_reverted_and_one_of_somebody_else_is() -> None:
    for instance in ("foresail", "foresail-staging"):
        ours = change(9, words.branch(instance, "main", [GOOD]))
        assert words.why_a_loop({ONE: None, TWO: ours}) == (
            "2222222 is itself a revert, acme/shop#9: a person has to look"
        )
    others = {ONE: None, TWO: change(7, "revert-6-feature"), GOOD: replace(ours, from_fork=True)}
    assert words.why_a_loop(others) == ""
