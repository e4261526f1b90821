"""Mirrors of Git repositories: fetched by the git program, read and merged in process."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pygit2

from bot.errors import Rejected, Temporary
from bot.model.changes import repository_identity
from bot.repository import revisions
from bot.repository.locks import locked
from bot.repository.merging import untouching
from bot.repository.revisions import SHA
from bot.repository.transport import CorruptError, Git, refuse_strange, without_user
from bot.repository.trees import EntryKind, Snapshot
from bot.repository.versions import is_constraint

if TYPE_CHECKING:
    from bot.model.applications import Source
    from bot.model.credentials import Credentials
    from bot.repository.fetching import Client

_HEADS: Final = "refs/heads/"
_ALWAYS: Final = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
_FETCHED: Final = "foresail-fetched"
"""Name of a file whose time is that of the last fetch's beginning."""
_HEAD_IS_KNOWN_FOR: Final = 600.0
"""Seconds until the remote is asked again which branch is its default."""
_PLAIN_REVISION: Final = re.compile(r"[\w./+-]+(?:[~^][0-9]*)*")
"""What git is asked to understand; its searches (`:/words`, `^{/words}`) walk the whole history."""


@dataclass(frozen=True, slots=True)
class Merged:
    """What merging would give."""

    tree_id: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """Files that cannot be merged without a person."""

    paths: tuple[str, ...]


_LARGEST: Final = 8 << 20
"""Bytes of a file that is read whole: settings and rules, which people write."""


