"""Mirrors of Git repositories: fetched by the git program, read and merged in process."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import subprocess
import time
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import pygit2

from bot.errors import Rejected, Temporary
from bot.model.changes import repository_identity
from bot.repository import revisions
from bot.repository.locks import locked
from bot.repository.trees import EntryKind, Snapshot
from bot.repository.versions import is_constraint

if TYPE_CHECKING:
    from bot.model.applications import Source

_SCHEMES: Final = frozenset({"https", "http", "ssh", "git"})
"""What may be fetched from; `ext::` and other helpers would run commands, `file` would read other people's mirrors."""
_SCP_LIKE: Final = re.compile(r"(?:[\w.~-]+@)?[\w.-]*\w:(?!/?/)[^:]*")
_USERINFO: Final = re.compile(r"(?<=://)[^/@\s]+@")
_ALWAYS: Final = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
_AWAY: Final = re.compile(
    r"could(n't| not) (resolve|connect)|connection (refused|timed out|reset)|timed out|early EOF|unexpected disconnect|"
    r"returned error: (429|5\d\d)|RPC failed|temporary failure|HTTP/2 stream|empty reply|hung up unexpectedly|"
    r"connection was closed|network is unreachable",
    re.IGNORECASE,
)
_BROKEN: Final = re.compile(
    r"not a git repository|object file .* is (empty|corrupt)|bad (tree |pack )?object|loose object|bad config|"
    r"packfile .* (cannot be|corrupt|does not match)|invalid (sha1|object)|unable to read tree|"
    r"does not point to a valid object|\.lock': File exists|index file .* (corrupt|wrong|too small|bad)|"
    r"inflate|missing (blob|tree|commit)|broken ref",
    re.IGNORECASE,
)
"""Words about our own files; a lock that is there while we hold ours is left over from a process that was killed."""
_OURS: Final = re.compile(r"(fatal|error|ssh): |Host key verification failed|[\w.@-]+: Permission denied \(")
"""What a line begins with that git or ssh say; `remote: ` begins what the server wants to be shown."""
_ERROR: Final = "fatal: remote error:"
"""Git's words before what the server says, line feeds and all (`pkt-line.c`)."""
_QUOTED: Final = re.compile(
    r"(?<=response; got ).*|(?<=unexpected line: ).*|(?<=length character: ).*|(?<=redirect: ).*"
)
"""Where git quotes an answer that it does not understand (`remote-curl.c`, `pkt-line.c`)."""
_HEAD_IS_KNOWN_FOR: Final = 600.0
"""Seconds until the remote is asked again which branch is its default."""
_PLAIN_REVISION: Final = re.compile(r"[\w./+-]+(?:[~^][0-9]*)*")
"""What git is asked to understand; its searches (`:/words`, `^{/words}`) walk the whole history."""
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

    def resolve(self, revision: str, *, tag_prefix: str = "") -> str:
        """Return the commit a source's revision means, as `bot.repository.revisions` says; Rejected without one."""
        return revisions.resolve(self._open(), revision, tag_prefix=tag_prefix)

    def tracked(self, source: Source) -> str:
        """Return the commit that a source follows; Rejected when there is none."""
        return self.resolve(source.target_revision, tag_prefix=source.tag_prefix)

    def tip(self, branch: str) -> str:
        """Return the newest commit of a branch, whatever else has its name; Rejected when there is no such branch."""
        return self.resolve(f"refs/heads/{branch}")

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
        """Merge two commits in memory, as the forge would; nothing moves.

        Raises Rejected when one is not here, or they have no commit in common: forges refuse that too.
        """
        for commit in (base, head):
            if not self.has(commit):
                raise Rejected(f"commit {commit[:7]} is not in the repository")
        repository = self._open()
        try:
            if repository.merge_base(base, head) is None:
                raise Rejected(f"{head[:7]} and {base[:7]} have no history in common")
            if self.is_ancestor(base, head):
                return Merged(self.tree_of(head))
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
        snapshot, prefix = Snapshot(str(self.path), tree_id), path.strip("/")
        if recurse:
            entries = snapshot.walk(str(found.id), prefix)
        else:
            below = f"{prefix}/" if prefix else ""
            entries = ((below + name, entry) for name, entry in snapshot.folder(str(found.id)).items())
        return sorted((name, entry.id) for name, entry in entries if entry.kind is EntryKind.FILE)

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
        # libgit2 repositories must not be shared between threads; opening one costs 50 µs.
        try:
            return pygit2.Repository(str(self.path))
        except pygit2.GitError as error:
            raise Temporary(f"the copy of the repository cannot be read: {error}") from error

    def _find(self, repository: pygit2.Repository, tree_id: str, path: str) -> pygit2.Object | None:
        try:
            tree = repository[tree_id].peel(pygit2.Tree)
            return tree[path.strip("/")] if path.strip("/") else tree
        except (KeyError, ValueError, pygit2.GitError):
            return None


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
        path, shown = self.path_of(url), _USERINFO.sub("", url)
        path.parent.mkdir(parents=True, exist_ok=True)
        with locked(path.with_suffix(".lock"), timeout=self._timeout, doing="fetching this repository"):
            try:
                self._fetch(path, url, auth, wanted)
            except _Corrupt:
                shutil.rmtree(path, ignore_errors=True)
                try:
                    self._fetch(path, url, auth, wanted)
                except _Corrupt as error:
                    raise Temporary(f"{shown} cannot be copied: {error}", retry_after=60.0) from error
        return Mirror(path)

    def following(self, source: Source, *, auth: GitAuth | None) -> Mirror:
        """Return the mirror of a source's repository, as new as the server's as far as the source's revision goes."""
        url, beside = source.repo_url, revisions.beside(source.target_revision)
        return self.holding(url, beside) or self.refresh(url, auth=auth, wanted=[beside] if beside else ())

    def holding(self, url: str, commit: str) -> Mirror | None:
        """Return the mirror of a repository as it is, when it has the commit; nothing is fetched."""
        path = self.path_of(url)
        if not (path / "HEAD").exists():
            return None
        mirror = Mirror(path)
        return mirror if mirror.has(commit) else None

    def path_of(self, url: str) -> Path:
        """Return where a repository's mirror lies, or will."""
        name = re.sub(r"[^a-z0-9]+", "-", repository_identity(url))[-60:]
        return self._directory / f"{name}-{hashlib.sha256(url.encode()).hexdigest()[:12]}.git"

    def _fetch(self, path: Path, url: str, auth: GitAuth | None, wanted: Sequence[str]) -> None:
        try:
            if not (path / "HEAD").exists():
                pygit2.init_repository(str(path), bare=True)
            pygit2.Repository(str(path))
        except (pygit2.GitError, OSError) as error:
            raise _Corrupt(str(error)) from error
        # A commit needs a name here, or it might be cleaned away before it is read.
        refspecs = [*_ALWAYS, *(f"+{ref}:{f'refs/wanted/{ref}' if _SHA.fullmatch(ref) else ref}" for ref in wanted)]
        self._git(
            path, ["fetch", "--quiet", "--prune", "--no-auto-maintenance", "--", url, *refspecs], auth=auth, url=url
        )
        self._follow_head(path, url, auth)

    def _follow_head(self, path: Path, url: str, auth: GitAuth | None) -> None:
        """Point our HEAD where the remote's points: what an empty revision means."""
        repository, asked = pygit2.Repository(str(path)), path / "foresail-head"
        known = asked.exists() and time.time() - asked.stat().st_mtime < _HEAD_IS_KNOWN_FOR
        if known and not repository.head_is_unborn:
            return
        listed = self._git(path, ["ls-remote", "--symref", "--", url, "HEAD"], auth=auth, url=url)
        found = re.search(r"^ref: (refs/heads/\S+)\tHEAD", listed, re.MULTILINE)
        if found:
            repository.set_head(found[1])
            asked.touch()

    def _git(self, path: Path, args: list[str], *, auth: GitAuth | None, url: str) -> str:
        shown = _USERINFO.sub("", url)
        process = subprocess.Popen(
            ["git", "--git-dir", str(path), *args],  # noqa: S607 - the git the person installed
            env=_environment(url, auth),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        try:
            output, errors = process.communicate(timeout=self._timeout)
        except BaseException as error:
            # Git's own children (git-remote-https, ssh) are in its group and would go on without it.
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            if not isinstance(error, subprocess.TimeoutExpired):
                raise
            raise Temporary(f"fetching {shown} took longer than {self._timeout:.0f} s", retry_after=10.0) from error
        if process.returncode == 0:
            return output
        raise _failure(_USERINFO.sub("", _own_words(errors))[-600:], shown)


class _Corrupt(Exception):  # noqa: N818 - never leaves this module
    """The mirror's own files are damaged; a new clone mends that."""


def _failure(words: str, url: str) -> Exception:
    """Tell by git's words who must act."""
    if _BROKEN.search(words):
        return _Corrupt(words)
    if _AWAY.search(words):
        return Temporary(f"cannot fetch {url} now: {words}")
    return Rejected(f"cannot fetch {url}: {words}", remedy="Check the URL, and that Foresail may read the repository.")


def _own_words(errors: str) -> str:
    """Keep what git and ssh say themselves: the rest is written by whoever runs the other server, and is shown."""
    ours, refused, _ = "\n".join(line for line in errors.splitlines() if _OURS.match(line)).partition(_ERROR)
    words = _QUOTED.sub("…", f"{ours}{refused and 'the server reports an error of its own'}".strip())
    return words or "git gives no reason"


def _refuse_strange(url: str, wanted: Sequence[str]) -> None:
    """Refuse what git would take for an option, for a command to run or for a folder on this machine."""
    if not _is_remote(url):
        raise Rejected(
            f"{_USERINFO.sub('', url)!r} is not a repository URL that can be fetched",
            remedy="Use https://, ssh:// or git@host:path.",
        )
    for ref in wanted:
        if not (_SHA.fullmatch(ref) or re.fullmatch(r"refs/[A-Za-z0-9._/-]+", ref)) or ".." in ref:
            raise Rejected(f"{ref!r} is not a ref that can be fetched")


def _is_remote(url: str) -> bool:
    if "://" not in url:
        return bool(_SCP_LIKE.fullmatch(url)) and url.isprintable()
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port_is_right = parts.port is None or parts.port > 0
    except ValueError:
        return False
    return parts.scheme in _SCHEMES and bool(host) and not host.startswith("-") and url.isprintable() and port_is_right


def _environment(url: str, auth: GitAuth | None) -> dict[str, str]:
    """Return git's whole environment: no user's configuration, no prompt, credentials for this host in a header."""
    environment = {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "HOME": "/nonexistent",
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": ":".join(sorted(_SCHEMES)),
        "GIT_SSH_COMMAND": "ssh -o BatchMode=yes -o ConnectTimeout=20",
    }
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy", "SSL_CERT_FILE"):
        if name in os.environ:
            environment[name] = os.environ[name]
    if auth is not None and "://" in url:
        secret = b64encode(f"{auth.username}:{auth.password}".encode()).decode()
        parts = urlsplit(url)
        environment |= {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"http.{parts.scheme}://{parts.netloc.rpartition('@')[2]}/.extraHeader",
            "GIT_CONFIG_VALUE_0": f"Authorization: Basic {secret}",
        }
    return environment
