"""Mirrors of Git repositories: fetched by the git program, read and merged in process."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pygit2

from bot.errors import Rejected, Temporary
from bot.model.changes import repository_identity

_SCHEMES: Final = frozenset({"https", "http", "ssh", "git", "file", ""})
"""What may be fetched from; `ext::` and other helpers would run commands. The empty one is scp's `user@host:path`."""
_ALWAYS: Final = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
_AWAY: Final = re.compile(
    r"could not resolve|connection (refused|timed out|reset)|timed out|early EOF|unexpected disconnect|"
    r"returned error: (429|5\d\d)|RPC failed|temporary failure|HTTP/2 stream",
    re.IGNORECASE,
)
_BROKEN: Final = re.compile(
    r"not a git repository|object file .* is (empty|corrupt)|bad object|loose object", re.IGNORECASE
)
_SHA: Final = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class GitAuth:
    """A user and password (or token) for fetching over HTTP."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Merged:
    """What merging would give."""

    tree_id: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """Files that cannot be merged without a person."""

    paths: tuple[str, ...]


class Mirror:
    """A Git repository on disk, bare or a checkout; only read, and safe to use from threads."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def resolve(self, revision: str) -> str:
        """Return the commit a branch, tag, commit or `HEAD` means; Rejected when there is none."""
        names = (f"refs/heads/{revision}", f"refs/tags/{revision}", f"refs/remotes/origin/{revision}", revision)
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

    def has(self, commit: str) -> bool:
        """Whether a commit is here."""
        return bool(_SHA.fullmatch(commit)) and commit in self._open()

    def tree_of(self, commit: str) -> str:
        """Return the id of a commit's tree."""
        try:
            found = self._open()[commit].peel(pygit2.Tree)
        except (KeyError, ValueError, pygit2.GitError) as error:
            raise Rejected(f"the repository has no commit {commit}") from error
        return str(found.id)

    def merge(self, base: str, head: str) -> Merged | Conflict:
        """Merge two commits in memory, as the forge would; nothing moves."""
        repository = self._open()
        if base == head or repository.descendant_of(head, base):
            return Merged(self.tree_of(head))
        try:
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
        """Return a file's content; None when there is no such file. A symlink is not followed."""
        found = self._find(self._open(), tree_id, path)
        if not isinstance(found, pygit2.Blob) or found.filemode == pygit2.enums.FileMode.LINK:
            return None
        return bytes(found.data)

    def files(self, tree_id: str, path: str, *, recurse: bool) -> list[tuple[str, str]]:
        """Return path and blob id of each file below `path`, sorted; symlinks and submodules are left out."""
        found = self._find(self._open(), tree_id, path)
        if not isinstance(found, pygit2.Tree):
            return []
        prefix = path.strip("/")
        return sorted(_walk(found, f"{prefix}/" if prefix else "", recurse=recurse))

    def is_ancestor(self, old: str, new: str) -> bool:
        """Whether `new` holds everything `old` does."""
        return old == new or bool(self._open().descendant_of(new, old))

    def _open(self) -> pygit2.Repository:
        # libgit2 repositories must not be shared between threads; opening one costs 50 µs.
        return pygit2.Repository(str(self.path))

    def _find(self, repository: pygit2.Repository, tree_id: str, path: str) -> pygit2.Object | None:
        try:
            tree = repository[tree_id]
            return tree[path.strip("/")] if path.strip("/") else tree
        except (KeyError, ValueError, pygit2.GitError):
            return None


def _walk(tree: pygit2.Tree, prefix: str, *, recurse: bool) -> Iterator[tuple[str, str]]:
    for entry in tree:
        if isinstance(entry, pygit2.Tree):
            if recurse:
                yield from _walk(entry, f"{prefix}{entry.name}/", recurse=True)
        elif isinstance(entry, pygit2.Blob) and entry.filemode != pygit2.enums.FileMode.LINK:
            yield f"{prefix}{entry.name}", str(entry.id)