class Mirror:
    """A Git repository on disk, bare or a checkout; only read, and safe to use from threads."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def resolve(self, revision: str, *, tag_prefix: str = "") -> str:
        """Return the commit a source's revision means, as `bot.repository.revisions` says; Rejected without one."""
        return revisions.resolve(self._open(), revision, tag_prefix=tag_prefix)

    def tracked(self, source: Source) -> str:
        """Return the commit that a source follows; Rejected when there is none."""
        return self.resolve(source.target_revision, tag_prefix=source.tag_prefix)

    def signed_as(self, source: Source, commit: str) -> str:
        """Return the id of what a source's signature is on: the annotated tag that it follows, else the commit."""
        return revisions.annotated(self._open(), source.target_revision, commit, tag_prefix=source.tag_prefix) or commit

    def is_tag(self, name: str) -> bool:
        """Whether an object, by its id, is an annotated tag; Rejected when it is not here."""
        try:
            return isinstance(self._open()[name], pygit2.Tag)
        except (KeyError, ValueError, pygit2.GitError) as error:
            raise Rejected(f"the repository has no object {name}") from error

    def tip(self, branch: str) -> str:
        """Return the newest commit of a branch, whatever else has its name; Rejected when there is no such branch."""
        here, there = f"refs/heads/{branch}", f"refs/remotes/origin/{branch}"
        names = self._open().references
        return self.resolve(here if here in names or there not in names else there)

    def rivals(self, branch: str) -> tuple[str, ...]:
        """Return all tags when a branch's name is a version constraint as well, which they may fit; else none."""
        return tuple(revisions.tags(self._open())) if is_constraint(branch) else ()

    def parse(self, revision: str) -> str:
        """Return the commit a person at a checkout means, `main~2` too; Rejected when there is none."""
        names = (f"refs/heads/{revision}", f"refs/tags/{revision}", f"refs/remotes/origin/{revision}", revision)
        if not _PLAIN_REVISION.fullmatch(revision):
            raise Rejected(f"{revision!r} is not a branch, tag or commit")
        repository = self._open()
        for name in names:
            try:
                found = repository.revparse_single(name)
            except (KeyError, ValueError, pygit2.GitError):
                continue
            try:
                return str(found.peel(pygit2.Commit).id)
            except (ValueError, pygit2.GitError):
                continue
        raise Rejected(f"the repository has no branch, tag or commit {revision!r}")

    def has_branch(self, name: str) -> bool:
        """Whether a branch is here."""
        return self._open().references.get(f"refs/heads/{name}") is not None

    def followed_branch(self, revision: str) -> str:
        """Return the branch that a source's revision follows, empty being the default one; empty when it is none."""
        repository = self._open()
        if revision in {"", revisions.HEAD}:
            target = repository.references["HEAD"].target
            revision = str(target) if str(target).startswith(_HEADS) else ""
        name = revision.removeprefix(_HEADS)
        return "" if not name or is_constraint(name) or not self.has_branch(name) else name

    def branches(self) -> dict[str, str]:
        """Return every branch by name, with the commit that it is at."""
        repository = self._open()
        heads = [name for name in repository.references if name.startswith(_HEADS)]
        return {name.removeprefix(_HEADS): str(repository.references[name].peel(pygit2.Commit).id) for name in heads}

    def has(self, commit: str) -> bool:
        """Whether a commit is here."""
        return bool(SHA.fullmatch(commit)) and commit in self._open()

    def tree_of(self, commit: str) -> str:
        """Return the id of a commit's tree."""
        return _tree_of(str(self.path), commit)

    def merge(self, base: str, head: str) -> Merged | Conflict:
        """Merge two commits in memory, as the forge would; nothing moves.

        Raises Rejected when one is not here, or they have no commit in common: forges refuse that too.
        """
        repository = self._open()
        for commit in (base, head):
            if not (SHA.fullmatch(commit) and commit in repository):
                raise Rejected(f"commit {commit[:7]} is not in the repository")
        try:
            ancestor = repository.merge_base(base, head)
            if ancestor is None:
                raise Rejected(f"{head[:7]} and {base[:7]} have no history in common")
            if str(ancestor) == base:
                return Merged(self.tree_of(head))
            if tree := untouching(repository, base, head, ancestor):
                return Merged(str(tree))
            index = repository.merge_commits(base, head)
        except pygit2.GitError as error:
            raise Rejected(f"{head[:7]} and {base[:7]} cannot be merged: {error}") from error
        if index.conflicts is None:
            return Merged(str(index.write_tree(repository)))
        sides = (side for conflict in index.conflicts for side in conflict if side is not None)
        return Conflict(tuple(sorted({side.path for side in sides})))

    def entry(self, tree_id: str, path: str) -> str | None:
        """Return the id of the file or folder at `path` (empty: the tree itself); None when there is none."""
        found = self._find(self._open(), tree_id, path)
        return None if found is None else str(found.id)

    def read(self, tree_id: str, path: str) -> bytes | None:
        """Return a file's content; None when there is no such file. A symlink is not followed.

        Raises Rejected for one that is too large for any of the files that are read so.
        """
        found = self._find(self._open(), tree_id, path)
        if not isinstance(found, pygit2.Blob) or found.filemode == pygit2.enums.FileMode.LINK:
            return None
        if Snapshot(str(self.path), tree_id).size(str(found.id)) > _LARGEST:
            raise Rejected(f"{path} has more than {_LARGEST >> 20} MiB")
        return bytes(found.data)

    def files(self, tree_id: str, path: str, *, recurse: bool) -> list[tuple[str, str]]:
        """Return path and blob id of each file below `path`, sorted; symlinks and submodules are left out."""
        found = self._find(self._open(), tree_id, path)
        if not isinstance(found, pygit2.Tree):
            return []
        snapshot, prefix = Snapshot(str(self.path), tree_id), path.strip("/")
        if recurse:
            entries = snapshot.walk(str(found.id), prefix)
        else:
            below = f"{prefix}/" if prefix else ""
            entries = ((below + name, entry) for name, entry in snapshot.folder(str(found.id)).items())
        return sorted((name, entry.id) for name, entry in entries if entry.kind is EntryKind.FILE)

    def changed(self, before: str, after: str) -> Iterator[str]:
        """Yield the path of each file in which two trees differ; of a renamed one both."""
        repository = self._open()
        earlier, later = (repository[one].peel(pygit2.Tree) for one in (before, after))
        for delta in earlier.diff_to_tree(later).deltas:
            yield from {delta.old_file.path, delta.new_file.path}

    def is_ancestor(self, old: str, new: str) -> bool:
        """Whether `new` holds everything `old` does; no when one of them is not here."""
        try:
            return old == new or bool(self._open().descendant_of(new, old))
        except (KeyError, ValueError, pygit2.GitError):
            return False

    def first_parents(self, commit: str, *, most: int) -> list[str]:
        """Return `commit` and what its branch held before it, newest first, at most `most` commits in all."""
        repository = self._open()
        walk = repository.walk(commit, pygit2.enums.SortMode.TOPOLOGICAL)
        walk.simplify_first_parent()
        return [str(found.id) for found, _ in zip(walk, range(most), strict=False)]

    def _open(self) -> pygit2.Repository:
        return _opened(str(self.path))

    def _find(self, repository: pygit2.Repository, tree_id: str, path: str) -> pygit2.Object | None:
        try:
            tree = repository[tree_id].peel(pygit2.Tree)
            return tree[path.strip("/")] if path.strip("/") else tree
        except (KeyError, ValueError, pygit2.GitError):
            return None


