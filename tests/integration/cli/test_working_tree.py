"""The working tree as a commit that nobody sees."""

from __future__ import annotations

import os
from pathlib import Path

import pygit2
import pytest

from bot.cli.working_tree import LARGEST_UNTRACKED, Snapshot, snapshot
from bot.errors import Rejected
from tests.integration.cli.conftest import Work


def taken(work: Work) -> Snapshot:
    return snapshot(pygit2.Repository(str(work.folder)))


def files(work: Work, commit: str) -> dict[str, str]:
    lines = work.git("ls-tree", "-r", commit).splitlines()
    return {line.partition("\t")[2]: line.split()[0] for line in lines}


def test_a_clean_working_tree_is_its_head(work: Work) -> None:
    work.write("a.yaml", "a: 1")
    head = work.commit()
    assert taken(work) == Snapshot(head, 0)


def test_changed_staged_new_and_deleted_files_are_in_it(work: Work) -> None:
    for name in ("changed", "staged", "deleted", "kept"):
        work.write(f"{name}.yaml", "a: 1")
    work.commit()
    work.write("changed.yaml", "a: 2")
    work.write("staged.yaml", "a: 3")
    work.git("add", "staged.yaml")
    work.write("new/one.yaml", "a: 4")
    (work.folder / "deleted.yaml").unlink()
    found = taken(work)
    assert set(files(work, found.commit)) == {"changed.yaml", "staged.yaml", "kept.yaml", "new/one.yaml"}
    assert work.git("show", f"{found.commit}:changed.yaml") == "a: 2"
    assert found.changed == 4


def test_ignored_files_are_left_out(work: Work) -> None:
    work.write(".gitignore", "*.log\nout/\n")
    work.commit()
    work.write("a.log", "x")
    work.write("out/b.yaml", "x")
    assert taken(work).changed == 0


def test_a_file_that_git_was_told_to_forget_and_ignore_is_left_out(work: Work) -> None:
    work.write("local.yaml", "a: 1")
    work.commit()
    work.git("rm", "--quiet", "--cached", "local.yaml")
    work.write(".gitignore", "local.yaml\n")
    assert set(files(work, taken(work).commit)) == {".gitignore"}


def test_index_refs_and_files_stay_as_they_are(work: Work) -> None:
    work.write("a.yaml", "a: 1")
    work.commit()
    work.write("a.yaml", "a: 2")
    work.write("b.yaml", "b: 1")
    before = (work.git("status", "--porcelain"), work.git("for-each-ref"), (work.folder / ".git/index").read_bytes())
    taken(work)
    after = (work.git("status", "--porcelain"), work.git("for-each-ref"), (work.folder / ".git/index").read_bytes())
    assert before == after


def test_the_same_files_make_the_same_commit(work: Work) -> None:
    work.write("a.yaml", "a: 1")
    work.commit()
    work.write("a.yaml", "a: 2")
    assert taken(work) == taken(work)


def test_before_the_first_commit_every_file_is_new(work: Work) -> None:
    work.write("a.yaml", "a: 1")
    assert set(files(work, taken(work).commit)) == {"a.yaml"}


def test_a_symlink_stays_a_symlink_and_a_program_a_program(work: Work) -> None:
    work.write("run", "#!/bin/sh").chmod(0o755)
    (work.folder / "link").symlink_to("/etc/passwd")
    assert files(work, taken(work).commit) == {"run": "100755", "link": "120000"}


def test_a_folder_that_took_the_place_of_a_file_is_followed(work: Work) -> None:
    work.write("a", "x")
    work.write("b/c", "x")
    work.commit()
    (work.folder / "a").unlink()
    (work.folder / "b/c").unlink()
    (work.folder / "b").rmdir()
    work.write("a/b", "y")
    work.write("b", "y")
    assert set(files(work, taken(work).commit)) == {"a/b", "b"}


def test_a_large_untracked_file_is_named_and_left_out(work: Work) -> None:
    work.write("dump.sql", b"x" * (LARGEST_UNTRACKED + 1))
    work.write("a.yaml", "a: 1")
    found = taken(work)
    assert found.left_out == ("dump.sql",)
    assert set(files(work, found.commit)) == {"a.yaml"}


def test_a_submodule_and_a_repository_inside_are_left_alone(work: Work, tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    other = Work(inner, work.environment)
    other.git("init", "--quiet")
    other.write("x", "1")
    other.commit()
    work.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner), "sub")
    work.commit()
    work.write("sub/y", "dirty")
    Work(work.folder, work.environment).git("clone", "--quiet", str(inner), "nested")
    assert taken(work).changed == 0


def test_files_outside_a_sparse_checkout_are_not_taken_for_deleted(work: Work) -> None:
    work.write("a/one.yaml", "a: 1")
    work.write("b/two.yaml", "a: 1")
    work.commit()
    work.git("sparse-checkout", "set", "a")
    assert taken(work).changed == 0


def test_a_deletion_is_seen_in_a_sparse_checkout_too(work: Work) -> None:
    work.write("a/one.yaml", "a: 1")
    work.write("b/two.yaml", "a: 1")
    work.commit()
    work.git("sparse-checkout", "set", "a")
    (work.folder / "a/one.yaml").unlink()
    assert set(files(work, taken(work).commit)) == {"b/two.yaml"}


def test_a_name_that_is_no_text_is_a_name(work: Work) -> None:
    (work.folder / os.fsdecode(b"caf\xe9.yaml")).write_text("a: 1")
    assert set(files(work, taken(work).commit)) == {'"caf\\351.yaml"'}


def test_a_file_that_may_not_be_written_to_git_is_told(work: Work) -> None:
    work.write("a.yaml", "a: 1")
    for number in range(256):
        work.write(f".git/objects/{number:02x}", "a file where a folder must be")
    with pytest.raises(Rejected, match="cannot be read"):
        taken(work)
