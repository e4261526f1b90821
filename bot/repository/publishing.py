"""Commits of our own: written into a mirror so that the same twice is the same commit, and pushed with a lease."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pygit2

from bot.errors import Rejected, Temporary
from bot.repository.locks import locked
from bot.repository.transport import CorruptError, Git, NotTakenError, refuse_strange, without_user

if TYPE_CHECKING:
    from bot.model.credentials import Credentials
    from bot.repository.fetching import Client
    from bot.repository.mirrors import Mirror

_HEADS: Final = "refs/heads/"
_TREE: Final = "Foresail-Tree"
_OWN: Final = re.compile(rf"^{_TREE}: ([0-9a-f]{{40}})$", re.MULTILINE)
_MOST: Final = 100
"""Commits of a branch that are looked at."""


@dataclass(frozen=True, slots=True)
class Signed:
    """What a commit says, and as whom."""

    message: str
    name: str
    email: str


def written(mirror: Mirror, parent: str, files: Mapping[str, bytes], signed: Signed) -> str:
    """Write a commit with other contents for files that are there, and return its id.

    It has the time of its parent and names its own tree, so that two processes write the same commit, and that nobody
    has changed it can be told later. Rejected when a file is not there.
    """
    repository = pygit2.Repository(str(mirror.path))
    index = pygit2.Index()
    index.read_tree(repository[parent].peel(pygit2.Tree))
    for path, content in files.items():
        if path not in index:
            raise Rejected(f"there is no file {path}")
        index.add(pygit2.IndexEntry(path, repository.create_blob(content), index[path].mode))
    return committed(mirror, parent, str(index.write_tree(repository)), signed)


def committed(mirror: Mirror, parent: str, tree: str, signed: Signed) -> str:
    """Write a commit with a tree that is there, as `written` does, and return its id."""
    repository = pygit2.Repository(str(mirror.path))
    before = repository[parent].peel(pygit2.Commit)
    author = pygit2.Signature(signed.name, signed.email, before.commit_time, 0)
    message = f"{signed.message.rstrip()}\n\n{_TREE}: {tree}\n"
    return str(repository.create_commit(None, author, author, message, pygit2.Oid(hex=tree), [before.id]))


def is_own(mirror: Mirror, commit: str) -> bool:
    """Whether a commit is one that was written here and that nobody has changed."""
    found = _commit(mirror, commit)
    if found is None or len(found.parent_ids) != 1:
        return False
    said = _OWN.findall(found.message)
    return said[-1:] == [str(found.tree_id)]


def began_here(mirror: Mirror, commit: str, base: str) -> bool:
    """Whether the first commit that a branch has beyond `base` is one of our own, whatever came on top of it."""
    first = first_beyond(mirror, commit, base)
    return bool(first) and is_own(mirror, first)


def first_beyond(mirror: Mirror, commit: str, base: str) -> str:
    """Return the first commit that a branch has beyond `base`; empty where there is none, or one is not here."""
    repository = pygit2.Repository(str(mirror.path))
    if _commit(mirror, commit) is None or _commit(mirror, base) is None:
        return ""
    walk = repository.walk(commit, pygit2.enums.SortMode.TOPOLOGICAL)
    walk.hide(base)
    beyond = [str(one.id) for one, _ in zip(walk, range(_MOST), strict=False)]
    return beyond[-1] if beyond else ""


def parent_of(mirror: Mirror, commit: str) -> str:
    """Return the first parent of a commit; empty without one."""
    found = _commit(mirror, commit)
    return str(found.parent_ids[0]) if found is not None and found.parent_ids else ""


def _commit(mirror: Mirror, commit: str) -> pygit2.Commit | None:
    try:
        return pygit2.Repository(str(mirror.path))[commit].peel(pygit2.Commit)
    except (KeyError, ValueError, pygit2.GitError):
        return None


@dataclass(frozen=True, slots=True)
class Move:
    """What is to become of a branch."""

    branch: str
    commit: str
    """Of the mirror; empty: the branch is to go."""
    expected: str
    """Where it has to be; empty: it must not be there."""


@dataclass(frozen=True, slots=True)
class Publishing:
    """Moves branches of servers."""

    client: Client
    timeout: float
    """Seconds one push may take."""

    def push(self, mirror: Mirror, url: str, auth: Credentials, move: Move) -> bool:
        """Move a branch; return False, and change nothing, when it is not where it was expected.

        Raises Rejected when the server does not take it, and Temporary for what time may mend.
        """
        ref = f"{_HEADS}{move.branch}"
        refuse_strange(url, [ref])
        name = mirror.path.stem
        secrets = mirror.path.with_name(f"{name}-push.secrets")
        git = Git(mirror.path, url, auth, self.client, self.timeout, "push", secrets=secrets)
        lease = f"--force-with-lease={ref}:{move.expected}"
        with locked(secrets.with_suffix(".lock"), timeout=self.timeout, doing="pushing to this repository"):
            try:
                git.run("push", "--quiet", "--porcelain", lease, "--", "source", f"{move.commit}:{ref}")
            except NotTakenError as error:
                if error.stale:
                    return False
                raise Rejected(
                    f"{without_user(url)} does not take the branch {move.branch}",
                    remedy="Look for rules about branches there, and for a branch whose name this one begins with.",
                ) from error
            except CorruptError as error:
                raise Temporary(f"the copy of the repository is damaged: {error}") from error
        return True