class Mirrors:
    """Mirrors on disk, shared by every process on the machine."""

    def __init__(self, directory: Path, client: Client, *, timeout: float = 120.0) -> None:
        self._directory = directory
        self.client = client
        """What else is fetched from repositories' servers."""
        self._timeout = timeout
        self._swept = False

    def refresh(
        self,
        url: str,
        *,
        auth: Credentials | None = None,
        wanted: Sequence[str] = (),
        default_branch: str = "",
        fresh_for: float = 0.0,
    ) -> Mirror:
        """Fetch branches, tags and the `wanted` refs of a repository and return its mirror.

        `default_branch`: what the forge says it is; the server is asked when the mirror knows another. Without refs
        wanted, one fetch does for all who ask until it begins, and for `fresh_for` seconds more. Raises Rejected for
        what a person must change (no such repository, no access) and Temporary for what time may.
        """
        refuse_strange(url, wanted)
        oldest = time.time() - fresh_for
        path, shown = self.path_of(url, auth), without_user(url)
        git = Git(path, url, auth, self.client, self._timeout, secrets=path.with_suffix(".secrets"))
        path.parent.mkdir(parents=True, exist_ok=True)
        self._sweep()
        with locked(path.with_suffix(".lock"), timeout=self._timeout, doing="fetching this repository"):
            if not wanted and oldest < _fetched_at(path) <= time.time():  # later than now after the clock was put back
                return Mirror(path)
            try:
                self._fetch(git, wanted, default_branch)
            except CorruptError:
                shutil.rmtree(path, ignore_errors=True)
                try:
                    self._fetch(git, wanted, default_branch)
                except CorruptError as error:
                    raise Temporary(f"{shown} cannot be copied: {error}", retry_after=60.0) from error
        return Mirror(path)

    def _sweep(self) -> None:
        """Remove, once, what a process that was killed left of the files that are secret."""
        if not self._swept:
            self._swept = True
            for left in self._directory.glob("*.secrets"):
                with suppress(Temporary), locked(left.with_suffix(".lock"), timeout=0.0, doing="fetching"):
                    shutil.rmtree(left, ignore_errors=True)

    def following(self, source: Source, *, auth: Credentials | None, since: str = "") -> Mirror:
        """Return the mirror of a source's repository, as new as the server's as far as the source's revision goes.

        `since`: a commit on a branch; a mirror in which the revision holds it is new enough.
        """
        url, beside = source.repo_url, revisions.beside(source.target_revision)
        held = self.holding(url, beside or since, auth=auth)
        if held is not None and (beside or _follows(held, source, since)):
            return held
        return self.refresh(url, auth=auth, wanted=[beside] if beside else ())

    def holding(self, url: str, commit: str, *, auth: Credentials | None = None) -> Mirror | None:
        """Return the mirror of a repository as it is, when it has the commit; nothing is fetched."""
        path = self.path_of(url, auth)
        if not (path / "HEAD").exists():
            return None
        mirror = Mirror(path)
        return mirror if mirror.has(commit) else None

    def path_of(self, url: str, auth: Credentials | None = None) -> Path:
        """Return where a repository's mirror lies, or will.

        What only one project's credentials can read, others do not find: it lies elsewhere.
        """
        name = re.sub(r"[^a-z0-9]+", "-", repository_identity(url))[-60:]
        whose = f"\0{auth.project}" if auth is not None and auth.project else ""
        return self._directory / f"{name}-{hashlib.sha256(f'{url}{whose}'.encode()).hexdigest()[:12]}.git"

    def composed_at(self, mirror: Mirror) -> Path:
        """Return where trees of a mirror, or a checkout, are put together with what else belongs to them."""
        return self._directory / f"{hashlib.sha256(bytes(mirror.path)).hexdigest()[:24]}.composed"

    def _fetch(self, git: Git, wanted: Sequence[str], default_branch: str) -> None:
        try:
            if not (git.path / "HEAD").exists():
                pygit2.init_repository(str(git.path), bare=True)
            pygit2.Repository(str(git.path))
        except (pygit2.GitError, OSError) as error:
            raise CorruptError(str(error)) from error
        # A commit needs a name here, or it might be cleaned away before it is read.
        refspecs = [*_ALWAYS, *(f"+{ref}:{f'refs/wanted/{ref}' if SHA.fullmatch(ref) else ref}" for ref in wanted)]
        began = time.time()
        git.run("fetch", "--quiet", "--prune", "--no-auto-maintenance", "--", "source", *refspecs)
        _follow_head(git, default_branch)
        stamp = git.path / _FETCHED
        stamp.touch()
        os.utime(stamp, (began, began))


