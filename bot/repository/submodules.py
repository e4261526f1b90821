"""Submodules: a tree in which they are folders, as a clone with `--recurse-submodules` has them.

Git knows of a submodule a path, a commit and, in `.gitmodules`, a URL. Here each is fetched into a mirror of its own,
and put into the trees above it. What comes of that is written into a repository beside the parent's mirror that borrows
everything else from the mirrors: these stay as their servers have them.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

import pygit2

from bot.errors import Rejected
from bot.repository.composing import Part, borrow, composing, put_into
from bot.repository.mirrors import Mirror
from bot.repository.transport import refuse_strange, without_user

GITMODULES: Final = ".gitmodules"
MOST: Final = 50
"""Submodules of one tree, those of submodules too; each may cost a fetch."""
DEEPEST: Final = 5
"""Submodules within one another; one that holds itself would never end."""
_LARGEST: Final = 100_000
"""Bytes of `.gitmodules`."""
_SECONDS: Final = 10.0
_KEY: Final = re.compile(r"submodule\.(.+)\.(path|url|update)", re.DOTALL)

Fetch: TypeAlias = Callable[[str, str], Mirror]
"""Returns the mirror of a URL that has a commit; raises Rejected when that may not be fetched, or is not there."""


@dataclass(frozen=True, slots=True)
class Submodule:
    """One submodule as `.gitmodules` has it."""

    path: str
    url: str
    """As it is written there: it may begin with `./` or `../`."""


@dataclass(slots=True)
class Composition:
    """One tree together with its submodules."""

    fetch: Fetch
    place: Path
    """A folder for what comes of it, the same for all trees of one mirror."""
    urls: list[str] = field(default_factory=list)
    """Where they were fetched from."""

    def compose(self, mirror: Mirror, tree_id: str, url: str) -> tuple[Mirror, str]:
        """Return where a tree with its submodules is; `url` is the repository's own, which theirs may be relative to.

        A tree without submodules is returned as it is. Raises Rejected, naming it, for one that cannot be had.
        """
        if not any(True for _ in _pinned(mirror, tree_id)):
            return mirror, tree_id
        with composing(self.place, mirror.path):
            return Mirror(self.place), self._composed(mirror, tree_id, url, depth=1)

    def _composed(self, mirror: Mirror, tree_id: str, url: str, *, depth: int) -> str:
        folders: dict[tuple[str, ...], Part] = {}
        for submodule, commit in _pinned(mirror, tree_id):
            if depth > DEEPEST:
                raise Rejected(f"submodule {submodule.path}: there are more than {DEEPEST} within one another")
            if len(self.urls) >= MOST:
                raise Rejected(f"submodule {submodule.path}: there are more than {MOST}")
            try:
                theirs = resolved(submodule.url, url)
                self.urls.append(theirs)
                found = self.fetch(theirs, commit)
            except Rejected as error:
                raise Rejected(f"submodule {submodule.path}: {error.message}", remedy=error.remedy) from error
            borrow(self.place, found.path)
            below = self._composed(found, found.tree_of(commit), theirs, depth=depth + 1)
            folders[tuple(submodule.path.split("/"))] = Part(below)
        return put_into(self.place, tree_id, folders) if folders else tree_id


def resolved(url: str, parent: str) -> str:
    """Return where a submodule is, of a repository that is at `parent`; Rejected for what cannot be fetched from.

    Source: git `remote.c` (`relative_url`).
    """
    if url.startswith(("./", "../")):
        base, rest = parent.rstrip("/"), url
        while rest.startswith(("./", "../")):
            step, _, rest = rest.partition("/")
            if step == "..":
                base = _above(base, url)
        url = f"{base}{'' if base.endswith(':') else '/'}{rest}"
    refuse_strange(url)
    return url


def _above(base: str, url: str) -> str:
    """Return what a URL's path lies in; Rejected beyond the server itself."""
    start = base.find("://") + 3 if "://" in base else 0
    above, slash, _ = base[start:].rpartition("/")
    if not slash and not start and ":" in base and not base.endswith(":"):
        return f"{base.partition(':')[0]}:"
    if not slash or (not start and not above):
        raise Rejected(f"{url!r} leads out of the server of {without_user(base)}")
    return base[:start] + above


def _pinned(mirror: Mirror, tree_id: str) -> Iterator[tuple[Submodule, str]]:
    """Yield what `.gitmodules` names and the tree has, with the commit that it is to be at."""
    tree = pygit2.Repository(str(mirror.path))[tree_id].peel(pygit2.Tree)
    for submodule in declared(mirror, tree_id):
        with suppress(KeyError, ValueError, pygit2.GitError):
            entry = tree[submodule.path]
            if entry.filemode == pygit2.enums.FileMode.COMMIT:
                yield submodule, str(entry.id)


def declared(mirror: Mirror, tree_id: str) -> list[Submodule]:
    """Return what `.gitmodules` names, as git reads it; Rejected when it cannot."""
    blob = mirror.entry(tree_id, GITMODULES)
    content = mirror.read(tree_id, GITMODULES) if blob else None
    if content is None:
        return []
    if len(content) > _LARGEST:
        raise Rejected(f"{GITMODULES} has more than {_LARGEST:,} bytes")
    git = ["git", "--git-dir", str(mirror.path), "config", "--no-includes", "--blob", str(blob), "--list", "-z"]
    environment = {"HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null"}
    environment["PATH"] = os.environ.get("PATH", os.defpath)
    done = subprocess.run(git, env=environment, capture_output=True, timeout=_SECONDS, check=False)
    if done.returncode:
        raise Rejected(f"{GITMODULES} is not what git can read")
    entries = (line.partition("\n") for line in done.stdout.decode(errors="replace").split("\0") if line)
    return list(_read((key, value) for key, _, value in entries))


def _read(entries: Iterable[tuple[str, str]]) -> Iterator[Submodule]:
    named: dict[str, dict[str, str]] = {}
    for key, value in entries:
        if found := _KEY.fullmatch(key):
            named.setdefault(found[1], {})[found[2]] = value
    for name, values in named.items():
        path = values.get("path", "").strip("/")
        if values.get("update") == "none" or not path:
            continue
        if not values.get("url"):
            raise Rejected(f"{GITMODULES} gives no url for the submodule {name!r}")
        yield Submodule(path, values["url"])
