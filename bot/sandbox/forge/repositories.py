"""Git repositories on disk: bare, written in process by libgit2, served to clients by git itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, cast

import pygit2
from pygit2.enums import FileMode, SortMode

from bot.errors import Rejected

Files: TypeAlias = Mapping[str, str | bytes | None]
"""Content by path; None deletes the file."""

ZERO = "0" * 40
"""What a branch points at before it exists and after it is gone."""

_HEADS = "refs/heads/"
_SETTINGS: Mapping[str, str | bool] = {
    "http.receivepack": True,
    "receive.hiderefs": "refs/pull",
    "receive.autogc": False,
    "gc.auto": "0",
    "uploadpack.allowAnySHA1InWant": True,
    "uploadpack.allowFilter": True,
}
"""As on github.com: pull request refs are read-only, any commit can be fetched by SHA, partial clones work."""


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote a commit, and when (seconds since the epoch)."""

    name: str
    email: str
    time: float

    def signature(self) -> pygit2.Signature:
        """Return the same in libgit2's form, in UTC."""
        return pygit2.Signature(self.name, self.email, int(self.time), 0)


@dataclass(frozen=True, slots=True)
class NewCommit:
    """What a commit is to say, before it is written."""

    tree: str
    parents: Sequence[str]
    message: str
    author: Author
    committer: Author | None = None
    """None: the author."""


class BareRepository:
    """One bare repository; cheap to make, not to be shared between threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.git = pygit2.Repository(str(path))

    @classmethod
    def create(cls, path: Path, *, default_branch: str) -> BareRepository:
        """Make an empty repository at `path`."""
        git = pygit2.init_repository(str(path), bare=True, initial_head=default_branch)
        for name, value in _SETTINGS.items():
            git.config[name] = value
        return cls(path)

    def branches(self) -> dict[str, str]:
        """Return the commit of each branch, by name in alphabetical order."""
        return {name.removeprefix(_HEADS): sha for name, sha in self.refs(_HEADS).items()}

    def refs(self, prefix: str = "refs/") -> dict[str, str]:
        """Return the target of each ref below `prefix`, by full name in alphabetical order."""
        names = sorted(name for name in self.git.references if name.startswith(prefix))
        return {name: str(self.git.references[name].target) for name in names}

    def head(self, branch: str) -> str:
        """Return the commit a branch points at; Rejected when there is no such branch."""
        found = self.ref(_HEADS + branch)
        if found is None:
            raise Rejected(f"there is no branch {branch}")
        return found

    def ref(self, name: str) -> str | None:
        """Return what a full ref name points at, or None."""
        reference = self.git.references.get(name)
        return None if reference is None else str(reference.target)

    def set_ref(self, name: str, sha: str) -> None:
        """Point a ref at a commit, whatever it pointed at before."""
        self.git.references.create(name, pygit2.Oid(hex=sha), force=True)

    def delete_ref(self, name: str) -> None:
        """Remove a ref; no error when it is gone."""
        if name in self.git.references:
            self.git.references.delete(name)

    def resolve(self, name: str) -> str | None:
        """Return the commit that a SHA (whole or at least seven digits), branch, tag or full ref names, or None."""
        for ref in (_HEADS + name, "refs/tags/" + name, name, "refs/" + name):
            if ref.startswith("refs/") and (found := self.ref(ref)):
                return self._peel(found)
        return self._peel(name)

    def commit(self, sha: str) -> pygit2.Commit:
        """Return a commit that is known to exist."""
        found = self.git[sha]
        if not isinstance(found, pygit2.Commit):
            raise Rejected(f"{sha} is not a commit")
        return found

    def write_commit(self, new: NewCommit) -> str:
        """Write a commit that no ref points at yet."""
        author = new.author.signature()
        committer = (new.committer or new.author).signature()
        parents = [pygit2.Oid(hex=parent) for parent in new.parents]
        tree = pygit2.Oid(hex=new.tree)
        return str(self.git.create_commit(None, author, committer, new.message, tree, parents))

    def write_tree(self, files: Files, *, onto: str | None = None) -> str:
        """Write `files` over the tree of commit `onto` (None: over nothing) and return the tree's id."""
        index = pygit2.Index()
        if onto is not None:
            index.read_tree(self.commit(onto).tree)
        for path, content in files.items():
            if content is None:
                index.remove(path)
                continue
            data = content.encode() if isinstance(content, str) else content
            index.add(pygit2.IndexEntry(path, self.git.create_blob(data), FileMode.BLOB))
        return str(index.write_tree(self.git))

    def log(self, head: str, *, without: str | None = None) -> list[pygit2.Commit]:
        """Return the commits reachable from `head` and not from `without`, newest first, children before parents."""
        walker = self.git.walk(pygit2.Oid(hex=head), SortMode.TOPOLOGICAL | SortMode.TIME)
        if without is not None:
            walker.hide(pygit2.Oid(hex=without))
        return list(walker)

    def merge_base(self, one: str, other: str) -> str | None:
        """Return the best common ancestor of two commits; None when they share no history."""
        found = cast("pygit2.Oid | None", self.git.merge_base(pygit2.Oid(hex=one), pygit2.Oid(hex=other)))
        return None if found is None else str(found)

    def contains(self, commit: str, *, ancestor: str) -> bool:
        """Whether `ancestor` is `commit` or one of its ancestors."""
        return commit == ancestor or self.git.descendant_of(pygit2.Oid(hex=commit), pygit2.Oid(hex=ancestor))

    def fetch(self, source: Path, branch: str, *, ref: str) -> None:
        """Copy a branch of another repository on this disk, history and all, to `ref`."""
        self.git.remotes.create_anonymous(str(source)).fetch([f"+{_HEADS}{branch}:{ref}"])

    def _peel(self, name: str) -> str | None:
        try:
            return str(self.git.revparse_single(name).peel(pygit2.Commit).id)
        except (KeyError, ValueError, pygit2.GitError):
            return None
