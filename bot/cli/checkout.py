"""The checkout that a command runs in: its remotes, the two sides of a preview, and folders as Git names them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pygit2
from pygit2.enums import ReferenceType

from bot.cli.working_tree import nothing, snapshot
from bot.errors import Rejected
from bot.model.changes import repository_identity
from bot.model.reports import counted
from bot.repository.mirrors import Mirror

if TYPE_CHECKING:
    from collections.abc import Iterator

_USUAL: Final = ("main", "master")


@dataclass(frozen=True, slots=True)
class Head:
    """What is to be merged."""

    commit: str
    sha: str
    """The commit a person knows: HEAD's under a working tree; empty before the first commit."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Base:
    """What it is to be merged into."""

    commit: str
    words: str
    """As the report names it."""
    branch: str
    """The branch that Applications follow for this base."""
    default: bool
    """Whether that is the repository's default branch."""


@dataclass(frozen=True, slots=True)
class _Branch:
    name: str
    commit: str


class Checkout:
    """A Git repository with or without a working tree, seen from one of its folders."""

    def __init__(self, repository: pygit2.Repository, folder: Path) -> None:
        self._repository = repository
        self._folder = folder
        self.mirror = Mirror(Path(repository.path))

    @classmethod
    def around(cls, folder: Path) -> Checkout:
        """Open the repository that `folder` lies in; Rejected when there is none or Git does not trust it."""
        try:
            found = pygit2.discover_repository(str(folder))
            if found is None:
                raise Rejected(
                    f"{folder} is not in a Git repository", remedy="Change to a checkout of your configuration first."
                )
            return cls(pygit2.Repository(found), folder.resolve())
        except pygit2.GitError as error:
            remedy = ""
            if "not owned by" in str(error):
                remedy = "If you trust it: git config --global --add safe.directory <its folder>"
            raise Rejected(f"Git cannot open the repository around {folder}: {error}", remedy=remedy) from error

    @property
    def urls(self) -> tuple[str, ...]:
        """Every remote's URL, origin's first; without any, the folder's own."""
        return tuple(dict.fromkeys(self._urls())) or (f"file://{self._root}",)

    def _urls(self) -> Iterator[str]:
        for name in self._remotes():
            # What is written and what `insteadOf` makes of it: Applications may know either.
            yield str(self._repository.config[f"remote.{name}.url"])
            yield str(self._repository.remotes[name].url)

    def _remotes(self) -> list[str]:
        names = [str(name) for name in self._repository.remotes.names()]
        return sorted(
            (name for name in names if f"remote.{name}.url" in self._repository.config),
            key=lambda name: (name != "origin", name),
        )

    @property
    def identities(self) -> frozenset[str]:
        """The remotes' identities, as `repository_identity` returns them."""
        return frozenset(repository_identity(url) for url in self.urls)

    @property
    def _root(self) -> Path:
        return Path(self._repository.workdir or self._repository.path).resolve()

    def head(self, revision: str) -> Head:
        """Return the commit `revision` means; empty: the working tree with everything in it that is not ignored."""
        if revision or self._repository.is_bare:
            commit = self.mirror.parse(revision or "HEAD")
            return Head(commit, commit)
        taken = snapshot(self._repository)
        names = (os.fsencode(path).decode(errors="replace") for path in taken.left_out)
        notes = [f"left out, as it is untracked and larger than 10 MB: {name}" for name in names]
        if taken.changed:
            notes.insert(0, f"with the working tree: {counted(taken.changed, 'file')} not as committed")
        sha = "" if self._repository.head_is_unborn else str(self._repository.head.target)
        return Head(taken.commit, sha, tuple(notes))

    def base(self, revision: str, head: Head) -> Base:
        """Return the commit `revision` means; empty: where `head` left the default branch.

        Raises Rejected when there is no such revision, or nothing that could be the default branch.
        """
        default = self._default()
        if revision:
            branch = self._branch_named(revision) or (default.name if default else revision)
            is_default = default is None or branch == default.name
            return Base(self.mirror.parse(revision), revision, branch, is_default)
        if not head.sha:
            return Base(nothing(self._repository), "nothing", default.name if default else "main", default=True)
        if default is None:
            raise Rejected(
                "this repository has no branch main or master, and its remote names no default branch",
                remedy="Name the branch to compare with: --base <branch>.",
            )
        return Base(self._fork_point(default, head), default.name, default.name, default=True)

    def _fork_point(self, default: _Branch, head: Head) -> str:
        try:
            found = self._repository.merge_base(default.commit, head.commit)
        except (KeyError, pygit2.GitError):
            found = None
        if found is None:
            raise Rejected(
                f"no commit is known that this checkout and {default.name} have in common",
                remedy="Fetch the whole history (git fetch --unshallow; fetch-depth: 0 in CI), or give --base.",
            )
        return str(found)

    def _default(self) -> _Branch | None:
        """Return the remote's default branch; without a remote, main or master here."""
        references = self._repository.references
        remote = next(iter(self._remotes()), "origin")
        names = [f"refs/remotes/{remote}/HEAD"]
        names += [f"refs/{place}/{name}" for place in (f"remotes/{remote}", "heads") for name in _USUAL]
        for name in names:
            found = references.get(name)
            if found is None:
                continue
            full = str(found.target) if found.type == ReferenceType.SYMBOLIC else name
            short = full.removeprefix(f"refs/remotes/{remote}/").removeprefix("refs/heads/")
            try:
                return _Branch(short, str(found.peel(pygit2.Commit).id))
            except (KeyError, pygit2.GitError):
                continue  # a symbolic reference to a branch that is not there any more
        return None

    def _branch_named(self, revision: str) -> str:
        """Return the branch's name when `revision` is one, here or on a remote; else empty."""
        references = self._repository.references
        if references.get(f"refs/heads/{revision}") or references.get(f"refs/remotes/origin/{revision}"):
            return revision
        remote, _, name = revision.partition("/")
        return name if name and references.get(f"refs/remotes/{remote}/{name}") else ""

    def path_of(self, folder: Path) -> str:
        """Return a folder's path from the root of the repository, `.` for the root; Rejected when it lies outside."""
        place = (self._folder / folder).resolve()
        if not place.is_relative_to(self._root):
            raise Rejected(
                f"{folder} is not in the repository {self._root}", remedy="Run the command in that checkout."
            )
        return place.relative_to(self._root).as_posix()

    def name_of(self, folder: Path) -> str:
        """Return a folder's own name, the checkout's for its root."""
        return (self._folder / folder).resolve().name or "folder"