def _opened(path: str) -> pygit2.Repository:
    # libgit2 repositories must not be shared between threads; opening one costs 50 µs.
    try:
        return pygit2.Repository(path)
    except pygit2.GitError as error:
        raise Temporary(f"the copy of the repository cannot be read: {error}") from error


@lru_cache(maxsize=1024)
def _tree_of(path: str, commit: str) -> str:
    try:
        found = _opened(path)[commit].peel(pygit2.Tree)
    except (KeyError, ValueError, pygit2.GitError) as error:
        raise Rejected(f"the repository has no commit {commit}") from error
    return str(found.id)


def _follows(mirror: Mirror, source: Source, commit: str) -> bool:
    """Whether what a source follows holds a commit, which may be here as the head of a change alone."""
    try:
        return mirror.is_ancestor(commit, mirror.tracked(source))
    except Rejected:
        return False


def _fetched_at(path: Path) -> float:
    """Return when the last fetch began that ended well, in Unix seconds."""
    try:
        return (path / _FETCHED).stat().st_mtime
    except OSError:
        return 0.0


def _follow_head(git: Git, expected: str) -> None:
    """Point our HEAD where the remote's points: what an empty revision means."""
    repository, asked = pygit2.Repository(str(git.path)), git.path / "foresail-head"
    known = asked.exists() and time.time() - asked.stat().st_mtime < _HEAD_IS_KNOWN_FOR
    is_other = bool(expected) and repository.references["HEAD"].target != f"refs/heads/{expected}"
    if known and not is_other and not repository.head_is_unborn:
        return
    found = re.search(
        r"^ref: (refs/heads/\S+)\tHEAD", git.run("ls-remote", "--symref", "--", "source", "HEAD"), re.MULTILINE
    )
    if found:
        repository.set_head(found[1])
        asked.touch()
