"""Where a preview begins and what it is held against."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bot.cli.checkout import Checkout
from bot.errors import Rejected
from tests.integration.cli.conftest import ORIGIN, Work


@pytest.fixture
def published(work: Work) -> Work:
    work.write("a.yaml", "a: 1")
    work.publish()
    return work


def base_of(work: Work, revision: str = "") -> tuple[str, str]:
    checkout = Checkout.around(work.folder)
    base = checkout.base(revision, checkout.head(""))
    return base.commit, base.words


def test_the_base_is_where_the_checkout_left_the_remotes_branch(published: Work) -> None:
    start = published.git("rev-parse", "HEAD")
    published.git("checkout", "--quiet", "-b", "feature")
    published.write("a.yaml", "a: 2")
    published.commit()
    assert base_of(published) == (start, "main")


def test_what_the_remote_calls_its_head_is_the_default_branch(published: Work) -> None:
    published.git("update-ref", "refs/remotes/origin/trunk", "HEAD")
    published.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk")
    assert base_of(published)[1] == "trunk"


def test_a_remote_head_that_leads_nowhere_is_passed_over(published: Work) -> None:
    published.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/gone")
    assert base_of(published)[1] == "main"


def test_without_a_remote_the_branch_here_counts(published: Work) -> None:
    published.git("remote", "remove", "origin")
    assert base_of(published)[1] == "main"


def test_without_any_usual_branch_the_error_says_what_to_give(published: Work) -> None:
    published.git("remote", "remove", "origin")
    published.git("branch", "--move", "work")
    with pytest.raises(Rejected, match="no branch main or master") as caught:
        base_of(published)
    assert "--base" in caught.value.remedy


def test_histories_without_a_common_commit_are_refused_with_what_to_fetch(published: Work) -> None:
    published.git("checkout", "--quiet", "--orphan", "other")
    published.commit()
    with pytest.raises(Rejected, match="in common") as caught:
        base_of(published)
    assert "unshallow" in caught.value.remedy


def test_before_the_first_commit_the_base_is_nothing(work: Work) -> None:
    work.write("a.yaml", "a: 1")
    assert base_of(work)[1] == "nothing"


@pytest.mark.parametrize(
    ("revision", "branch", "default"),
    [("main", "main", True), ("origin/main", "main", True), ("release", "release", False), ("HEAD~0", "main", True)],
)
def test_a_base_by_name_says_which_branch_applications_follow(
    published: Work, revision: str, branch: str, default: object
) -> None:
    published.git("branch", "release")
    checkout = Checkout.around(published.folder)
    base = checkout.base(revision, checkout.head(""))
    assert (base.branch, base.default) == (branch, default)


def test_an_unknown_revision_is_named(published: Work) -> None:
    with pytest.raises(Rejected, match="'nowhere'"):
        Checkout.around(published.folder).head("nowhere")


def test_a_head_by_name_leaves_the_working_tree_out(published: Work) -> None:
    published.write("a.yaml", "a: 2")
    head = Checkout.around(published.folder).head("HEAD")
    assert head.commit == head.sha == published.git("rev-parse", "HEAD")


def test_the_working_tree_is_said_to_be_in_it(published: Work) -> None:
    published.write("a.yaml", "a: 2")
    head = Checkout.around(published.folder).head("")
    assert head.notes == ("with the working tree: 1 file not as committed",)
    assert head.sha == published.git("rev-parse", "HEAD")


def test_every_remote_counts_as_this_repository_origin_first(published: Work) -> None:
    published.git("remote", "add", "fork", "git@git.example.com:dev/config.git")
    checkout = Checkout.around(published.folder)
    assert checkout.urls[0] == ORIGIN
    assert checkout.identities == {"git.example.com/shop/config", "git.example.com/dev/config"}


def test_an_address_that_git_rewrites_counts_as_written_too(published: Work) -> None:
    published.git("config", "url.file:///mirror/.insteadOf", "https://git.example.com/")
    assert "git.example.com/shop/config" in Checkout.around(published.folder).identities


def test_a_linked_worktree_is_a_checkout_of_its_own(published: Work, tmp_path: Path) -> None:
    published.git("worktree", "add", "--quiet", str(tmp_path / "linked"), "-b", "linked")
    linked = Work(tmp_path / "linked", published.environment)
    linked.write("a.yaml", "a: 3")
    checkout = Checkout.around(linked.folder)
    head = checkout.head("")
    assert checkout.mirror.read(checkout.mirror.tree_of(head.commit), "a.yaml") == b"a: 3"
    assert checkout.base("", head).words == "main"


def test_a_bare_repository_shows_what_is_committed(published: Work, tmp_path: Path) -> None:
    published.git("clone", "--quiet", "--bare", ".", str(tmp_path / "bare.git"))
    head = Checkout.around(tmp_path / "bare.git").head("")
    assert head.commit == published.git("rev-parse", "HEAD")


def test_a_folder_is_named_from_the_root_wherever_one_stands(published: Work) -> None:
    published.write("apps/shop/a.yaml", "a: 1")
    inside = Checkout.around(published.folder / "apps")
    assert inside.path_of(Path("shop")) == "apps/shop"
    assert inside.path_of(Path("..")) == "."


def test_a_folder_outside_is_refused(published: Work) -> None:
    with pytest.raises(Rejected, match="not in the repository"):
        Checkout.around(published.folder).path_of(Path("../.."))


def test_outside_of_a_repository_the_error_says_so(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="not in a Git repository"):
        Checkout.around(tmp_path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_repository_of_somebody_else_is_refused_with_what_to_do(published: Work) -> None:
    for place in (published.folder, published.folder / ".git"):
        os.chown(place, 12345, 12345)
    with pytest.raises(Rejected, match="not owned by") as caught:
        Checkout.around(published.folder)
    assert "safe.directory" in caught.value.remedy
