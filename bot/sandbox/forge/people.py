"""What people do with Git in one repository of a stand-in, whichever forge that is."""

from __future__ import annotations

import threading
from abc import abstractmethod
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from bot.errors import Rejected
from bot.sandbox.forge.repositories import ZERO, Author, BareRepository, Files, NewCommit
from bot.sandbox.forge.webhooks import Hooks

SOMEBODY = "octocat"
"""Who acts when it does not matter who."""


class _World(Protocol):
    hooks: Hooks
    lock: threading.RLock


class _Repository(Protocol):
    path: Path
    default_branch: str


World = TypeVar("World", bound=_World)
State = TypeVar("State", bound=_Repository)


class HostedGit(Generic[World, State]):
    """A repository with its branches; each call is done, and its webhooks queued, when it returns."""

    def __init__(self, world: World, state: State) -> None:
        self._world = world
        self.state = state

    def head(self, branch: str | None = None) -> str:
        """Return the commit of a branch; None: of the default branch."""
        with self._world.lock:
            return BareRepository(self.state.path).head(branch or self.state.default_branch)

    def read(self, path: str, *, revision: str | None = None) -> bytes:
        """Return a file's content in a commit or branch; Rejected when it is not there."""
        with self._world.lock:
            git = BareRepository(self.state.path)
            sha = git.resolve(revision or self.state.default_branch)
            try:
                return git.commit(sha or ZERO).tree[path].read_raw()
            except KeyError:
                raise Rejected(f"there is no {path} in {revision or self.state.default_branch}") from None

    @abstractmethod
    def point(self, branch: str, sha: str, *, user: str = SOMEBODY) -> None:
        """Make a branch, or move it by force, to a commit that exists."""

    @abstractmethod
    def _author(self, login: str) -> Author:
        """Return whom commits of an account name, at this moment."""

    def push(
        self,
        branch: str,
        files: Files,
        *,
        message: str = "Change files",
        author: str = SOMEBODY,
        onto: str | None = None,
    ) -> str:
        """Commit `files` to a branch and push it; return the commit.

        The commit is built on `onto` (a branch or commit; by default the branch itself, or for a new one the default
        branch). When that is not the branch's tip, the push is forced.
        """
        with self._world.lock:
            git = BareRepository(self.state.path)
            base = self._base(git, branch, onto)
            tree, parents = git.write_tree(files, onto=base), [] if base is None else [base]
            sha = git.write_commit(NewCommit(tree, parents, message, self._author(author)))
            self.point(branch, sha, user=author)
            return sha

    def commit(
        self,
        branch: str,
        files: Files,
        *,
        message: str = "Change files",
        author: str = SOMEBODY,
        onto: str | None = None,
    ) -> str:
        """Do the same as `push`, but no webhook is ever made of it: the forge forgot to tell."""
        with self._world.lock, self._world.hooks.muted():
            return self.push(branch, files, message=message, author=author, onto=onto)

    def _base(self, git: BareRepository, branch: str, onto: str | None) -> str | None:
        if onto is not None:
            found = git.resolve(onto)
            if found is None:
                raise Rejected(f"there is no branch or commit {onto}")
            return found
        known = git.branches()
        return known.get(branch) or known.get(self.state.default_branch)