class Mirrors:
    """Mirrors on disk, shared by every process on the machine."""

    def __init__(self, directory: Path, *, timeout: float = 120.0) -> None:
        self._directory = directory
        self._timeout = timeout

    def refresh(self, url: str, *, auth: GitAuth | None = None, wanted: Sequence[str] = ()) -> Mirror:
        """Fetch branches, tags and the `wanted` refs of a repository and return its mirror.

        Raises Rejected for what a person must change (no such repository, no access) and Temporary for what time may.
        """
        _refuse_strange(url, wanted)
        name = re.sub(r"[^a-z0-9]+", "-", repository_identity(url))[-60:]
        path = self._directory / f"{name}-{hashlib.sha256(url.encode()).hexdigest()[:12]}.git"
        path.parent.mkdir(parents=True, exist_ok=True)
        with _lock(path.with_suffix(".lock"), self._timeout):
            try:
                self._fetch(path, url, auth, wanted)
            except _Corrupt:
                shutil.rmtree(path, ignore_errors=True)
                self._fetch(path, url, auth, wanted)
        return Mirror(path)

    def _fetch(self, path: Path, url: str, auth: GitAuth | None, wanted: Sequence[str]) -> None:
        if not (path / "HEAD").exists():
            pygit2.init_repository(str(path), bare=True)
        refspecs = [*_ALWAYS, *(f"+{ref}:{ref}" for ref in wanted)]
        self._git(
            path, ["fetch", "--quiet", "--prune", "--no-auto-maintenance", "--", url, *refspecs], auth=auth, url=url
        )
        self._follow_head(path, url, auth)

    def _follow_head(self, path: Path, url: str, auth: GitAuth | None) -> None:
        """Point our HEAD where the remote's points: what an empty revision means."""
        if (path / "foresail-head").exists() and self._head_is_alive(path):
            return
        listed = self._git(path, ["ls-remote", "--symref", "--", url, "HEAD"], auth=auth, url=url)
        found = re.search(r"^ref: (refs/heads/\S+)\tHEAD", listed, re.MULTILINE)
        if found:
            (path / "HEAD").write_text(f"ref: {found[1]}\n", encoding="utf-8")
            (path / "foresail-head").touch()

    def _head_is_alive(self, path: Path) -> bool:
        return not pygit2.Repository(str(path)).head_is_unborn

    def _git(self, path: Path, args: list[str], *, auth: GitAuth | None, url: str) -> str:
        command = ["git", "--git-dir", str(path), *args]
        try:
            done = subprocess.run(
                command,
                env=_environment(auth),
                capture_output=True,
                text=True,
                errors="replace",
                timeout=self._timeout,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise Temporary(f"fetching {url} took longer than {self._timeout:.0f} s", retry_after=10.0) from error
        if done.returncode == 0:
            return done.stdout
        words = done.stderr.strip()[-600:]
        if _BROKEN.search(words):
            raise _Corrupt(words)
        if _AWAY.search(words):
            raise Temporary(f"cannot fetch {url} now: {words}")
        raise Rejected(
            f"cannot fetch {url}: {words}", remedy="Check the URL, and that Foresail may read the repository."
        )


class _Corrupt(Exception):  # noqa: N818 - never leaves this module
    """The mirror's own files are damaged; a new clone mends that."""


def _refuse_strange(url: str, wanted: Sequence[str]) -> None:
    """Refuse what git would take for an option or for a command to run."""
    scheme = urlsplit(url).scheme if "://" in url else ""
    if url.startswith("-") or "::" in url or scheme not in _SCHEMES or any(ord(c) < 32 for c in url):  # noqa: PLR2004 - control characters
        raise Rejected(
            f"{url!r} is not a repository URL that can be fetched", remedy="Use https://, ssh:// or git@host:path."
        )
    for ref in wanted:
        if not (_SHA.fullmatch(ref) or re.fullmatch(r"refs/[A-Za-z0-9._/-]+", ref)) or ".." in ref:
            raise Rejected(f"{ref!r} is not a ref that can be fetched")


def _environment(auth: GitAuth | None) -> dict[str, str]:
    """Return git's whole environment: no user's configuration, no prompt, credentials in a header of this process only."""
    environment = {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "HOME": "/nonexistent",
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": "https:http:ssh:git:file",
        "GIT_SSH_COMMAND": "ssh -o BatchMode=yes -o ConnectTimeout=20",
    }
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy", "SSL_CERT_FILE"):
        if name in os.environ:
            environment[name] = os.environ[name]
    if auth is not None:
        secret = b64encode(f"{auth.username}:{auth.password}".encode()).decode()
        environment |= {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "http.extraHeader",
            "GIT_CONFIG_VALUE_0": f"Authorization: Basic {secret}",
        }
    return environment


@contextmanager
def _lock(path: Path, timeout: float) -> Iterator[None]:
    """Hold a lock between processes; waiting for it has a limit too."""
    import time

    with path.open("w") as file:
        end = time.monotonic() + timeout
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise Temporary("another process has been fetching this repository for too long") from None
                time.sleep(0.05)
        yield
