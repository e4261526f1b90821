"""Commits are undone on top of what came later, as `git revert` would."""

from __future__ import annotations

from pathlib import Path

import pygit2
import pytest

from bot.errors import Rejected
from bot.repository.mirrors import Conflict, Mirror
from bot.repository.publishing import Signed, committed, is_own
from bot.repository.reverting import undone

WHO = pygit2.Signature("ann", "ann@example.com", 0, 0)


class History:
    """A repository to which commits are added."""

    def __init__(self, path: Path) -> None:
        self.repository = pygit2.init_repository(str(path), bare=True)
        self.mirror = Mirror(path)

    def add(self, files: dict[str, str], *parents: str) -> str:
        index = pygit2.Index()
        for path, content in files.items():
            blob = self.repository.create_blob(content.encode())
            index.add(pygit2.IndexEntry(path, blob, pygit2.enums.FileMode.BLOB))
        tree = index.write_tree(self.repository)
        return str(self.repository.create_commit(None, WHO, WHO, "m", tree, [pygit2.Oid(hex=one) for one in parents]))

    def files(self, tree: str) -> dict[str, str]:
        found = self.repository[tree].peel(pygit2.Tree)
        return {str(one.name): self.repository[one.id].peel(pygit2.Blob).data.decode() for one in found}


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path / "shop.git")


def test_files_that_came_went_and_changed_are_as_before_and_what_came_later_stays(history: History) -> None:
    first = history.add({"web": "1\n", "old": "o\n"})
    second = history.add({"web": "2\n", "new": "n\n"}, first)
    third = history.add({"web": "2\n", "new": "n\n", "later": "l\n"}, second)
    tree = undone(history.mirror, third, [second])
    assert isinstance(tree, str)
    assert history.files(tree) == {"web": "1\n", "old": "o\n", "later": "l\n"}
    revert = committed(history.mirror, third, tree, Signed("Revert", "foresail", "foresail@foresail.dev"))
    assert is_own(history.mirror, revert)


def test_several_are_undone_newest_first_and_a_merge_against_its_first_parent(history: History) -> None:
    first = history.add({"web": "1\n"})
    feature = history.add({"web": "2\n"}, first)
    merge = history.add({"web": "2\n"}, first, feature)
    last = history.add({"web": "3\n"}, merge)
    tree = undone(history.mirror, last, [last, merge])
    assert isinstance(tree, str)
    assert history.files(tree) == {"web": "1\n"}


def test_what_somebody_has_changed_since_conflicts(history: History) -> None:
    first = history.add({"web": "1\n"})
    second = history.add({"web": "2\n"}, first)
    third = history.add({"web": "3\n"}, second)
    assert undone(history.mirror, third, [second]) == Conflict(("web",))


def test_the_first_commit_is_not_undone(history: History) -> None:
    first = history.add({"web": "1\n"})
    with pytest.raises(Rejected, match="first commit"):
        undone(history.mirror, first, [first])
    with pytest.raises(Rejected, match="cannot be reverted"):
        undone(history.mirror, first, ["f" * 40])
