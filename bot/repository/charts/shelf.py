"""What was fetched, on disk: a small bare repository each, whole or not there, and notes that are believed for a while.

Every process of a machine shares it. An entry appears by being renamed, so a kill at any moment leaves at most what
the next process sweeps away.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any, Final

import orjson
import pygit2

from bot.errors import Temporary
from bot.repository.environment import Place
from bot.repository.locks import locked

_MOST: Final = 4 * 1024**3
"""Bytes of entries that are kept: some ten thousand charts."""
_IN_USE: Final = 3_600.0
"""Seconds after its last use in which an entry is not removed: no job takes as long."""
_MOST_NOTES: Final = 500
_MOST_NOTED: Final = 512 * 1024**2
"""Bytes of notes; that on Bitnami's index has 3 MB."""
_LOCKS: Final = 1024
"""Files to lock: entries share them, so that none has to be removed while somebody waits for it."""
_TREE: Final = "foresail-tree.json"


class Shelf:
    """Entries and notes below one folder."""

    def __init__(self, directory: Path, *, most: int = _MOST) -> None:
        self._directory = directory
        self._most = most

    def put(self, name: str, identity: str, fill: Callable[[pygit2.Repository], str], *, timeout: float) -> Place:
        """Return an entry, made if it is not there: `fill` writes into an empty repository and returns the tree's id.

        `identity` is what the content depends on. Of several who want the same at once one fills. Raises what `fill`
        raises, and Temporary when another has been at it for `timeout` seconds or there is no room.
        """
        path = self._path(name, identity)
        if (place := _held(path)) is not None:
            return place
        with self._locked(path.name, timeout):
            if (place := _held(path)) is None:
                _remove(path)
                self._make_room()
                place = _filled(path, fill)
        return place

    def note(self, key: str) -> tuple[float, Any] | None:
        """Return what is known under a key, and how many seconds ago it was noted; None when nothing is."""
        path = self._note(key)
        try:
            age = max(0.0, time.time() - path.stat().st_mtime)
            return age, orjson.loads(path.read_bytes())
        except (OSError, orjson.JSONDecodeError):
            return None

    def write_note(self, key: str, value: Any) -> None:
        """Remember something under a key; whoever reads sees all of it or what was there before."""
        path = self._note(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f"{path.name}.{os.getpid()}-{time.monotonic_ns()}.new")
        fresh.write_bytes(orjson.dumps(value))
        fresh.replace(path)
        self._forget()

    def once(self, key: str, *, timeout: float) -> AbstractContextManager[None]:
        """Return a lock under which one process at a time finds out what is to be noted."""
        return self._locked(self._note(key).name, timeout)

    def _locked(self, name: str, timeout: float) -> AbstractContextManager[None]:
        number = int(hashlib.sha256(name.encode()).hexdigest(), 16) % _LOCKS
        folder = self._directory / "locks"
        folder.mkdir(parents=True, exist_ok=True)
        return locked(folder / str(number), timeout=timeout, doing="fetching a chart")

    def _path(self, name: str, identity: str) -> Path:
        word = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[-60:]
        return self._directory / f"{word}-{hashlib.sha256(identity.encode()).hexdigest()[:24]}.git"

    def _note(self, key: str) -> Path:
        return self._directory / "notes" / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"

    def _make_room(self) -> None:
        """Remove what was not used for longest beyond the bound, and what a killed process left."""
        with (self._directory / "locks" / "room").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return  # another is at it
            self._sweep()
            entries = sorted((_used(path), _size(path), path) for path in self._directory.glob("*.git"))
        total = sum(size for _, size, _ in entries)
        for used, size, path in entries:
            if total <= self._most or time.time() - used < _IN_USE:
                break
            _remove(path)
            total -= size
        if total > 2 * self._most:
            raise Temporary("more charts are in use than there is room for", retry_after=60.0)

    def _sweep(self) -> None:
        gone = time.time() - _IN_USE
        for path in self._directory.glob("*.git.*"):
            if _used(path) < gone:
                shutil.rmtree(path, ignore_errors=True)

    def _forget(self) -> None:
        """Remove the oldest notes beyond the bounds."""
        notes = sorted(((_used(path), path) for path in (self._directory / "notes").glob("*")), reverse=True)
        total = 0
        for count, (_, path) in enumerate(notes):
            with suppress(FileNotFoundError):
                total += path.stat().st_size
                if count >= _MOST_NOTES or total > _MOST_NOTED:
                    path.unlink()


def _held(path: Path) -> Place | None:
    """Return an entry that is there and can be read, and mark it as used."""
    try:
        tree_id = str(orjson.loads((path / _TREE).read_bytes())["tree"])
        pygit2.Repository(str(path))[tree_id].peel(pygit2.Tree)
        os.utime(path)
    except (OSError, orjson.JSONDecodeError, KeyError, ValueError, pygit2.GitError):
        return None
    return Place(path, tree_id)


def _filled(path: Path, fill: Callable[[pygit2.Repository], str]) -> Place:
    fresh = path.with_name(f"{path.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        repository = pygit2.init_repository(str(fresh), bare=True)
        tree_id = fill(repository)
        repository.free()
        size = sum(file.lstat().st_blocks * 512 for file in fresh.rglob("*"))
        (fresh / _TREE).write_bytes(orjson.dumps({"tree": tree_id, "size": size}))
        fresh.rename(path)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    return Place(path, tree_id)


def _remove(path: Path) -> None:
    """Take an entry away, all at once for whoever looks."""
    gone = path.with_name(f"{path.name}.{os.getpid()}-{time.monotonic_ns()}.old")
    try:
        path.rename(gone)
    except FileNotFoundError:
        return
    shutil.rmtree(gone, ignore_errors=True)


def _used(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _size(path: Path) -> int:
    try:
        return int(orjson.loads((path / _TREE).read_bytes())["size"])
    except (OSError, orjson.JSONDecodeError, KeyError, ValueError, TypeError):
        return 0
