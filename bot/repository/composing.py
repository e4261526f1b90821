"""Trees that are put together from more than one repository, in a repository that borrows from all of them.

Mirrors stay as their servers have them: what is made of their trees is written beside them, and costs little to make
again.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

import pygit2

from bot.errors import Rejected
from bot.repository.locks import locked

_LOCKED: Final = 120.0
"""Seconds somebody else may take to compose; most of it is fetching."""
_LOOSE: Final = 40
"""Objects whose id begins with two zeroes; of all there are 256 times as many."""
_DEEPEST: Final = 100
"""Folders on the way to what is put into a tree."""


class Part(NamedTuple):
    """What is put into a tree."""

    id: str
    mode: pygit2.enums.FileMode = pygit2.enums.FileMode.TREE


Parts: TypeAlias = Mapping[tuple[str, ...], Part]
"""By the way to each."""


@contextmanager
def composing(place: Path, mirror: Path) -> Iterator[None]:
    """Have a repository at `place` that borrows from a mirror; one at a time may write there."""
    place.mkdir(parents=True, exist_ok=True)
    with locked(place / "lock", timeout=_LOCKED, doing="composing a tree"):
        if is_full(place):
            empty(place)
        borrow(place, mirror)
        yield


def is_full(place: Path) -> bool:
    """Whether there are many trees."""
    objects = place / "objects"
    return objects.exists() and sum(1 for _ in (objects / "00").glob("*")) > _LOOSE


def empty(place: Path) -> None:
    """Begin anew."""
    for folder in (place / "objects").glob("[0-9a-f][0-9a-f]"):
        shutil.rmtree(folder, ignore_errors=True)


def borrow(place: Path, mirror: Path) -> None:
    """Let the objects of a mirror be found in the repository that is composed."""
    if not (place / "HEAD").exists():
        pygit2.init_repository(str(place), bare=True)
    alternates = place / "objects" / "info" / "alternates"
    known = alternates.read_text().splitlines() if alternates.exists() else []
    line = str((mirror / "objects").absolute())
    if line not in known:
        alternates.parent.mkdir(parents=True, exist_ok=True)
        alternates.write_text("".join(f"{one}\n" for one in (*known, line)))


def put_into(place: Path, tree_id: str, parts: Parts) -> str:
    """Write a tree with other things in some places, and the folders that lead there; return its id."""
    if any(len(way) > _DEEPEST for way in parts):
        raise Rejected(f"there are more than {_DEEPEST} folders on the way to a file")
    # Opened only now: whom a repository borrows from is read once.
    return _put(pygit2.Repository(str(place)), tree_id, parts)


def put_files(place: Path, files: Mapping[str, bytes]) -> str:
    """Write a tree of files by their paths; return its id."""
    repository = pygit2.Repository(str(place))
    file = pygit2.enums.FileMode.BLOB
    parts = {tuple(path.split("/")): Part(str(repository.create_blob(text)), file) for path, text in files.items()}
    return _put(repository, None, parts)


def _put(repository: pygit2.Repository, tree_id: str | None, parts: Parts) -> str:
    tree = repository[tree_id].peel(pygit2.Tree) if tree_id is not None else None
    builder = repository.TreeBuilder(tree) if tree is not None else repository.TreeBuilder()
    for name in {way[0] for way in parts}:
        below = {way[1:]: part for way, part in parts.items() if way[0] == name}
        part = below.get(())
        if part is None:
            there = tree[name] if tree is not None and name in tree else None
            part = Part(_put(repository, str(there.id) if isinstance(there, pygit2.Tree) else None, below))
        builder.insert(name, pygit2.Oid(hex=part.id), part.mode)
    return str(builder.write())
