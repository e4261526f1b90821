"""Merging folder by folder: never anything else than libgit2 makes of it, and nothing where both sides meet."""

from __future__ import annotations

import subprocess

import pygit2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.repository.merging import untouching
from bot.repository.mirrors import Merged
from tests.integration.repository.conftest import AUTHOR, Files, Fixed, Link, Submodule

_LONG = "".join(f"line {number}\n" for number in range(30))
_CONTENTS = ("1\n", "2\n", _LONG, f"{_LONG}more\n", f"less\n{_LONG}", Link("a"), Submodule())
"""Some so much alike that libgit2 takes one for the other, renamed."""
_PATHS = ("a", "b", "d/a", "d/b", "d/e/a", "d/e/b", "f/a", "f/b")
_FILES = st.dictionaries(st.sampled_from(_PATHS), st.sampled_from(_CONTENTS))
_START: Files = {"a": "1\n", "d/a": "1\n", "d/b": "1\n", "d/e/a": "1\n", "f/a": "1\n"}


@pytest.fixture(scope="module")
def fixed(tmp_path_factory: pytest.TempPathFactory) -> Fixed:
    return Fixed(tmp_path_factory.mktemp("merging") / "repository.git")


@settings(max_examples=300, deadline=None)
@given(start=_FILES, ours=_FILES, theirs=_FILES, keep=st.sets(st.sampled_from(_PATHS)))
def test_what_is_merged_is_what_libgit2_merges(
    fixed: Fixed, start: Files, ours: Files, theirs: Files, keep: set[str]
) -> None:
    # What is kept on one side or the other is not changed by both, as in most merges.
    ours = _some(start, ours, keep)
    theirs = _some(theirs, start, keep)
    base, head, ancestor = _commits(fixed, start, ours, theirs)

    merged = untouching(fixed.git, base, head, ancestor)

    assert merged is None or str(merged) == _libgit2s(fixed, base, head)


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        ({"a": "2\n"}, {"d/a": "2\n"}, {"a": "2\n", "d/a": "2\n"}),
        ({"d/a": "2\n"}, {"d/e/a": "2\n"}, {"d/a": "2\n", "d/e/a": "2\n"}),
        ({"d/c": "2\n"}, {"d/e/c": "2\n", "g/a": "1\n"}, {"d/c": "2\n", "d/e/c": "2\n", "g/a": "1\n"}),
        ({"d/a": None, "d/b": None}, {"d/e/a": None}, {"d/a": None, "d/b": None, "d/e/a": None}),
        ({"a": None, "a/b": "1\n"}, {"f/a": None}, {"a": None, "a/b": "1\n", "f/a": None}),
    ],
)
def test_changes_that_do_not_meet_are_merged_without_libgit2(
    fixed: Fixed, ours: dict[str, str | None], theirs: dict[str, str | None], expected: dict[str, str | None]
) -> None:
    base, head, ancestor = _commits(fixed, _START, _changed(ours), _changed(theirs))

    merged = untouching(fixed.git, base, head, ancestor)

    assert str(merged) == fixed.tree(_changed(expected)) == _libgit2s(fixed, base, head)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({"a": "2\n"}, {"a": "3\n"}),
        ({"a": "2\n"}, {"a": "2\n"}),
        ({"a": None, "b": "1\n"}, {"a": None, "c": "1\n"}),
        ({"d/a": None, "d/b": None, "d/e/a": None}, {"d/a": "2\n"}),
        ({"g": "1\n"}, {"g/a": "1\n"}),
    ],
)
def test_changes_that_meet_are_left_to_libgit2(
    fixed: Fixed, ours: dict[str, str | None], theirs: dict[str, str | None]
) -> None:
    base, head, ancestor = _commits(fixed, _START, _changed(ours), _changed(theirs))

    assert untouching(fixed.git, base, head, ancestor) is None


def test_a_change_that_has_merged_its_target_is_left_to_libgit2(fixed: Fixed) -> None:
    start = fixed.commit("main", {"a": "1", "b": "1"})
    side = fixed.commit("feature", {"a": "1", "b": "2"}, start)
    middle = fixed.commit("main", {"a": "2", "b": "1"}, start)
    head = fixed.commit("feature", {"a": "2", "b": "2"}, side, middle)
    base = fixed.commit("main", {"a": "2", "b": "1", "c": "1"}, middle)

    assert untouching(fixed.git, base, head, pygit2.Oid(hex=middle)) is None
    assert fixed.mirror.merge(base, head) == Merged(fixed.tree({"a": "2", "b": "2", "c": "1"}))


def test_folders_without_end_are_left_to_libgit2(fixed: Fixed) -> None:
    deep = "d/" * 300
    base, head, ancestor = _commits(fixed, {f"{deep}a": "1"}, {f"{deep}a": "2"}, {f"{deep}a": "1", f"{deep}b": "1"})

    assert untouching(fixed.git, base, head, ancestor) is None


def test_names_in_any_encoding_are_left_to_libgit2(fixed: Fixed) -> None:
    before, ours, theirs = (
        {b"caf\xe9": one, b"tea": other} for one, other in ((b"1", b"1"), (b"2", b"1"), (b"1", b"2"))
    )
    ancestor = _raw(fixed, before)
    base, head = (_raw(fixed, files, ancestor) for files in (ours, theirs))

    assert untouching(fixed.git, str(base), str(head), ancestor) is None
    assert isinstance(fixed.mirror.merge(str(base), str(head)), Merged)


def _raw(fixed: Fixed, files: dict[bytes, bytes], *parents: pygit2.Oid) -> pygit2.Oid:
    """Write a commit of files whose names need not be UTF-8, which only the program does."""
    lines = [
        b"100644 blob %s\t%s\0" % (str(fixed.git.create_blob(data)).encode(), name) for name, data in files.items()
    ]
    command = ["git", "-C", fixed.git.path, "mktree", "-z"]
    tree = subprocess.run(command, input=b"".join(lines), capture_output=True, check=True).stdout.decode().strip()
    return fixed.git.create_commit(None, AUTHOR, AUTHOR, "change", pygit2.Oid(hex=tree), list(parents))


def _some(one: Files, other: Files, of_one: set[str]) -> Files:
    """Return files of one at the given paths and of the other elsewhere."""
    return {
        **{path: content for path, content in one.items() if path in of_one},
        **{path: content for path, content in other.items() if path not in of_one},
    }


def _changed(files: dict[str, str | None]) -> Files:
    return {path: content for path, content in {**_START, **files}.items() if content is not None}


def _commits(fixed: Fixed, start: Files, ours: Files, theirs: Files) -> tuple[str, str, pygit2.Oid]:
    ancestor = fixed.commit("start", start)
    return fixed.commit("main", ours, ancestor), fixed.commit("feature", theirs, ancestor), pygit2.Oid(hex=ancestor)


def _libgit2s(fixed: Fixed, base: str, head: str) -> str:
    index = fixed.git.merge_commits(base, head)
    return "a conflict" if index.conflicts is not None else str(index.write_tree(fixed.git))
