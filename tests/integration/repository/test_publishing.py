"""Commits of our own are pushed once, and never over somebody else's."""

from __future__ import annotations

from pathlib import Path

import pygit2
import pytest

from bot.errors import Rejected
from bot.model.credentials import Credentials
from bot.repository.mirrors import Mirror, Mirrors
from bot.repository.publishing import Move, Publishing, Signed, began_here, is_own, parent_of, written
from bot.sandbox.github.people import HostedRepository
from bot.sandbox.github.server import GitHubStandIn
from tests.integration.loopback import CLIENT

SIGNED = Signed("Update web", "foresail", "foresail@foresail.dev")
BRANCH = "foresail/updates/shop/1"
PUBLISHING = Publishing(CLIENT, 30.0)


class Place:
    """A repository on a forge, its mirror, and a token that may write."""

    def __init__(self, github: GitHubStandIn, shop: HostedRepository, tmp_path: Path) -> None:
        shop.grant("alice", "write")
        self.shop = shop
        self.auth = Credentials("x-access-token", github.personal_access_token("alice"))
        self.mirrors = Mirrors(tmp_path / "mirrors", CLIENT, timeout=30.0)

    def mirror(self) -> Mirror:
        return self.mirrors.refresh(self.shop.clone_url, auth=self.auth)

    def push(self, commit: str, *, expected: str = "", branch: str = BRANCH) -> bool:
        return PUBLISHING.push(self.mirror(), self.shop.clone_url, self.auth, Move(branch, commit, expected))


@pytest.fixture
def place(github: GitHubStandIn, shop: HostedRepository, tmp_path: Path) -> Place:
    return Place(github, shop, tmp_path)


def test_the_same_change_is_the_same_commit(place: Place) -> None:
    mirror, main = place.mirror(), place.shop.head("main")
    first, second = (written(mirror, main, {"app.yaml": b"replicas: 2\n"}, SIGNED) for _ in range(2))
    assert first == second
    assert is_own(mirror, first)
    assert parent_of(mirror, first) == main
    assert not is_own(mirror, main)
    with pytest.raises(Rejected, match="no file gone"):
        written(mirror, main, {"gone.yaml": b""}, SIGNED)


def test_it_is_pushed_once_moved_and_removed(place: Place) -> None:
    mirror, main = place.mirror(), place.shop.head("main")
    first = written(mirror, main, {"app.yaml": b"replicas: 2\n"}, SIGNED)
    second = written(mirror, main, {"app.yaml": b"replicas: 3\n"}, SIGNED)
    assert place.push(first)
    assert not place.push(second)
    assert place.shop.head(BRANCH) == first
    assert place.push(second, expected=first)
    assert place.shop.head(BRANCH) == second
    assert not place.push("", expected=first)
    assert place.push("", expected=second)
    with pytest.raises(Rejected):
        place.shop.head(BRANCH)


def test_somebody_elses_commits_are_told_apart(place: Place) -> None:
    mirror, main = place.mirror(), place.shop.head("main")
    assert place.push(written(mirror, main, {"app.yaml": b"replicas: 2\n"}, SIGNED))
    on_top = place.shop.push(BRANCH, {"app.yaml": "replicas: 5\n"}, author="alice")
    mirror = place.mirror()
    assert not is_own(mirror, on_top)
    assert began_here(mirror, on_top, main)
    theirs = place.shop.push("theirs", {"app.yaml": "replicas: 7\n"}, author="alice")
    assert not began_here(place.mirror(), theirs, main)


def test_a_commit_that_somebody_amended_is_theirs(place: Place) -> None:
    mirror, main = place.mirror(), place.shop.head("main")
    git = pygit2.Repository(str(mirror.path))
    ours = git[written(mirror, main, {"app.yaml": b"replicas: 2\n"}, SIGNED)].peel(pygit2.Commit)
    other = git[written(mirror, main, {"app.yaml": b"replicas: 9\n"}, SIGNED)].peel(pygit2.Commit)
    amended = git.create_commit(None, ours.author, ours.committer, ours.message, other.tree_id, ours.parent_ids)
    assert not is_own(mirror, str(amended))


def test_a_branch_that_cannot_be_is_refused(place: Place) -> None:
    commit = written(place.mirror(), place.shop.head("main"), {"app.yaml": b"a\n"}, SIGNED)
    with pytest.raises(Rejected, match="does not take the branch main/x"):
        place.push(commit, branch="main/x")
    with pytest.raises(Rejected, match="is not a ref"):
        place.push(commit, branch="a b")
