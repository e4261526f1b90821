"""What a render depends on besides its source: our own code, the libraries it uses and the programs it runs."""

from __future__ import annotations

import functools
import hashlib
import platform
import shutil
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Final

import bot

if TYPE_CHECKING:
    from collections.abc import Iterable

_FOLDER: Final = Path(bot.__path__[0])


class Versions:
    """The programs that renders run, as they are on this machine."""

    def __init__(self, programs: Iterable[str], *, settled: str = "") -> None:
        """Take the programs, and whatever else is `settled` about how they are used."""
        self._programs = tuple(programs)
        self._settled = settled

    def digest(self) -> str:
        """Return a digest that is another one where anything may render differently.

        A program is told by its content: a version that it says of itself need not change when it is built anew.
        """
        return _digest([_of_foresail(), self._settled, *map(_of_program, self._programs)])


def _of_program(program: str) -> str:
    path = shutil.which(program)
    if path is None:
        return "none"
    found = Path(path).stat()
    return _of_file(path, found.st_mtime_ns, found.st_size)


@functools.lru_cache(maxsize=8)
def _of_file(path: str, _changed: int, _size: int) -> str:
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@functools.cache
def _of_foresail() -> str:
    """Digest all of the code and all libraries: a list of what takes part in a render would be wrong one day."""
    libraries = sorted({f"{one.name} {one.version}" for one in metadata.distributions()})
    files = sorted(path for path in _FOLDER.rglob("*") if path.is_file() and path.suffix != ".pyc")
    code = [f"{path.relative_to(_FOLDER)} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in files]
    return _digest([platform.python_version(), *libraries, *code])


def _digest(words: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(words).encode()).hexdigest()
